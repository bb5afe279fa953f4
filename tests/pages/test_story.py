"""The main story in a browser: ask, watch, vary, edit, delete; in both languages, and with a bot that dies."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, WebSocketRoute, expect

from tests.pages.channel import ChannelPage

WAITING = '[data-custom^="v1:cancel:"]'
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_picture_grows_from_thinking_over_previews_to_the_card(channel: ChannelPage) -> None:
    await channel.set_provider("Slow")
    await channel.start("imagine")
    await channel.option("prompt", "a heron at dawn")
    await channel.send()
    card = channel.card("a heron at dawn")
    await expect(card.locator(WAITING)).to_be_visible()
    preview = card.locator(".tile img")
    await expect(preview).to_be_visible()
    unfinished = await preview.get_attribute("src")
    await channel.set_provider("Fine")
    await channel.finished(card)
    await expect(card.locator(".tile img")).to_have_count(1)
    assert await card.locator(".tile img").get_attribute("src") != unfinished
    await expect(card.locator(".origin")).to_have_text("AAda used /imagine")
    await expect(card.locator(".tile img")).to_have_attribute("alt", "Picture 1: a heron at dawn")


async def test_what_is_typed_at_nothing_in_particular_goes_into_the_box(channel: ChannelPage) -> None:
    await channel.page.evaluate("document.activeElement.blur()")
    await channel.page.keyboard.type("/imag")
    await expect(channel.page.locator("#say")).to_have_value("/imag")
    await channel.page.keyboard.press("Enter")
    await channel.page.keyboard.type("a lighthouse in fog")
    await channel.page.keyboard.press("Enter")
    await channel.finished(channel.card("a lighthouse in fog"))


async def test_the_second_of_four_pictures_is_varied(channel: ChannelPage) -> None:
    card = await channel.imagine("four small boats", count="4")
    await expect(card.locator(".tile")).to_have_count(4)
    before = await channel.messages.count()
    await channel.button(card, "Vary").click()
    await channel.form.get_by_text("Picture 2", exact=True).click()
    await channel.form.get_by_role("button", name="Submit").click()
    await expect(channel.messages).to_have_count(before + 1)
    variation = channel.messages.last
    await channel.finished(variation)
    await expect(variation.locator(".tile")).to_have_count(1)
    await expect(variation.locator(".origin.reply")).to_contain_text("four small boats")


async def test_a_picture_is_edited_through_the_form_which_asks_for_what_is_missing(
    channel: ChannelPage,
) -> None:
    card = await channel.imagine("a house on a hill")
    await channel.button(card, "Edit").click()
    await expect(channel.form.get_by_role("heading")).to_have_text("Edit this picture")
    await channel.form.get_by_role("button", name="Submit").click()
    await expect(channel.form.get_by_text("This is needed.")).to_be_visible()
    await channel.form.get_by_role("textbox").fill("under a starry sky")
    await channel.form.get_by_role("button", name="Submit").click()
    await expect(channel.form).to_have_count(0)
    await channel.finished(channel.card("under a starry sky"))


async def test_a_card_is_deleted(channel: ChannelPage) -> None:
    card = await channel.imagine("a vase that nobody needs")
    await channel.button(card, "Delete").click()
    await expect(channel.card("a vase that nobody needs")).to_have_count(0)


async def test_a_french_member_reads_french_from_the_list_of_commands_to_the_buttons(
    channel: ChannelPage,
) -> None:
    await channel.be("Camille")
    await expect(channel.page.locator("html")).to_have_attribute("lang", "fr")
    await channel.page.locator("#say").fill("/imag")
    await expect(channel.page.locator("#picks")).to_contain_text("Dessiner des images")
    card = await channel.imagine("un renard dans la neige")
    await expect(channel.button(card, "Modifier")).to_be_visible()
    await channel.button(card, "Modifier").click()
    await channel.form.get_by_role("textbox").fill("au clair de lune")
    await channel.form.get_by_role("button", name="Envoyer").click()
    edited = channel.card("au clair de lune")
    await channel.finished(edited)
    await channel.button(edited, "Supprimer").click()
    await expect(channel.card("au clair de lune")).to_have_count(0)


async def test_the_picture_arrives_although_the_bot_is_killed_while_it_draws(channel: ChannelPage) -> None:
    panel = await channel.open_panel()
    process = panel.locator(".botProcess dd").first
    before = await process.inner_text()
    await channel.set_provider("Slow")
    await channel.start("imagine")
    await channel.option("prompt", "a phoenix")
    await channel.send()
    await expect(channel.card("a phoenix").locator(WAITING)).to_be_visible()
    await channel.set_provider("Fine")
    await panel.get_by_role("button", name="kill -9 the bot").click()
    await expect(channel.page.locator("#presence")).to_have_text("The bot is down, coming back…")
    await channel.finished(channel.card("a phoenix"))
    await expect(process).not_to_have_text(before)
    await expect(panel.locator(".request").first.locator(".state")).to_have_text("delivered")
    await expect(panel.locator(".verdict")).to_have_text("All as the official document says")


async def test_a_file_given_to_edit_becomes_its_picture(channel: ChannelPage, tmp_path: Path) -> None:
    file = tmp_path / "mine.png"
    Image.new("RGB", (320, 240), "teal").save(file)
    await channel.start("edit")
    await channel.option("prompt", "with warmer light")
    await channel.attach("image", file)
    await channel.send()
    await channel.finished(channel.card("with warmer light"))


async def test_what_a_command_needs_is_said_beside_it(channel: ChannelPage) -> None:
    await channel.start("imagine")
    await channel.send()
    await expect(channel.page.locator("#composer > .problem")).to_have_text("“prompt” is needed.")
    await channel.option("prompt", "nothing yet")
    await channel.option("count", "99")
    await channel.send()
    await expect(channel.page.locator("#composer > .problem")).to_have_text("“count” takes 1 to 10.")


async def test_what_is_only_for_one_reader_is_not_shown_to_another(channel: ChannelPage) -> None:
    await channel.be("Milo")
    await channel.go("restricted")  # where no other test's answers are
    told = channel.messages.filter(has_text="Your quota")
    await channel.start("quota show")
    await channel.send()
    await expect(told.get_by_text("Only you can see this")).to_be_visible()
    await channel.be("Ada")
    await expect(told).to_have_count(0)
    await channel.be("Milo")
    await told.get_by_role("button", name="Dismiss").click()
    await expect(told).to_have_count(0)


async def test_clicks_faster_than_the_answers_all_count(page: Page, channel: ChannelPage) -> None:
    held: asyncio.Queue[tuple[WebSocketRoute, str | bytes]] = asyncio.Queue()
    holding = False

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(lambda frame: held.put_nowait((server, frame)) if holding else server.send(frame))

    await page.route_web_socket("**/page/socket", between)
    await page.reload()
    await channel.looked()
    holding = True
    await page.locator(".person-switch .person", has_text="Milo").click()
    await page.locator(".place.restricted").click()
    clicks = [await asyncio.wait_for(held.get(), 30) for _ in range(2)]
    holding = False
    for server, frame in clicks:
        server.send(frame)
    await channel.looked()
    await expect(page.locator(".person-switch label:has(input:checked)")).to_contain_text("Milo")
    await expect(page.locator(".place.restricted")).to_have_attribute("aria-current", "page")


async def test_trouble_at_the_provider_is_told_and_healed(channel: ChannelPage) -> None:
    panel = await channel.open_panel()
    await channel.set_provider("Refusing")
    await channel.start("imagine")
    await channel.option("prompt", "something refused")
    await channel.send()
    await expect(channel.card("something refused").get_by_text("Nothing was charged")).to_be_visible()
    await panel.get_by_role("button", name="Everything fine again").click()
    await expect(panel.get_by_role("button", name="Fine", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    await channel.imagine("something allowed")


async def test_a_first_visit_offers_commands_that_can_be_sent_with_one_key(page: Page) -> None:
    await page.locator(".place.thread").click()
    await page.locator(".example").first.click()
    await expect(page.locator('.chip[data-option="prompt"] textarea')).to_be_focused()
    await page.keyboard.press("Enter")
    await ChannelPage(page).finished(ChannelPage(page).card("a sailing boat on a lake at sunset"))
