"""Takes the members' pages for docs/pictures anew, at three widths: `python -m tests.pages.studio_pictures`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from tests.pages.channel import ChannelPage
from tests.pages.conftest import CHROMIUM, FLAGS, PATIENCE_MS, first_visit, playing
from tests.pages.pictures import keep
from tests.pages.test_studio import create, put_on_board, studio

WIDTHS = {"phone": 390, "tablet": 820, "desktop": 1280}
PROMPTS = (
    "a lantern street in the rain",
    "a harbour at blue hour, small boats",
    "a temple with blue runes, moss",
    "a tea house on a cliff in fog",
    "a night market under paper kites",
)


async def taken(page: Page, name: str, *, widths: tuple[str, ...]) -> None:
    for width in widths:
        await page.set_viewport_size({"width": WIDTHS[width], "height": 844 if width == "phone" else 900})
        await page.evaluate("scrollTo(0, 0)")
        await page.wait_for_load_state("networkidle")
        await keep(page, f"web-{name}-{width}")


async def tour(channel: ChannelPage) -> None:
    async with studio(channel, "Ada") as page:
        root = page.url.removesuffix("/create")
        for prompt in PROMPTS:
            card = await create(page, prompt)
            await put_on_board(card, name="" if prompt != PROMPTS[0] else "Lantern street")
        await taken(page, "create", widths=("desktop",))
        await page.get_by_role("link", name="Edit", exact=True).first.click()
        await page.fill("#prompt", "at dawn, nobody there")
        await page.click("[data-wish] button.main")
        await page.locator("#results .pictures a").first.click()
        await expect(page.locator("[data-family] a")).to_have_count(2)
        await taken(page, "picture", widths=("phone", "desktop"))
        await page.goto(f"{root}/mine")
        await taken(page, "mine", widths=("phone", "desktop"))
        await page.goto(f"{root}/boards")
        await page.locator(".boards a").first.click()
        await taken(page, "board", widths=("tablet",))
    async with studio(channel, "Camille", "dark") as page:
        root = page.url.removesuffix("/create")
        await page.goto(f"{root}/server")
        await taken(page, "server", widths=("tablet",))


async def touring(tour: Callable[[ChannelPage], Awaitable[None]]) -> None:
    """Through a playground of its own."""
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as folder, playing(Path(folder)) as address:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            async with first_visit(browser, address) as page:
                await tour(ChannelPage(page))
            await browser.close()


if __name__ == "__main__":
    asyncio.run(touring(tour))
