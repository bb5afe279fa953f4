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
from tests.pages.test_studio import create, fresh_link, put_on_board, studio

SLOW = {"DEMO_LATENCY_SECONDS": "4"}
LARGEST_BYTES = 80_000
"""There are many of them."""
WIDTHS = {"phone": 390, "tablet": 820, "desktop": 1280}
PROMPTS = (
    "a lantern street in the rain",
    "a harbour at blue hour, small boats",
    "a temple with blue runes, moss",
    "a tea house on a cliff in fog",
    "a night market under paper kites",
)


async def taken(page: Page, name: str) -> None:
    for width in WIDTHS:
        await resize(page, width)
        await page.evaluate("scrollTo(0, 0)")
        await page.wait_for_load_state("networkidle")
        await keep(page, f"web-{name}-{width}", largest=LARGEST_BYTES, mouse=(2, 2))


async def resize(page: Page, width: str) -> None:
    await page.set_viewport_size({"width": WIDTHS[width], "height": 844 if width == "phone" else 900})


async def tour(channel: ChannelPage) -> None:
    """The light half, in English: how a picture is made, looked at, changed and kept."""
    async with studio(channel, "Ada") as page:
        root = page.url.removesuffix("/create")
        for prompt in PROMPTS:
            card = await create(page, prompt)
            await put_on_board(card, name="" if prompt != PROMPTS[0] else "Lantern street")
        await expect(page.locator("#said")).to_be_empty()
        await taken(page, "create")
        await page.get_by_role("link", name="Edit", exact=True).first.click()
        await page.fill("#prompt", "at dawn, nobody there")
        await page.click("[data-wish] button.main")
        await page.locator("#results .pictures a").first.click()
        await expect(page.locator("[data-family] a")).to_have_count(2)
        await taken(page, "picture")
        await page.get_by_role("link", name="Edit region").click()
        await paint(page)
        await taken(page, "region")
        for name in ("mine", "boards"):
            await page.goto(f"{root}/{name}")
            await taken(page, name)
        await page.locator(".boards a").first.click()
        await taken(page, "board")


async def paint(page: Page) -> None:
    """A loop with the brush round the middle of the picture."""
    await page.evaluate("document.querySelector('.sheet img').decode()")
    box = await page.locator("#canvas").bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 160)
    await page.mouse.down()
    for right, down in ((0.5, 220), (0.65, 180), (0.7, 300), (0.4, 330)):
        await page.mouse.move(box["x"] + box["width"] * right, box["y"] + down, steps=8)
    await page.mouse.up()
    await page.fill("#prompt", "a small red boat")


async def watch(channel: ChannelPage) -> None:
    """What was asked in Discord, on its page while it is drawn."""
    async with studio(channel, "Ada") as page:
        for width in WIDTHS:
            await channel.be("Ada")
            await channel.start("imagine")
            await channel.option("prompt", f"a ferry in the mist, seen on a {width}")
            await channel.send()
            cancel = channel.messages.last.locator('[data-custom^="v1:cancel:"]')
            request_id = str(await cancel.get_attribute("data-custom")).removeprefix("v1:cancel:")[:17]
            await resize(page, width)
            await page.goto(
                page.url.partition("/create")[0].partition("/requests")[0] + f"/requests/{request_id}"
            )
            await expect(page.locator("[data-preview] img")).to_be_visible()
            await keep(page, f"web-watching-{width}", largest=LARGEST_BYTES, mouse=(2, 2))
            await expect(page.locator(".pictures img")).to_be_visible()


async def dark_tour(channel: ChannelPage) -> None:
    """The dark half, in French: the sign-in, the server's gallery, and a picture that grows."""
    async with studio(channel, "Camille", "dark") as page:
        root = page.url.removesuffix("/create")
        await page.goto(f"{root}/server")
        await taken(page, "server")
        for width in WIDTHS:
            await resize(page, width)
            await page.goto(f"{root}/create")
            await page.fill("#prompt", "une serre la nuit, des lucioles")
            await page.click("[data-wish] button.main")
            await expect(page.locator('[data-preview] img[src$="?2"]')).to_be_visible()
            await page.locator("#results").scroll_into_view_if_needed()
            await keep(page, f"web-growing-{width}", largest=LARGEST_BYTES, mouse=(2, 2))
            await expect(page.locator("#results .pictures img")).to_be_visible()
        await channel.start("web")
        await channel.send()
        await page.goto(await fresh_link(channel.page))
        await taken(page, "sign-in")


async def whole_tour(channel: ChannelPage) -> None:
    await tour(channel)
    await watch(channel)
    await dark_tour(channel)


async def touring(tour: Callable[[ChannelPage], Awaitable[None]]) -> None:
    """Through a playground of its own."""
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as folder, playing(Path(folder), **SLOW) as address:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            async with first_visit(browser, address) as page:
                await tour(ChannelPage(page))
            await browser.close()


if __name__ == "__main__":
    asyncio.run(touring(whole_tour))
