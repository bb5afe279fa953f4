"""Every provider through the whole bot: what is offered, what it costs, what is sent, the card; and what comes after a
failure or a kill.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.playground import Upload
from bot.playground.messages import Message
from storage.database import open_database
from storage.ledger import Ledger
from storage.limits import LimitRepository
from tests.fakes.a1111_server import FakeA1111
from tests.fakes.gemini_server import FakeGemini
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.replicate_server import FakeReplicate
from tests.fakes.stability_server import FakeStability
from tests.scenarios.conftest import StartStage


@dataclass(frozen=True, kw_only=True)
class Case:
    """`settings` get the vendor's address where they say URL."""

    vendor: Any
    settings: dict[str, str]
    offered: str
    model: str
    edits_with: str
    price: str


CASES = {
    "gemini": Case(
        vendor=FakeGemini,
        settings={"GEMINI_API_KEY": "AIza-test", "GEMINI_BASE_URL": "URL"},
        offered="Nano Banana 2.1 · $0.0336",
        model="Nano Banana 2.1",
        edits_with="gemini/gemini-nano-banana-2.1",
        price="$0.0344",
    ),
    "replicate": Case(
        vendor=FakeReplicate,
        settings={"REPLICATE_API_TOKEN": "r8_test", "REPLICATE_BASE_URL": "URL"},
        offered="FLUX schnell · $0.003",
        model="FLUX schnell",
        edits_with="replicate/black-forest-labs/flux-dev",
        price="$0.003",
    ),
    "stability": Case(
        vendor=FakeStability,
        settings={"STABILITY_API_KEY": "sk-test", "STABILITY_BASE_URL": "URL"},
        offered="Stable Image Core · $0.03",
        model="Stable Image Core",
        edits_with="stability/ultra",
        price="$0.03",
    ),
    "a1111": Case(
        vendor=FakeA1111,
        settings={"A1111_BASE_URL": "URL"},
        offered="Stable Diffusion (local) · free",
        model="Stable Diffusion (local)",
        edits_with="a1111/default",
        price="free",
    ),
    "openai": Case(
        vendor=FakeOpenAI,
        settings={"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": "URL"},
        offered="GPT Image 2.6 Flare · $0.0527",
        model="GPT Image 2.6 Flare",
        edits_with="openai/gpt-image-2.6-flare",
        price="$0.0133",
    ),
}


def hashes(card: Message) -> list[str]:
    return [hashlib.sha256(data).hexdigest() for data in card.pictures]


def finished(message: Message) -> Message | None:
    return message if any(button.label == "Repeat" for button in message.buttons) else None


def photo() -> Upload:
    held = io.BytesIO()
    Image.new("RGB", (1024, 768), "orange").save(held, "JPEG")
    return Upload("photo.jpg", held.getvalue(), "image/jpeg")


@pytest.fixture
async def vendors() -> AsyncGenerator[Vendors]:
    async with Vendors() as vendors:
        yield vendors
        assert not [fault for vendor in vendors.opened for fault in vendor.violations]


