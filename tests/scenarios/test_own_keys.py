"""A key of a member's own: for a provider that the owner never set up, and in nobody else's account."""

from __future__ import annotations

from sqlalchemy import select

from storage.database import open_database
from storage.tables import counters, ledger
from tests.fakes.gemini_server import FakeGemini
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import Stage, StartStage
from tests.scenarios.test_admins import say

KEY = "sk-ada-own-key-5678"


async def offered(stage: Stage, who: object) -> list[str]:
    assert who in (stage.ada, stage.bruno)
    member = stage.ada if who is stage.ada else stage.bruno
    choices = await stage.discord.autocomplete(
        member, stage.channel, "imagine", {"prompt": "a fox"}, focused=("model", "")
    )
    return [str(choice["value"]) for choice in choices]


async def bring(stage: Stage, key: str, options: dict[str, object]) -> str:
    who = stage.admin if options.get("server") else stage.ada
    modal = await (await stage.discord.slash(who, stage.channel, "key add", options)).modal()
    sent = await stage.discord.submit(who, modal, {"key": key})
    return (await sent.until(lambda one: one if one.text else None, timeout=15)).text


async def test_a_member_draws_with_a_key_of_their_own_and_nobody_else_pays_or_sees_it(
    start_stage: StartStage,
) -> None:
    async with FakeOpenAI(key=KEY) as vendor:
        stage = await start_stage(
            OPENAI_BASE_URL=vendor.url, ALLOW_MEMBER_KEYS="true", QUOTA_IMAGES_PER_DAY="1", OWNER_USD_PER_DAY="1"
        )  # fmt: skip
        options: dict[str, object] = {"provider": "openai"}
        assert {name.partition("/")[0] for name in await offered(stage, stage.ada)} == {"demo"}
        assert "does not accept this key" in await bring(stage, "sk-somebody-elses", options)
        assert "None: the owner" in (await say(stage, stage.ada, "key list")).text
        saved = await bring(stage, KEY, options)
        assert "OpenAI …5678" in saved
        assert KEY not in saved
        assert {name.partition("/")[0] for name in await offered(stage, stage.ada)} == {"openai"}
        assert {name.partition("/")[0] for name in await offered(stage, stage.bruno)} == {"demo"}
        wish = {"prompt": "a fox", "quality": "low"}
        await (await stage.discord.slash(stage.ada, stage.channel, "imagine", wish)).card(20)
        # Over the owner's allowance of one picture a day.
        card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", wish)).card(20)
        assert {call.authorization for call in vendor.calls} == {f"Bearer {KEY}"}
        rows = await stage.ended_rows(stage.ada)
        assert {row.payer for row in rows} == {f"user:{stage.ada.id}"}
        assert all(row.charged_microusd for row in rows)
        window = await (await stage.discord.click(stage.ada, card, "Vary")).modal()
        varied = await (await stage.discord.submit(stage.ada, window, {})).card(20)
        assert "GPT Image" in varied.text
        kept = await say(stage, stage.ada, "key list")
        assert "OpenAI …5678 · yours" in kept.text
        assert "Your own keys drew 3 pictures so far" in kept.text
        shown = await say(stage, stage.ada, "quota show")
        assert "1 picture of 1 picture left" in shown.text
        assert "0 pictures" in (await say(stage, stage.admin, "admin usage")).text
        async with open_database(stage.bot.database_url) as database:
            windows = select(ledger.c.day, ledger.c.owner_day).distinct()
            counted = select(counters.c.subject).where(counters.c.used_images + counters.c.used_microusd > 0)
            assert await database.read(lambda connection: connection.execute(windows).all()) == [("", "")]
            assert await database.read(lambda connection: connection.scalars(counted).all()) == []
        assert not await stage.differences()
        assert KEY.encode() not in stage.bot.database.read_bytes()
        assert KEY not in stage.bot.log()
        told = await stage.discord.slash(
            stage.bruno, stage.channel, "imagine", {**wish, "model": "openai/gpt-image-2.6-flare"}, force=True
        )
        assert "has not set up" in (await told.followup(10)).text
        assert "gone" in (await say(stage, stage.ada, "key remove", options)).text
        assert {name.partition("/")[0] for name in await offered(stage, stage.ada)} == {"demo"}
        refused = await stage.discord.slash(
            stage.ada, stage.channel, "imagine", {**wish, "model": "openai/gpt-image-2.6-flare"}, force=True
        )
        assert "bring a key of your own" in (await refused.followup(10)).text
        assert not vendor.violations


async def test_a_server_brings_a_key_for_a_provider_that_the_owner_has_not(
    start_stage: StartStage, vendor: FakeOpenAI, with_openai: dict[str, str]
) -> None:
    async with FakeGemini() as gemini:
        stage = await start_stage(**with_openai, GEMINI_BASE_URL=gemini.url, OWNER_USD_PER_DAY="1")
        assert "Saved: Google Gemini …9999" in await bring(
            stage, "AIza-of-the-server-9999", {"provider": "gemini", "server": True}
        )
        names = await offered(stage, stage.bruno)
        assert {name.partition("/")[0] for name in names} == {"openai", "gemini"}
        assert names[0].startswith("openai/"), "the owner's own come first"
        listed = await stage.discord.slash(stage.bruno, stage.channel, "models")
        assert "**Google Gemini** · 🟢 ready" in (await listed.says("OpenAI")).text
        await say(stage, stage.admin, "admin models", {"default": "gemini/gemini-nano-banana-2.1"})
        card = await (
            await stage.discord.slash(stage.bruno, stage.channel, "imagine", {"prompt": "a fox"})
        ).card(20)
        assert "Nano Banana 2.1" in card.text
        (row,) = await stage.ended_rows(stage.bruno)
        assert row.payer == f"guild:{stage.guild.id}"
        assert "with the server's own keys" in (await say(stage, stage.admin, "admin usage")).text
        await stage.bot.stop()
        await stage.bot.start()
        assert await offered(stage, stage.bruno) == names, "known again after a restart, before anybody asks"
        await say(stage, stage.admin, "key remove", {"provider": "gemini", "server": True})
        assert {name.partition("/")[0] for name in await offered(stage, stage.bruno)} == {"openai"}
        card = await (
            await stage.discord.slash(
                stage.bruno, stage.channel, "imagine", {"prompt": "a fox", "quality": "low"}
            )
        ).card(20)
        assert "GPT Image" in card.text
        assert not await stage.differences()
