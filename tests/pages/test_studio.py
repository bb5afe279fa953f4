"""The members' pages in a browser, from the playground on: `/web`, create, save, board, order, export; for everyone."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Locator, Page, expect

from tests.pages.channel import ChannelPage
from tests.pages.test_access import issues

pytestmark = pytest.mark.asyncio(loop_scope="session")


_used: set[str] = set()


async def fresh_link(page: Page) -> str:
    """The sign-in link that nobody followed yet: earlier answers to the same person may still be in sight."""
    links = page.locator('#messages a[href*="/sign-in/"]')
    async with asyncio.timeout(30):
        while True:
            shown = [await link.get_attribute("href") or "" for link in await links.all()]
            if new := [link for link in shown if link not in _used]:
                _used.update(new)
                return new[-1]
            await page.wait_for_timeout(100)


@asynccontextmanager
async def studio(channel: ChannelPage, person: str, scheme: str = "light") -> AsyncGenerator[Page]:
    """Signed in by the link that `/web` gives this person. What the page's code complains of fails the test."""
    await channel.be(person)
    await channel.start("web")
    await channel.send()
    address = await fresh_link(channel.page)
    browser = channel.page.context.browser
    assert browser
    context = await browser.new_context(
        viewport={"width": 1280, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = await context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda line: failures.append(line.text) if line.type == "error" else None)
    await page.goto(address)
    await page.click("button.main")
    await expect(page.locator("[data-wish]")).to_be_visible()
    yield page
    await context.close()
    assert not failures


async def create(page: Page, prompt: str) -> Locator:
    """Asked for on the page; the card, once its picture is there."""
    await page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + "/create")
    await page.fill("#prompt", prompt)
    await page.click("[data-wish] button.main")
    card = page.locator("#results .card", has_text=prompt).first
    await expect(card.locator(".pictures img")).to_be_visible()
    return card


async def put_on_board(card: Locator, *, name: str = "") -> None:
    page = card.page
    await card.get_by_role("link", name="Add to a board").click()
    dialog = page.get_by_role("dialog", name="Add to a board")
    await expect(dialog).to_be_visible()
    assert not await issues(page)
    if name:
        await dialog.locator("[name=name]").press_sequentially(name)
    await dialog.get_by_role("button", name="Add").click()
    await expect(dialog).to_have_count(0)
    await expect(page.locator("#said")).to_contain_text("Added to")


async def watch_previews(page: Page) -> None:
    """From now on the page notes each unfinished picture that it has loaded: address and width."""
    await page.evaluate(
        """() => {
            window.grown = [];
            document.addEventListener("load", ({ target }) => {
                if (!target.matches?.("[data-preview] img")) return;
                grown.push([target.getAttribute("src"), target.naturalWidth]);
            }, true);
        }"""
    )


async def still(page: Page) -> None:
    """Once the page stays where it is for ten pictures of the screen, however slowly they come.

    A swipe may leave it gliding, and what is measured then is elsewhere a moment later; and a finger is weighed against
    the last picture shown, where what was scrolled to since is not there yet.
    """
    await page.evaluate("""() => new Promise((done) => {
        let at = scrollY, shown = 0;
        (function look() {
            shown = scrollY === at ? shown + 1 : 0;
            at = scrollY;
            shown === 10 ? done() : requestAnimationFrame(look);
        })();
    })""")


async def by_finger(page: Page) -> None:
    """On a phone: a swipe over the pictures scrolls and moves none; the handle of the first one drags it to the end."""
    size = page.viewport_size
    await page.set_viewport_size({"width": 360, "height": 700})
    screen = await page.context.new_cdp_session(page)
    await screen.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    async def swipe(begin: tuple[float, float], end: tuple[float, float], steps: int = 10) -> None:
        ways = [
            (begin[0] + (end[0] - begin[0]) * part / steps, begin[1] + (end[1] - begin[1]) * part / steps)
            for part in range(steps + 1)
        ]
        for kind, places in [
            ("touchStart", ways[:1]),
            *(("touchMove", [one]) for one in ways),
            ("touchEnd", []),
        ]:
            points = [{"x": x, "y": y} for x, y in places]
            await screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    before, items = await order(page), page.locator(".pinned li")
    await items.nth(0).locator("img").scroll_into_view_if_needed()
    x, y = await middle_of(items.nth(0).locator("img"))
    scrolled = await page.evaluate("scrollY")
    await swipe((x, y), (x, y - 200))
    await page.wait_for_function("before => scrollY > before + 100", arg=scrolled)
    await still(page)
    assert await order(page) == before
    await page.evaluate(
        "scrollTo(0, scrollY + document.querySelector('.pinned').getBoundingClientRect().top - 150)"
    )
    await still(page)
    handle = await middle_of(items.nth(0).locator(".handle"))
    await swipe(handle, await middle_of(items.nth(2).locator("img")))
    await expect(page.locator("#said")).to_have_text("Place 3 now.")
    assert await order(page) == [*before[1:], before[0]]
    await screen.detach()
    assert size
    await page.set_viewport_size(size)
    await page.reload()


async def middle_of(part: Locator) -> tuple[float, float]:
    """In pixels of the window."""
    box = await part.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def order(page: Page) -> list[str]:
    return [await one.get_attribute("alt") or "" for one in await page.locator(".pinned img").all()]


