"""Takes the pictures of docs/pictures anew: `python -m tests.pages.pictures`. Needs the browser of `make browsers`."""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Locator, Page, async_playwright, expect

from tests.pages.channel import ChannelPage
from tests.pages.conftest import CHROMIUM, FLAGS, PATIENCE_MS, ROOT, first_visit, playing

FOLDER = ROOT / "docs" / "pictures"
COLOURS = (256, 192, 128, 96, 64, 48, 32)
LARGEST_BYTES = 150_000


async def keep(
    page: Page,
    name: str,
    *,
    largest: int = LARGEST_BYTES,
    mouse: tuple[float, float] = (700, 20),
    **options: object,
) -> None:
    """With as many colours as the size allows, so that the README loads at once."""
    await page.mouse.move(*mouse)
    shot = Image.open(io.BytesIO(await page.screenshot(**options))).convert("RGB")  # pyright: ignore[reportArgumentType]
    held = io.BytesIO()
    for colours in COLOURS:
        held = io.BytesIO()
        few = shot.quantize(colours, kmeans=2)
        shot.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG).save(held, "PNG", optimize=True)
        if held.tell() <= largest:
            break
    (FOLDER / f"{name}.png").write_bytes(held.getvalue())


async def story(page: Page) -> None:
    channel = ChannelPage(page)
    card = await channel.imagine("a sailing boat on a lake at sunset")
    await card.scroll_into_view_if_needed()
    box = await card.bounding_box()
    assert box
    await keep(page, "card", clip={"x": 248, "y": box["y"], "width": 640, "height": box["height"]})
    await channel.be("Milo")
    await channel.imagine("a hot-air balloon over misty hills at dawn", count="4")
    await keep(page, "channel-dark")
    await page.locator('.theme-switch input[value="light"]').check(force=True)
    await keep(page, "channel-light")
    await page.locator('.theme-switch input[value="dark"]').check(force=True)
    await channel.messages.last.get_by_role("button", name="Edit", exact=True).click()
    await channel.form.get_by_role("textbox").fill("Make it night, with a full moon")
    await channel.form.get_by_role("button", name="Submit").click()
    await channel.finished(channel.card("Make it night"))
    panel = await channel.open_panel()
    await expect(panel.locator(".request .state").first).to_have_text("delivered")
    await keep(page, "panel")
    await panel.locator("header button").click()
    await page.set_viewport_size({"width": 390, "height": 780})
    await keep(page, "phone")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await channel.be("Camille")
    await channel.imagine("une cabane en hiver, sous la neige")
    await page.locator("#say").fill("/var")
    await expect(page.locator("#picks li").first).to_be_visible()
    await keep(page, "french")


async def answers(page: Page) -> None:
    """One picture for each command whose answer is not on the pictures of the story."""
    channel = ChannelPage(page)
    file = gradient()
    await channel.be("Ada")
    for command, words in (("edit", "a lighthouse on the shore"), ("variations", None)):
        await channel.start(command)
        if words:
            await channel.option("prompt", words)
        await channel.attach("image", file)
        await channel.send()
        await channel.finished(channel.messages.last)
        await keep_last(channel, command)
    for person, command in (
        ("Ada", "quota show"),
        ("Ada", "quota why"),
        ("Ada", "models"),
        ("Ada", "help"),
        ("Noor", "admin status"),
    ):
        await channel.be(person)
        before = await channel.messages.count()
        await channel.start(command)
        await channel.send()
        await expect(channel.messages).to_have_count(before + 1)
        await expect(channel.messages.last.locator(".thinking")).to_have_count(0)
        await keep_last(channel, command.replace(" ", "-"))


async def at_rest(shown: Locator) -> None:
    """Until it stands where it stood a frame before: scrolling is smooth, and pictures push what is below them."""
    await shown.evaluate(
        """element => new Promise(done => {
            let last = NaN
            const look = () => {
                const top = element.getBoundingClientRect().bottom
                if (top === last) done()
                else { last = top; requestAnimationFrame(() => requestAnimationFrame(look)) }
            }
            look()
        })"""
    )