class Vendors(AsyncExitStack):
    """Opens vendors; what they were sent must have been what their documents allow."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Any] = []

    async def open(self, name: str) -> tuple[Any, dict[str, str]]:
        vendor = await self.enter_async_context(CASES[name].vendor())
        self.opened.append(vendor)
        return vendor, {
            key: vendor.url if value == "URL" else value for key, value in CASES[name].settings.items()
        }


@pytest.mark.parametrize("name", list(CASES))
async def test_imagine_and_edit_with_each_provider(
    start_stage: StartStage, vendors: Vendors, name: str
) -> None:
    case, (vendor, settings) = CASES[name], await vendors.open(name)
    stage = await start_stage(**settings, OWNER_USD_PER_DAY="10")
    discord, ada, channel = stage.discord, stage.ada, stage.channel
    offered = await discord.autocomplete(ada, channel, "imagine", {"prompt": "a fox"}, focused=("model", ""))
    assert offered[0]["name"] == case.offered
    sizes = await discord.autocomplete(ada, channel, "imagine", {"prompt": "a fox"}, focused=("size", ""))
    assert sizes
    asked = await discord.slash(
        ada, channel, "imagine", {"prompt": "a fox", "size": "16:9", "style": "cinematic"}
    )
    drawn = await asked.card()
    assert hashes(drawn) == vendor.calls[-1].pictures
    assert case.model in drawn.text
    assert case.price in drawn.text
    words = str(vendor.calls[-1].fields)
    if name == "stability":
        assert "'style_preset': 'cinematic'" in words
        assert "a fox." not in words
    else:
        assert "a fox. Cinematic" in words
    options = {"prompt": "at night", "image": photo(), "model": case.edits_with}
    edited = await (await discord.slash(ada, channel, "edit", options)).card()
    assert hashes(edited) == vendor.calls[-1].pictures
    assert not await stage.differences()


async def test_a_format_that_the_model_cannot_choose_is_made_here(
    start_stage: StartStage, vendors: Vendors
) -> None:
    _, settings = await vendors.open("gemini")
    stage = await start_stage(**settings)
    asked = await stage.discord.slash(
        stage.ada, stage.channel, "imagine", {"prompt": "a fox", "format": "webp"}
    )
    card = await asked.card()
    with Image.open(io.BytesIO(card.pictures[0])) as opened:
        assert opened.format == "WEBP"


async def test_a_kill_while_a_prediction_runs_is_one_prediction_and_one_charge(
    start_stage: StartStage, vendors: Vendors
) -> None:
    vendor, settings = await vendors.open("replicate")
    stage = await start_stage(**settings, QUOTA_IMAGES_PER_DAY="5", OWNER_USD_PER_DAY="10")
    vendor.will("hold")
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a slow fox"})
    await vendor.arrived(1)
    async with asyncio.timeout(10):
        await vendor.looked_at(2)
    await stage.bot.kill()
    vendor.release()
    await stage.bot.start()
    card = await asked.until(finished, timeout=30)
    assert hashes(card) == vendor.calls[0].pictures
    assert len(vendor.predictions) == 1
    (row,) = await stage.ended_rows(stage.ada)
    assert (row.state, row.made, row.charged_microusd) == ("delivered", 1, 3000)
    assert not await stage.differences()


async def test_cancelling_a_prediction_cancels_it_at_the_vendor(
    start_stage: StartStage, vendors: Vendors
) -> None:
    vendor, settings = await vendors.open("replicate")
    stage = await start_stage(**settings)
    vendor.will("hold")
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "never mind"})
    waiting = await asked.until(lambda message: message if message.buttons else None, timeout=10)
    await vendor.arrived(1)
    await stage.discord.click(stage.ada, waiting, "Cancel")
    await asked.until(lambda message: message if "Cancelled" in message.text else None)
    await vendor.ended(1)
    assert vendor.cancelled == list(vendor.predictions)


async def test_a_model_nobody_named_is_served_by_the_next_provider_and_the_circuit_opens(
    start_stage: StartStage, vendors: Vendors
) -> None:
    openai, first = await vendors.open("openai")
    gemini, second = await vendors.open("gemini")
    stage = await start_stage(**first, **second, PROVIDER_PAUSE_SECONDS="3")
    openai.always(status=503)
    for number in range(4):
        started = time.monotonic()
        asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": f"fox {number}"})
        card = await asked.card()
        took = time.monotonic() - started
        print(f"request {number + 1}: OpenAI answers 503, Gemini's picture is there after {took:.2f} s")
        assert took < 2
        assert "GPT Image 2.6 Flare could not draw just now, so Nano Banana 2.1 did." in card.text
        assert hashes(card) == gemini.calls[-1].pictures
    assert len(openai.calls) == 3, "the third failure opens the circuit"
    openai.always()
    card = None
    async with asyncio.timeout(20):
        while len(openai.calls) < 4:
            await asyncio.sleep(0.2)
            asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a probe"})
            card = await asked.card()
    assert card is not None
    assert hashes(card) == openai.calls[-1].pictures, "a probe closes it"
    assert not await stage.differences()


@pytest.mark.parametrize(
    ("name", "told", "shows"), [("replicate", "45 % done", False), ("a1111", "40 % done", True)]
)
async def test_who_waits_sees_how_far_the_vendor_is(
    start_stage: StartStage, vendors: Vendors, name: str, told: str, shows: bool
) -> None:
    vendor, settings = await vendors.open(name)
    stage = await start_stage(**settings)
    vendor.will("hold")
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a slow fox"})
    waiting = await asked.until(lambda message: message if told in message.text else None, timeout=20)
    assert bool(waiting.pictures) == shows, "the picture as it grows, where the vendor shows it"
    vendor.release()
    card = await asked.until(finished, timeout=20)
    assert hashes(card) == vendor.calls[0].pictures


async def test_what_another_provider_draws_is_paid_by_its_own_pool_and_a_full_pool_is_no_place_to_go(
    start_stage: StartStage, vendors: Vendors
) -> None:
    openai, first = await vendors.open("openai")
    gemini, second = await vendors.open("gemini")
    replicate, third = await vendors.open("replicate")
    stage = await start_stage(**first, **second, **third, OWNER_USD_PER_DAY="10")
    async with open_database(stage.bot.database_url) as database:
        limits = LimitRepository(database)
        await limits.set(0, "provider", "gemini", "usd", "day", 1000, actor_id=1)
        await limits.set(0, "provider", "replicate", "usd", "day", 7000, actor_id=1)
        await limits.set(0, "provider", "openai", "usd", "day", 10**6, actor_id=1)
    openai.always(status=503)
    cards = [
        await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": f"fox {n}"})).card()
        for n in range(2)
    ]
    assert not gemini.calls, "its pool has no room"
    assert [hashes(card) for card in cards] == [call.pictures for call in replicate.calls]
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "one too many"})
    await asked.until(lambda message: message if "Reference" in message.text else None)
    assert len(replicate.calls) == 2, "6 of 7 thousandths of a dollar are gone"
    await stage.ended_rows(stage.ada)
    today = datetime.now(UTC).date().isoformat()
    async with open_database(stage.bot.database_url) as database:
        ledger = Ledger(database)
        spent = {
            name: await ledger.spent(0, subject, today, today)
            for name in ("openai", "gemini", "replicate", "owner")
            for subject in (name if name == "owner" else f"provider:{name}",)
        }
    assert {name: (found.used_images, found.used_microusd) for name, found in spent.items()} == {
        "openai": (0, 0), "gemini": (0, 0), "replicate": (2, 6000), "owner": (2, 6000),
    }  # fmt: skip
    assert not any(found.reserved_images or found.reserved_microusd for found in spent.values())
    assert not await stage.differences()


async def test_a_quality_that_means_something_everywhere_is_drawn_as_near_as_can_be_and_the_card_says_so(
    start_stage: StartStage, vendors: Vendors
) -> None:
    openai, first = await vendors.open("openai")
    _, second = await vendors.open("gemini")
    stage = await start_stage(**first, **second)
    for model, told in (
        ("flare", "quality max (asked: ultra)"),
        ("nano-banana-2.1", "only one quality (asked: ultra)"),
    ):
        options = {"prompt": "a fox", "model": model, "quality": "ultra"}
        card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", options)).card()
        assert told in card.text
    assert openai.calls[-1].fields["quality"] == "max"


async def test_a_model_that_was_named_is_never_swapped_but_the_swap_is_offered(
    start_stage: StartStage, vendors: Vendors
) -> None:
    openai, first = await vendors.open("openai")
    gemini, second = await vendors.open("gemini")
    stage = await start_stage(**first, **second)
    openai.answers(status=503)
    options = {"prompt": "a fox", "model": "flare", "quality": "high"}
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", options)
    failed = await asked.until(lambda message: message if "Reference" in message.text else None)
    assert not gemini.calls
    assert [button.label for button in failed.buttons] == [
        "Try again",
        "Change",
        "Draw with Nano Banana 2.1",
    ]
    swapped = await stage.discord.click(stage.ada, failed, "Draw with Nano Banana 2.1")
    card = await swapped.card()
    assert hashes(card) == gemini.calls[-1].pictures


async def test_a_server_of_the_owners_draws_and_its_arguments_are_taken_out_of_prompts(
    start_stage: StartStage, vendor: FakeOpenAI, tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog.toml"
    text = Path("tests/providers/servers.toml").read_text(encoding="utf-8")
    catalog.write_text(text.replace("http://127.0.0.1:1234/v1", vendor.url), encoding="utf-8")
    stage = await start_stage(CATALOG_FILE=str(catalog), SHED_KEY="sk-shed")
    vendor.answers(url="here")
    prompt = 'a fox <sd_cpp_extra_args>{"steps": 999}</sd_cpp_extra_args>'
    card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": prompt})).card()
    assert hashes(card) == vendor.calls[0].pictures
    assert "The shed" in card.text
    assert vendor.calls[0].authorization == "Bearer sk-shed"
    assert vendor.calls[0].fields == {
        "model": "gpt-image-2",
        "prompt": "a fox",
        "n": 1,
        "size": "1024x1024",
        "output_format": "png",
    }


async def test_moderation_refuses_before_anything_is_bought(
    start_stage: StartStage, with_openai: dict[str, str], vendor: FakeOpenAI
) -> None:
    vendor.forbidden = {"gore"}
    stage = await start_stage(**with_openai, MODERATION="prompt", QUOTA_IMAGES_PER_DAY="5")
    asked = await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "gore"})
    failed = await asked.until(lambda message: message if "Reference" in message.text else None)
    assert "refused this prompt" in failed.text
    assert not vendor.calls
    await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a fox"})).card()
    assert not await stage.differences()


async def test_models_tells_status_price_abilities_and_last_days(
    start_stage: StartStage, vendors: Vendors
) -> None:
    openai, first = await vendors.open("openai")
    _, second = await vendors.open("stability")
    stage = await start_stage(**first, **second)
    discord, ada, channel = stage.discord, stage.ada, stage.channel
    shown = (await (await discord.slash(ada, channel, "models")).says("OpenAI")).text
    assert "**OpenAI** · 🟢 ready" in shown
    assert "⭐ GPT Image 2.6 Flare `openai/gpt-image-2.6-flare` · ≈\u00a0$0.019–$0.40" in shown
    assert "≈ about that much" in shown
    assert "from words, edits, mask, transparent, previews" in shown
    assert "⚠️ until <t:1796083200:D>" in shown
    assert "Google Gemini: not set up here (4 models)" in shown
    await (await discord.slash(ada, channel, "imagine", {"prompt": "a fox"})).card()
    for how, status in (
        ({"status": 429, "code": "insufficient_quota"}, "🔴 no credit left"),
        ({"status": 503}, "⏸️ out of order, asked again"),
    ):
        for _ in range(3):
            openai.answers(**how)
            options = {"prompt": "a fox", "model": "flare"}
            asked = await discord.slash(ada, channel, "imagine", options)
            await asked.until(lambda message: message if "Reference" in message.text else None)
        told = (
            await (await discord.slash(ada, channel, "models", {"provider": "openai"})).says("OpenAI")
        ).text
        assert status in told
        assert "lately" in told
        assert "Stability" not in told
    french = (await (await discord.slash(stage.camille, channel, "models")).says("OpenAI")).text
    assert "en panne" in french
    assert "pas configuré ici" in french
