"""Takes the pictures of docs/pictures anew: `python -m tests.pages.pictures`. Needs the browser of `make browsers`."""

from __future__ import annotations

import asyncio
import io
import re
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


async def side_by_side(page: Page) -> None:
    """Two models and a vote, a board and its order, and a script of which a scene failed."""
    channel = ChannelPage(page)
    await channel.be("Ada")
    await channel.start("compare")
    for option, value in (
        ("prompt", "a tea house on a cliff in fog"),
        ("model1", "demo/studio"),
        ("model2", "demo/sketch"),
    ):
        await channel.option(option, value)
    await channel.send()
    compared = channel.messages.last
    await expect(channel.button(compared, "1 · 0")).to_be_visible()
    await channel.button(compared, "1 · 0").click()
    await expect(channel.button(compared, "Edit 1")).to_be_visible()
    await keep_last(channel, "compare")
    for prompt in ("a lantern street in the rain", "a harbour at blue hour", "a temple with blue runes"):
        card = await channel.imagine(prompt)
        await channel.button(card, "Keep").click()
        kept = channel.messages.last
        await kept.locator("select, .select, [role=combobox]").first.click()
        await page.get_by_text(
            "A new board…" if prompt.startswith("a lantern") else "Lantern street"
        ).last.click()
        if prompt.startswith("a lantern"):
            await channel.form.get_by_role("textbox").fill("Lantern street")
            await channel.form.get_by_role("button", name="Submit").click()
        await expect(kept.get_by_text("It is on")).to_be_visible()
    await channel.start("board show")
    await channel.option("name", "Lantern street")
    await channel.send()
    board = channel.messages.last
    await expect(board.locator("img").nth(2)).to_be_visible()
    await keep_last(channel, "board")
    await channel.button(board, "Put in order").click()
    order = channel.messages.last
    await expect(order.get_by_text("Order of")).to_be_visible()
    await order.locator("select, .select, [role=combobox]").first.click()
    await page.get_by_text("2. a harbour at blue hour").last.click()
    await expect(channel.button(order, "Take off")).to_be_visible()
    await keep_last(channel, "board-order")


async def failing(page: Page) -> None:
    """A batch whose provider began to refuse in its middle."""
    channel = ChannelPage(page)
    await channel.be("Ada")
    await channel.set_provider("Slow")
    await page.locator("#panel header button").click()
    await channel.start("batch")
    await channel.send()
    birds = (
        "crow",
        "owl",
        "gull",
        "heron",
        "swift",
        "wren",
        "crane",
        "kite",
        "finch",
        "robin",
        "stork",
        "lark",
    )
    prompts = [f"a {bird} in the rain" for bird in birds]
    await channel.form.get_by_role("textbox").fill("\n".join(prompts))
    await channel.form.get_by_role("button", name="Submit").click()
    await channel.button(channel.messages.last, "Draw 12 pictures").click()
    card = channel.messages.filter(has_text="of 12 pictures").last
    await expect(card.get_by_text(re.compile(r"[1-9] of 12 pictures"))).to_be_visible()
    await channel.set_provider("Refusing")
    await page.locator("#panel header button").click()
    await expect(card.get_by_text("finished")).to_be_visible(timeout=90_000)
    await keep_shown(channel, card, "batch-failures")
    await channel.set_provider("Fine")


async def admins(page: Page) -> None:
    """What a server has set, and how it goes; and the list of commands as a member and an admin see it."""
    channel = ChannelPage(page)
    await channel.be("Noor")
    await channel.start("admin settings")
    for option, value in (("size", "16:9"), ("style", "cinematic")):
        await channel.option(option, value)
    await channel.send()
    await expect(channel.messages.last.get_by_text("Settings of this server")).to_be_visible()
    await keep_last(channel, "admin-settings")
    for person, name in (("Noor", "commands-admin"), ("Ada", "commands-member")):
        await channel.be(person)
        await page.wait_for_timeout(500)  # the list is this person's once the page has heard who it is
        await page.locator("#say").fill("/")
        await expect(page.locator("#picks li").first).to_contain_text(
            "admin" if person == "Noor" else "batch"
        )
        await keep(page, name)
        await page.locator("#say").fill("")


def gradient() -> Path:
    file = FOLDER.parent.parent / ".cache" / "boat.png"
    file.parent.mkdir(exist_ok=True)
    Image.linear_gradient("L").resize((512, 512)).convert("RGB").save(file)
    return file


async def second_model(page: Page, folder: Path) -> None:
    """For /compare: the demo has one. The playground's bot reads the settings of its own folder when it starts."""
    home = folder / "playground"
    (home / "catalog.toml").write_text(
        '[[models]]\nid = "demo/sketch"\nlike = "demo/studio"\nname = "Demo sketch"\n'
    )
    (home / ".env").write_text(f"CATALOG_FILE={home / 'catalog.toml'}\n")
    panel = await ChannelPage(page).open_panel()
    process = panel.locator(".botProcess dd").first
    before = await process.inner_text()
    await panel.get_by_role("button", name="Restart the bot").click()
    await expect(process).not_to_have_text(before)
    await panel.locator("header button").click()
    await expect(page.get_by_text("The bot is online")).to_be_visible()


async def keep_last(channel: ChannelPage, name: str) -> None:
    await keep_shown(channel, channel.messages.last, name)


async def keep_shown(channel: ChannelPage, message: Locator, name: str) -> None:
    await message.scroll_into_view_if_needed()
    await at_rest(message)
    box = await message.bounding_box()
    assert box
    top = max(56.0, box["y"])
    clip = {"x": 248, "y": top, "width": 1010, "height": min(box["y"] + box["height"], 722) - top}
    await keep(channel.page, name, clip=clip)


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with (
        tempfile.TemporaryDirectory() as folder,
        playing(Path(folder)) as address,
    ):
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
            async with first_visit(browser, address) as page:
                await second_model(page, Path(folder))
                await side_by_side(page)
            async with first_visit(browser, address) as page:
                await admins(page)
            async with first_visit(browser, address) as page:
                await failing(page)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