async def test_from_web_to_a_board_in_order_and_its_zip(channel: ChannelPage) -> None:
    async with studio(channel, "Ada") as page:
        await watch_previews(page)
        await page.fill("#prompt", "a lantern street in the rain")
        await page.click("[data-wish] button.main")
        card = page.locator("#results .card").first
        words = card.locator("[data-words]")
        await expect(words).to_have_text("Drawing")
        await expect(card.locator(".pictures img")).to_be_visible()
        await expect(words).to_have_text("Ready")
        grown = await page.evaluate("grown")
        print("unfinished pictures that were shown:", grown)
        assert grown
        assert all("/previews/1?" in address and width > 0 for address, width in grown)
        async with page.expect_download() as saving:
            await card.get_by_role("link", name="Save").click()
        saved = await saving.value
        assert saved.suggested_filename.startswith("a-lantern-street-in-the-rain-img_")
        await put_on_board(card, name="Rain")
        for prompt in ("a wet umbrella", "a puddle at night"):
            await put_on_board(await create(page, prompt))
        await page.get_by_role("link", name="Mood boards").click()
        await page.locator(".boards a", has_text="Rain").click()
        await expect(page.locator(".pinned li")).to_have_count(3)
        lantern, umbrella, puddle = await order(page)
        # By keyboard alone: the button keeps the focus, and every move is told.
        await page.get_by_role("button", name="Earlier: a puddle").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#said")).to_have_text("Place 2 now.")
        await page.keyboard.press("Enter")
        await expect(page.locator("#said")).to_have_text("Place 1 now.")
        await expect(page.get_by_role("button", name="Earlier: a puddle")).to_be_focused()
        await page.keyboard.press("Enter")
        assert await order(page) == [puddle, lantern, umbrella]
        await page.reload()
        assert await order(page) == [puddle, lantern, umbrella]
        # By dragging, which is no click on the picture; Escape puts it back.
        items = page.locator(".pinned li")
        board = page.url
        await items.nth(2).drag_to(items.nth(0))
        await expect(page.locator("#said")).to_have_text("Place 1 now.")
        await items.nth(0).locator("a").hover()
        await page.mouse.down()
        await items.nth(2).hover()
        assert await order(page) == [puddle, lantern, umbrella]
        await page.keyboard.press("Escape")
        await page.mouse.up()
        assert await order(page) == [umbrella, puddle, lantern]
        assert page.url == board
        await page.reload()
        assert await order(page) == [umbrella, puddle, lantern]
        await by_finger(page)
        assert await order(page) == [puddle, lantern, umbrella]
        async with page.expect_download() as exporting:
            await page.get_by_role("link", name="Export as zip").click()
        with zipfile.ZipFile(await (await exporting.value).path()) as archive:
            print("the zip of the board:", archive.namelist())
            assert len(archive.namelist()) == 4
            assert archive.testzip() is None


async def test_the_family_of_a_picture_is_walked_by_keyboard(channel: ChannelPage) -> None:
    async with studio(channel, "Ada") as page:
        card = await create(page, "a hen in a yard")
        await card.locator(".pictures a").first.click()
        await expect(page.get_by_text("It stands alone so far.")).to_be_visible()
        for words in ("with three chicks", "as a woodcut"):
            await page.get_by_role("link", name="Edit", exact=True).click()
            await page.fill("#prompt", words)
            await page.click("[data-wish] button.main")
            await page.locator("#results .pictures a").first.click()
            await expect(page.locator("h1")).to_have_text(words)
        family = page.locator("[data-family] a")
        await expect(family).to_have_count(3)
        await expect(family.nth(2)).to_have_attribute("aria-current", "page")
        await page.reload()
        assert await page.evaluate("scrollY") == 0
        await family.nth(2).focus()
        await page.keyboard.press("ArrowLeft")
        await expect(family.nth(1)).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("a hen in a yard")
        await page.locator("[data-family] a").first.focus()
        await page.keyboard.press("ArrowRight")
        await expect(page.locator("[data-family] a").nth(1)).to_be_focused()
        await page.get_by_role("button", name="Favourite").click()
        await expect(page.get_by_role("button", name="Favourite · 1")).to_have_attribute(
            "aria-pressed", "true"
        )


@pytest.mark.parametrize(
    ("person", "scheme"), [("Ada", "light"), ("Ada", "dark"), ("Camille", "light"), ("Camille", "dark")]
)
async def test_axe_finds_nothing_serious_and_a_phone_needs_no_scrolling_sideways(
    channel: ChannelPage, person: str, scheme: str
) -> None:
    async with studio(channel, person, scheme) as page:
        root = page.url.removesuffix("/create")
        card = await create(page, f"a kiosk for {person} by {scheme}")
        picture = await card.locator(".pictures a").first.get_attribute("href") or ""
        await page.goto(f"{root}/boards/add?image={picture.rpartition('/')[2]}")
        await page.fill("#board-name", f"Kiosks {scheme}")
        await page.check('input[value="new"]')
        assert not await issues(page)
        await page.click("button.main")
        board = page.url.removeprefix(root)
        for path in ("/mine", "/mine?q=walrus", "/server", "/boards", board, picture, "/create"):
            await page.goto(root + path)
            await page.set_viewport_size({"width": 1280, "height": 900})
            assert not await issues(page), path
            await page.set_viewport_size({"width": 360, "height": 740})
            assert not await issues(page), path
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
