"""Painting a region in a real browser: the vendor gets the mask as it was painted, the channel gets the picture."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, CDPSession, Locator, Page, async_playwright

from bot.regions import in_words, region_of
from tests.fakes.openai_server import FakeOpenAI
from tests.pages.conftest import CHROMIUM, FLAGS, PATIENCE_MS
from tests.pages.test_access import issues
from tests.scenarios.conftest import Stage, StartStage, start_stage, vendor, with_openai
from tests.scenarios.test_health import free_port
from tests.web.test_pages import link_of

__all__ = ["start_stage", "vendor", "with_openai"]


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there: `make browsers` installs it")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def by_link(chromium: Browser, link: str | None) -> Page:
    context = await chromium.new_context(viewport={"width": 1000, "height": 900}, has_touch=True)
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    assert link
    await page.goto(link)
    await page.click("button.main")
    return page


async def opened(chromium: Browser, stage: Stage, image_id: str) -> Page:
    page = await by_link(chromium, await link_of(stage, stage.ada))
    await page.wait_for_selector("[data-wish]")
    await page.goto(page.url.replace("/create", f"/region/{image_id}"))
    await page.wait_for_function("document.querySelector('.sheet img').complete")
    return page


async def painted_share(page: Page) -> float:
    return float(await page.locator("[data-share]").get_attribute("data-part") or 0)


async def box_of(canvas: Locator) -> tuple[float, float, float, float]:
    await canvas.scroll_into_view_if_needed()
    box = await canvas.bounding_box()
    assert box
    return box["x"], box["y"], box["width"], box["height"]


async def lasso_a_quarter(page: Page, canvas: Locator) -> None:
    """With the mouse, round the upper left quarter of what is shown."""
    await page.click('[data-tool="lasso"]')
    x, y, width, height = await box_of(canvas)
    await page.mouse.move(x + 2, y + 2)
    await page.mouse.down()
    for right, down in ((0.5, 0.0), (0.5, 0.5), (0.0, 0.5)):
        await page.mouse.move(x + 2 + right * width, y + 2 + down * height, steps=6)
    await page.mouse.up()


@dataclass
class Fingers:
    """On a touch screen; places are shares of the canvas as it was shown at first."""

    screen: CDPSession
    box: tuple[float, float, float, float]

    @classmethod
    async def on(cls, page: Page, canvas: Locator) -> Fingers:
        return cls(await page.context.new_cdp_session(page), await box_of(canvas))

    async def go(self, *ways: tuple[tuple[float, float], tuple[float, float]], steps: int = 6) -> None:
        """Each finger from one place to another, all at once, then lifted."""
        await self._tell("touchStart", [begin for begin, _ in ways])
        for step in range(1, steps + 1):
            part = step / steps
            places = [(x + (to_x - x) * part, y + (to_y - y) * part) for (x, y), (to_x, to_y) in ways]
            await self._tell("touchMove", places)
        await self._tell("touchEnd", [])

    async def _tell(self, kind: str, places: list[tuple[float, float]]) -> None:
        x, y, width, height = self.box
        points = [
            {"x": x + right * width, "y": y + down * height, "id": number}
            for number, (right, down) in enumerate(places)
        ]
        await self.screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


async def stroke_by_touch(page: Page, canvas: Locator) -> Fingers:
    """With one finger, to the right of the middle."""
    await page.click('[data-tool="brush"]')
    fingers = await Fingers.on(page, canvas)
    await fingers.go(((0.6, 0.45), (0.85, 0.45)))
    return fingers


async def zoom_of(page: Page) -> float:
    return await page.evaluate(
        "document.querySelector('[data-sheet]').clientWidth / document.querySelector('[data-stage]').clientWidth"
    )


async def pinch_and_back(page: Page, fingers: Fingers) -> None:
    """Two fingers enlarge and paint nothing, nor does a third; what is painted then is where the finger is."""
    before = await painted_share(page)
    await fingers.go(((0.45, 0.4), (0.3, 0.4)), ((0.55, 0.4), (0.7, 0.4)))
    assert await zoom_of(page) == pytest.approx(4, rel=0.1)
    assert await painted_share(page) == pytest.approx(before)
    await fingers.go(((0.3, 0.4), (0.45, 0.4)), ((0.7, 0.4), (0.55, 0.4)), ((0.5, 0.6), (0.5, 0.5)))
    assert await zoom_of(page) == pytest.approx(1, rel=0.1)
    assert await painted_share(page) == pytest.approx(before)


def mask_in(stage: Stage, key: str) -> Image.Image:
    path = next((Path(stage.bot.data_dir) / "images").rglob(f"{key}*"))
    return Image.open(io.BytesIO(path.read_bytes()))


def alpha_at(mask: Image.Image, right: float, down: float) -> int:
    alpha = mask.getchannel("A").getpixel((int(right * mask.width), int(down * mask.height)))
    assert isinstance(alpha, int)
    return alpha


async def test_a_painted_mask_reaches_the_vendor_and_its_picture_the_channel(
    start_stage: StartStage, vendor: FakeOpenAI, with_openai: dict[str, str], chromium: Browser
) -> None:
    port = free_port()
    stage = await start_stage(HTTP_PORT=str(port), **with_openai)
    card = await (await stage.discord.slash(stage.ada, stage.channel, "imagine", {"prompt": "a lake"})).card()
    [made] = await stage.ended_rows(stage.ada)
    asked = await stage.discord.click(stage.ada, card, "Edit region")
    told = await asked.until(lambda message: message if message.buttons else None)
    assert told.ephemeral
    page = await by_link(chromium, told.buttons[0].url)
    await page.wait_for_url(f"**/region/{made.id}_1")
    await page.wait_for_function("document.querySelector('.sheet img').complete")
    assert not await issues(page)
    canvas = page.locator("#canvas")
    await lasso_a_quarter(page, canvas)
    quarter = await painted_share(page)
    assert quarter == pytest.approx(0.25, abs=0.01)
    fingers = await stroke_by_touch(page, canvas)
    with_stroke = await painted_share(page)
    print(f"painted: a quarter with the mouse {quarter:.1%}, with a stroke by touch {with_stroke:.1%}")
    assert with_stroke > quarter + 0.01
    await pinch_and_back(page, fingers)
    await canvas.focus()
    await page.keyboard.press("Space")
    assert await painted_share(page) > with_stroke
    for key, share in (("z", with_stroke), ("z", quarter), ("y", with_stroke)):
        await page.keyboard.press(f"Control+{key}")
        assert await painted_share(page) == pytest.approx(share)
    await page.fill("#prompt", "a small red boat")
    await page.click("button.main")
    await page.wait_for_selector(".pictures img")
    assert vendor.calls[-1].path.endswith("/images/edits")
    [edited] = [row for row in await stage.ended_rows(stage.ada) if row.id != made.id]
    sent = edited.request["mask"]
    mask = mask_in(stage, sent["key"])
    transparent = mask.getchannel("A").histogram()[0] / (mask.width * mask.height)
    print(f"the vendor's mask: {mask.size}, {transparent:.1%} to change, painted {with_stroke:.1%}")
    assert sent["key"] in {file["sha256"] for file in vendor.calls[-1].files}
    assert mask.size == (edited.request["inputs"][0]["width"], edited.request["inputs"][0]["height"])
    assert transparent == pytest.approx(with_stroke, abs=0.005)
    to_change = {
        place: alpha_at(mask, *place) == 0 for place in ((0.25, 0.25), (0.7, 0.45), (0.25, 0.75), (0.7, 0.7))
    }
    assert list(to_change.values()) == [True, True, False, False], to_change
    assert region_of(_bytes(mask)).box[:2] == pytest.approx((0, 0), abs=0.01)
    # Posted beside the picture that it came from, in its lineage, with living buttons.
    assert (edited.door, edited.state, edited.channel_id) == ("web", "delivered", stage.channel.id)
    assert edited.parent_image_id == f"{made.id}_1"
    posted = stage.channel.messages[-1]
    assert posted.id != card.id
    assert "a small red boat" in posted.text
    assert [button.label for button in posted.buttons] == [button.label for button in card.buttons]
    assert not await stage.differences()


def _bytes(picture: Image.Image) -> bytes:
    held = io.BytesIO()
    picture.save(held, "PNG")
    return held.getvalue()


def test_a_region_in_words_says_where() -> None:
    mask = Image.new("RGBA", (300, 300), "white")
    mask.paste((0, 0, 0, 0), (200, 0, 300, 60))
    region = region_of(_bytes(mask))
    assert region.share == pytest.approx(100 * 60 / 90_000)
    said = in_words("a kite", region)
    assert "the upper right of the picture, from 67% to 100% of its width and from 0% to 20%" in said
    assert said.endswith("There: a kite")
