"""The whole story of those who run a server: join, setup, limits by role, a wish for more, a budget that stops."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable

import pytest

from bot.playground import NoAnswer
from bot.playground.messages import Message
from bot.playground.people import Member
from bot.playground.places import Channel
from tests.fakes.openai_server import FakeOpenAI
from tests.scenarios.conftest import Stage, StartStage
from tests.scenarios.process import ROOT

STORY = ROOT / "docs" / "admin-story.md"
WRITING = "WRITE_STORY"
"""With this in the environment the page is written anew instead of compared."""

_TITLES = {"en-US": "In English", "fr": "En français"}
_HEAD = """# The story of an admin

What those who run a server see, from the first hello to the budget that stops: written down by
`tests/scenarios/test_admin_story.py` as the real bot said it (`WRITE_STORY=1` writes it anew).
"""


class Transcript:
    """What was done and what the bot said, with names in place of ids and without the minute it happened in."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[int, str] = {}

    def did(self, who: Member, what: str) -> None:
        self.lines += ["", f"**{who.user.name}** {what}", ""]

    def said(self, message: Message) -> None:
        text = message.text
        for number, name in self.names.items():
            text = re.sub(rf"<(@&|@|#){number}>", name, text)
        text = re.sub(r"<t:\d+:[a-zA-Z]>", "⟨time⟩", text)
        text = re.sub(r"</([^:]+):\d+>", r"/\1", text)
        text = re.sub(r"img_[a-z2-7]{13}", "img_…", text)
        text = re.sub(r"[0-9a-f]{16}", "…", text)
        text = re.sub(r"\d+(?:[.,]\d+)?\s+s\b", "⟨seconds⟩", text)
        self.lines += [f"> {line}" if line else ">" for line in text.splitlines()]
        if message.pictures:
            self.lines.append(f"> 🖼️ × {len(message.pictures)}")
        if labels := [str(button.label or button.emoji) for button in message.buttons]:
            self.lines += [">", "> " + " ".join(f"`{label}`" for label in labels)]


class Story:
    def __init__(self, stage: Stage, locale: str) -> None:
        self.stage, self.locale, self.told = stage, locale, Transcript()
        guild = self.guild = stage.discord.add_guild("Atelier d’été", locale=locale, bot=False)
        self.channel: Channel = guild.add_channel("studio")
        self.office: Channel = guild.add_channel("office")
        self.role = guild.add_role("artist")
        self.admin: Member = guild.add_member("Adele", permissions="manage_guild", locale=locale)
        self.ada: Member = guild.add_member("Ada", roles=[self.role], locale=locale)
        self.told.names = {
            self.channel.id: "#studio", self.office.id: "#office", self.role.id: "@artist",
            self.admin.id: "@Adele", self.ada.id: "@Ada",
        }  # fmt: skip

    async def hello(self) -> Message:
        """discord.py takes servers of its first seconds for old ones: invited until it greets."""
        async with asyncio.timeout(20):
            while True:
                self.stage.discord.invite_bot(self.guild)
                try:
                    return await self.channel.wait_for_message(lambda one: bool(one.buttons), timeout=3)
                except NoAnswer:
                    self.guild.remove_bot()

    async def types(self, who: Member, command: str, options: dict[str, object], shown: str) -> Message:
        self.told.did(who, f"`/{command} {shown}`".replace(" `", "`"))
        asked = await self.stage.discord.slash(who, self.channel, command, options)
        return await self.answer(asked.until)

    async def answer(self, until: Callable[..., object], timeout: float = 20) -> Message:
        message: Message = await until(
            lambda one: one if one.text and not one.loading else None, timeout=timeout
        )  # type: ignore[misc] # the playground's own generic
        self.told.said(message)
        return message