async def going_on(page: Page) -> None:
    """The ways on from a card: its windows, its details, and the commands that take pictures."""
    channel = ChannelPage(page)
    card = await channel.imagine("a sailing boat on a lake at sunset")
    await channel.button(card, "Vary").click()
    await channel.form.get_by_text("Other time of day").click()
    await keep(page, "vary")
    await channel.form.get_by_role("button", name="Submit").click()
    varied = channel.messages.last
    await expect(varied.get_by_text("Other time of day")).to_be_visible()
    await channel.finished(varied)
    await channel.button(varied, "Edit").click()
    await channel.form.get_by_role("textbox").fill("add a lantern at the mast")
    await keep(page, "modal")
    await channel.form.get_by_role("button", name="Submit").click()
    edited = channel.card("add a lantern")
    await channel.finished(edited)
    await channel.button(edited, "Change").click()
    await keep(page, "change")
    await page.keyboard.press("Escape")
    await channel.button(edited, "Details").click()
    await expect(channel.messages.last.get_by_text("The way here")).to_be_visible()
    await keep_last(channel, "details")
    file = gradient()
    for command, options in (
        ("upscale", ("image",)),
        ("blend", ("image1", "image2")),
        ("describe", ("image",)),
    ):
        await channel.start(command)
        for option in options:
            await channel.attach(option, file)
        await channel.send()
        await expect(channel.messages.last.locator('[data-custom^="v1:"]').nth(2)).to_be_visible()
        await keep_last(channel, command)
    await channel.start("settings")
    await channel.option("size", "16:9")
    await channel.send()
    await expect(channel.messages.last.get_by_text("Your settings")).to_be_visible()
    await keep_last(channel, "settings")


SCENES = """0:00 a harbour at dawn, fog on the water
0:20 gulls over the mast
0:40 an island in the fog
1:00 the empty boat at sunset"""


async def keeping(page: Page) -> None:
    """Many pictures at once, and what is kept of them."""
    channel = ChannelPage(page)
    await channel.be("Ada")
    await channel.imagine("a fox in the snow")
    await channel.imagine("a lighthouse at night")
    await channel.start("illustrate")
    await channel.send()
    boxes = channel.form.get_by_role("textbox")
    await boxes.first.fill(SCENES)
    await boxes.last.fill("ink and watercolour, muted colours")
    await channel.form.get_by_role("button", name="Submit").click()
    offer = channel.messages.last
    await expect(channel.button(offer, "Draw 4 pictures")).to_be_visible()
    await keep_last(channel, "illustrate-price")
    await channel.button(offer, "Draw 4 pictures").click()
    await expect(channel.messages.filter(has_text="4 of 4 pictures").last).to_be_visible()
    await expect(channel.messages.filter(has_text="finished").last).to_be_visible()
    await keep_last(channel, "illustrate")
    card = channel.card("a lighthouse at night")
    await channel.button(card, "Keep").click()
    await expect(channel.messages.last.get_by_text("One of your favourites now")).to_be_visible()
    await keep_last(channel, "keep")
    for command, words in (("history", "Your history"), ("gallery", "Gallery of this server")):
        await channel.start(command)
        await channel.send()
        await expect(channel.messages.last.get_by_text(words)).to_be_visible()
        await expect(channel.messages.last.locator("img").nth(2)).to_be_visible()
        await keep_last(channel, command)


def gradient() -> Path:
    file = FOLDER.parent.parent / ".cache" / "boat.png"
    file.parent.mkdir(exist_ok=True)
    Image.linear_gradient("L").resize((512, 512)).convert("RGB").save(file)
    return file


async def keep_last(channel: ChannelPage, name: str) -> None:
    last = channel.messages.last
    await last.scroll_into_view_if_needed()
    await at_rest(last)
    box = await last.bounding_box()
    assert box
    top = max(56.0, box["y"])
    clip = {"x": 248, "y": top, "width": 1010, "height": min(box["y"] + box["height"], 722) - top}
    await keep(channel.page, name, clip=clip)


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as folder, playing(Path(folder)) as address:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            async with first_visit(browser, address) as page:
                await story(page)
            async with first_visit(browser, address) as page:
                await answers(page)
            async with first_visit(browser, address) as page:
                await going_on(page)
            async with first_visit(browser, address) as page:
                await keeping(page)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
