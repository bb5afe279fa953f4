"""For everyone: keyboard, screen reader (axe-core's rules), colours of day and night, a phone's width."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.pages.channel import ChannelPage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def issues(page: Page) -> list[str]:
    """What axe-core finds and calls serious or critical."""
    found = await Axe().run(page)
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:5]}"
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("person", ["Ada", "Camille"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_serious(channel: ChannelPage, person: str, theme: str) -> None:
    page = channel.page
    await channel.be(person)
    await page.locator(f'.theme-switch input[value="{theme}"]').check(force=True)
    card = await channel.imagine(f"a garden for {person} by {theme}")
    await channel.start("quota show")
    await channel.send()
    await expect(channel.messages.last.locator(".private")).to_be_visible()
    assert not await issues(page)
    await page.locator("#say").fill("/")
    await expect(page.locator("#picks li").first).to_be_visible()
    assert not await issues(page)
    await page.keyboard.press("Escape")
    panel = await channel.open_panel()
    await expect(panel.locator(".request").first).to_be_visible()
    assert not await issues(page)
    await panel.locator("header button").click()
    await card.locator('[data-custom^="v1:edit:"]').click()
    await expect(channel.form).to_be_visible()
    assert not await issues(page)
    await page.keyboard.press("Escape")
    await expect(channel.form).to_have_count(0)
    await card.locator(".tile").click()
    await expect(page.locator("dialog.lightbox")).to_be_visible()
    assert not await issues(page)


async def test_a_command_is_found_filled_and_sent_by_keyboard_alone(channel: ChannelPage) -> None:
    page = channel.page
    await page.locator("#say").focus()
    await page.keyboard.type("/imag")
    await expect(page.locator("#picks li")).to_have_count(1)
    await page.keyboard.press("Enter")
    await page.keyboard.type("a kite by keyboard")
    await page.keyboard.press("Tab")
    await page.keyboard.type("form")
    await page.keyboard.press("Enter")
    await page.keyboard.type("web")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    card = channel.card("a kite by keyboard")
    await channel.finished(card)
    assert ".webp" in (await card.locator(".tile img").get_attribute("src") or "")
    await card.locator(".tile").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Download original")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(card.locator(".tile")).to_be_focused()


async def test_a_new_card_is_announced(channel: ChannelPage) -> None:
    await channel.imagine("an owl that is announced")
    await expect(channel.page.locator("#announce")).to_contain_text("an owl that is announced")


async def test_on_a_phone_nothing_needs_scrolling_sideways(channel: ChannelPage) -> None:
    page = channel.page
    await page.set_viewport_size({"width": 360, "height": 740})
    card = await channel.imagine("four lanterns on a phone", count="4")

    async def fits() -> bool:
        return await page.evaluate(
            """() => document.documentElement.scrollWidth <= innerWidth
                && [...document.querySelectorAll('#scroll, #panel .parts, .modal .rows')]
                    .every((one) => one.scrollWidth <= one.clientWidth)"""
        )

    assert await fits()
    await page.locator("#open-side").click()
    await expect(page.locator(".person-switch")).to_be_visible()
    assert not await issues(page)
    await page.keyboard.press("Escape")
    await channel.button(card, "Edit").click()
    await expect(channel.form).to_be_visible()
    assert await fits()
    await page.keyboard.press("Escape")
    await channel.open_panel()
    assert await fits()
