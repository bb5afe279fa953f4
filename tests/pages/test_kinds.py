"""Every kind of component, option and input, with a bot that shows and asks all of them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Locator, expect

from bot.playground.home import claim
from bot.playground.jsonic import Json
from bot.playground.playground import Addresses, Plan, Playground
from tests.pages.channel import ChannelPage
from tests.pages.conftest import first_visit
from tests.pages.test_access import issues

pytestmark = pytest.mark.asyncio(loop_scope="session")
SHOWCASE = Path(__file__).parent / "showcase.py"


def environment(addresses: Addresses) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DISCORD_TOKEN": addresses.token,
        "DISCORD_API_URL": addresses.rest_url,
        "DISCORD_GATEWAY_URL": addresses.gateway_url,
    }


async def no_books(_folder: Path) -> Json:
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def playground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Playground]:
    said: list[str] = []
    home = claim(tmp_path_factory.mktemp("showcase"))
    started = Playground(
        home, Plan([sys.executable, str(SHOWCASE)], environment, no_books, said.append), port=0
    )
    running = asyncio.create_task(started.run())
    try:
        await started.discord.wait_synced(30)
        yield started
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        home.lock.close()
    assert not started.discord.deviations, [str(one) for one in started.discord.deviations]


@pytest_asyncio.fixture(loop_scope="session")
async def channel(browser: Browser, playground: Playground) -> AsyncIterator[ChannelPage]:
    async with first_visit(browser, f"http://127.0.0.1:{playground.discord.port}") as page:
        yield ChannelPage(page)


async def run(channel: ChannelPage, command: str, **options: str) -> None:
    await channel.start(command)
    for name, value in options.items():
        await channel.option(name, value)
    await channel.send()


async def everything(channel: ChannelPage) -> Locator:
    cards = channel.messages.filter(has=channel.page.locator(".select"))
    before = await cards.count()
    await run(channel, "everything")
    await expect(cards).to_have_count(before + 1)
    return cards.nth(before)


async def test_a_card_with_everything_shows_hides_and_answers(channel: ChannelPage) -> None:
    card = await everything(channel)
    await expect(card.get_by_role("heading", name="Everything")).to_be_visible()
    await expect(card.locator(".section .tile img")).to_have_attribute("alt", "A small field")
    await expect(card.locator(".gallery.g3 .tile")).to_have_count(3)
    await expect(card.get_by_role("link", name="notes.txt", exact=True)).to_be_visible()
    assert not await issues(channel.page)
    covered = card.locator(".tile.covered")
    await covered.click()
    await expect(covered).to_have_count(0)
    await card.locator(".spoiler").click()
    await expect(card.get_by_text("a secret")).to_be_visible()
    await expect(card.get_by_role("button", name="Disabled")).to_be_disabled()
    await expect(card.get_by_role("link", name="Elsewhere")).to_have_attribute("href", "https://example.org/")
    await card.get_by_role("button", name="Primary").click()
    await expect(channel.messages.last).to_contain_text("Pressed primary")


async def test_menus_of_a_message_send_what_was_chosen(channel: ChannelPage) -> None:
    card = await everything(channel)
    await card.get_by_role("combobox").first.click()
    await card.get_by_role("option", name="red").click()
    await card.get_by_role("option", name="blue").click()
    await card.get_by_role("combobox").first.click()
    await expect(channel.messages.last).to_contain_text("Pressed colours red, blue")
    people = card.get_by_role("combobox").last
    await people.focus()
    await people.press("ArrowDown")
    await people.press("ArrowDown")
    await people.press("Enter")
    await expect(channel.messages.last).to_contain_text("Pressed people")


async def test_a_button_that_nobody_answers_says_so(channel: ChannelPage) -> None:
    card = await everything(channel)
    await card.get_by_role("button", name="Silent").click()
    await expect(card.get_by_role("button", name="Silent")).to_have_attribute("aria-busy", "true")
    await expect(card.get_by_text("This interaction failed")).to_be_visible()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
async def test_a_gallery_of_any_size_fills_its_rows(channel: ChannelPage, count: int) -> None:
    await run(channel, "gallery", pictures=str(count))
    tiles = channel.messages.last.locator(f".gallery.g{count} .tile")
    await expect(tiles).to_have_count(count)
    boxes = [await tile.bounding_box() for tile in await tiles.all()]
    rows: dict[int, float] = {}
    for box in boxes:
        assert box
        assert box["width"] > 60
        assert box["height"] > 60
        rows[round(box["y"])] = max(rows.get(round(box["y"]), 0), box["x"] + box["width"])
    assert max(rows.values()) - min(rows.values()) < 3


async def test_a_form_takes_every_kind_of_input(channel: ChannelPage, tmp_path: Path) -> None:
    file = tmp_path / "one.png"
    Image.new("RGB", (20, 20)).save(file)
    await run(channel, "form")
    form = channel.form
    await expect(form).to_be_visible()
    assert not await issues(channel.page)
    await form.get_by_role("button", name="Submit").click()
    await expect(form.get_by_text("This is needed.")).to_have_count(4)
    await form.get_by_role("combobox").click()
    await form.get_by_role("option", name="Option 2").click()
    await form.get_by_role("radio", name="green").check()
    await form.get_by_role("checkbox", name="red").check()
    await form.get_by_role("checkbox", name="blue").check()
    await form.get_by_role("switch").check()
    await form.locator("input[type=file]").set_input_files(file)
    await expect(form.locator(".added")).to_have_count(1)
    await form.get_by_role("button", name="Submit").click()
    told = channel.messages.last
    await expect(told).to_contain_text(
        '"select": ["2"], "radio": "green", "boxes": ["red", "blue"], "check": true'
    )


async def test_a_form_asks_for_people_roles_and_places(channel: ChannelPage, playground: Playground) -> None:
    await run(channel, "entities")
    form = channel.form
    await expect(form.get_by_text("Some words before the inputs.")).to_be_visible()
    await form.get_by_role("textbox").fill("ab")
    for number, name in ((0, "Milo"), (1, "@Painters")):
        await form.get_by_role("combobox").nth(number).click()
        await form.get_by_role("option", name=name).click()
    await form.get_by_role("button", name="Submit").click()
    await expect(form.locator(".problem").filter(has_text="3")).to_be_visible()
    await form.get_by_role("textbox").fill("abc")
    await form.get_by_role("button", name="Submit").click()
    milo = next(one for one in playground.scene.people.values() if one.member.name == "Milo")
    await expect(channel.messages.last).to_contain_text(f'"name": "abc", "user": ["{milo.member.id}"]')


async def test_options_of_every_type_are_understood(channel: ChannelPage, playground: Playground) -> None:
    noor = next(one for one in playground.scene.people.values() if one.member.name == "Noor")
    await run(
        channel, "options", number="2,5", yes="True", person="Noor", role="@Painters", place="#after-dark"
    )
    await expect(channel.messages.last).to_contain_text(
        f"Given: 2.5 True {noor.member.id} Painters after-dark"
    )


async def test_a_message_menu_acts_on_what_a_person_wrote(channel: ChannelPage) -> None:
    await channel.page.locator("#say").fill("twelve chars")
    await channel.page.locator("#say").press("Enter")
    written = channel.messages.filter(has_text="twelve chars").last
    await written.click(button="right")
    await channel.page.get_by_role("menuitem", name="Count letters").click()
    await expect(channel.messages.last).to_contain_text("12 letters")
    await expect(channel.messages.last.locator(".origin")).to_contain_text("used “Count letters”")


async def test_an_embed_is_shown_the_older_way(channel: ChannelPage) -> None:
    await run(channel, "older")
    embed = channel.messages.last.locator(".embed")
    await expect(embed.locator(".title")).to_have_text("A title")
    await expect(embed.locator(".field")).to_have_count(2)
    await expect(embed.locator(".foot")).to_have_text("The end")