@pytest.mark.parametrize("locale", list(_TITLES))
async def test_an_admin_sets_up_limits_grants_and_stops(
    start_stage: StartStage, vendor: FakeOpenAI, with_openai: dict[str, str], locale: str
) -> None:
    stage = await start_stage(**with_openai)
    french = locale == "fr"
    story = Story(stage, locale)
    discord, told = stage.discord, story.told
    hello = await story.hello()
    told.lines += ["", "*The bot joins the server and says in the first channel:*", ""]
    told.said(hello)

    told.did(story.admin, f"presses `{hello.buttons[0].label}`")
    pressed = await discord.click(story.admin, hello, 0)
    card = await story.answer(pressed.until)
    assert len(card.selects) == 4

    told.did(story.admin, "chooses #office for notices")
    chosen = await discord.choose(story.admin, card, "v1:c:log", [story.office])
    await chosen.answered()
    told.did(story.admin, "presses the button for first limits: 2 pictures a day, 1 dollar a month")
    modal = await (await discord.click(story.admin, card, custom_id="v1:q:setup_limits:ask")).modal()
    saved = await discord.submit(story.admin, modal, {"images": "2", "usd": "1"})
    assert "✅" in (await story.answer(saved.until)).text

    limited = await story.types(
        story.admin, "quota set", {"images": 3, "role": story.role}, "images:3 role:@artist"
    )
    assert "3" in limited.text
    why = await story.types(story.ada, "quota why", {}, "")
    assert "@artist" in told.lines[-1] or "artist" in "\n".join(told.lines)
    assert ("rôle" if french else "from your role") in why.text

    prompt = "un renard dans la neige" if french else "a fox in the snow"
    options = {"prompt": prompt, "count": 3, "quality": "low"}
    told.did(story.ada, f"`/imagine prompt:{prompt} count:3 quality:low`")
    drawn = await (await discord.slash(story.ada, story.channel, "imagine", options)).card(30)
    told.said(drawn)
    told.did(story.ada, f"`/imagine prompt:{prompt}`")
    refused = await discord.slash(story.ada, story.channel, "imagine", {"prompt": prompt, "quality": "low"})
    landing = await refused.followup(15)
    told.said(landing)
    assert landing.ephemeral
    ask = landing.buttons[-1]
    assert ask.label == ("Demander plus" if french else "Ask for more")

    told.did(story.ada, f"presses `{ask.label}`")
    asked = await discord.click(story.ada, landing, ask.label)
    await story.answer(asked.until)
    wish = await story.office.wait_for_message(lambda one: len(one.buttons) == 3, timeout=15)
    told.lines += ["", "*In #office:*", ""]
    told.said(wish)
    again = await discord.click(story.ada, landing, ask.label)
    assert ("déjà" if french else "already") in (await story.answer(again.until)).text

    told.did(story.ada, "forges a press on Approve")
    forged = await discord.click(story.ada, wish, 0, force=True)
    refusal = await story.answer(forged.until)
    assert refusal.ephemeral
    told.did(story.admin, f"presses `{wish.buttons[0].label}`")
    await discord.click(story.admin, wish, 0)
    decided = await wish.until(lambda one: one if not one.buttons else None, timeout=10)
    told.said(decided)
    news = await story.channel.wait_for_message(
        lambda one: str(story.ada.id) in one.pings and not one.pictures, timeout=10
    )
    told.said(news)

    told.did(story.ada, f"`/imagine prompt:{prompt}`")
    more = await (
        await discord.slash(story.ada, story.channel, "imagine", {"prompt": prompt, "quality": "low"})
    ).card(30)
    told.said(more)

    spent = await story.types(story.admin, "admin budget", {"usd": 0.035}, "usd:0.035")
    assert "%" in spent.text
    granted = await story.types(
        story.admin, "quota grant", {"user": story.ada, "images": 5}, "user:@Ada images:5"
    )
    assert "✅" in granted.text
    told.did(story.ada, f"`/imagine prompt:{prompt} quality:medium`")
    stopped = await discord.slash(
        story.ada, story.channel, "imagine", {"prompt": prompt, "quality": "medium"}
    )
    landing = await stopped.followup(15)
    told.said(landing)
    notice = await story.office.wait_for_message(lambda one: "🛑" in one.text, timeout=15)
    told.lines += ["", "*In #office:*", ""]
    told.said(notice)
    told.did(story.ada, f"presses `{landing.buttons[0].label}`")
    cheaper = await (await discord.click(story.ada, landing, 0)).card(30)
    told.said(cheaper)
    audit = await story.types(story.admin, "admin audit", {"action": "refused"}, "action:refused")
    assert "v1:q:approve" in audit.text
    assert len(vendor.calls) == 5
    assert not await stage.differences()
    _compare(locale, told.lines)


def _compare(locale: str, lines: list[str]) -> None:
    chapter = "\n".join([f"## {_TITLES[locale]}", *lines]).rstrip("\n") + "\n"
    page = STORY.read_text() if STORY.exists() else _HEAD
    if os.environ.get(WRITING):
        head, *chapters = re.split(r"(?m)^(?=## )", page)
        kept = {one.splitlines()[0]: one.strip("\n") + "\n" for one in chapters}
        kept[f"## {_TITLES[locale]}"] = chapter
        STORY.write_text(
            "\n".join(
                [
                    head.strip("\n") + "\n",
                    *(kept[f"## {title}"] for title in _TITLES.values() if f"## {title}" in kept),
                ]
            )
        )
        return
    assert chapter in page + "\n", "docs/admin-story.md is old: run this test with WRITE_STORY=1"
