"""The admin pages in a browser, from the playground on: a limit that holds at once, and pages that everyone can use."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.pages.channel import ChannelPage
from tests.pages.test_access import issues
from tests.pages.test_studio import create, studio

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def at_admin(page: Page) -> str:
    """From the menu to the first page; where the server's pages begin."""
    await page.get_by_role("navigation", name="Pages").get_by_role("link", name="Admin").click()
    await expect(page.get_by_role("heading", name="Requests")).to_be_visible()
    return page.url.partition("/requests")[0]


async def tab(page: Page, name: str) -> None:
    await page.get_by_role("navigation", name="Admin pages").get_by_role("link", name=name).click()


async def test_an_admin_sets_a_limit_and_the_next_imagine_obeys(channel: ChannelPage) -> None:
    async with studio(channel, "Milo") as page:
        await create(page, "a tram in the fog")
        assert await page.get_by_role("link", name="Admin").count() == 0
    async with studio(channel, "Noor") as page:
        await at_admin(page)
        await page.fill("#member", "milo")
        await page.get_by_role("button", name="Find").click()
        await expect(page.locator(".rows tbody tr")).to_have_count(1)
        await tab(page, "Members")
        await page.get_by_role("link", name="Milo", exact=True).click()
        own = page.locator("form", has=page.get_by_role("heading", name="Set a limit of their own"))
        await own.get_by_label("Pictures").fill("1")
        await own.get_by_role("button", name="Set").click()
        await expect(page.locator(".told")).to_have_text("✅ Milo: 1 picture a day.")
        await channel.be("Milo")
        await channel.start("imagine")
        await channel.option("prompt", "another tram")
        await channel.send()
        refused = channel.messages.filter(has_text="Your quota is used up: 1 picture of 1 picture").last
        await expect(refused).to_be_visible()
        await page.get_by_role("button", name="Take these limits away").click()
        await expect(page.locator(".told")).to_contain_text("Taken away: 1 picture a day")
        await channel.be("Milo")
        await channel.imagine("the tram at last")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious_on_admin_pages_in_both_languages(
    channel: ChannelPage, scheme: str
) -> None:
    async with studio(channel, "Noor", scheme) as page:
        await create(page, f"a granary by {scheme}")
        root = await at_admin(page)
        request = await page.locator(".rows tbody a").first.get_attribute("href") or ""
        member = await page.locator(".rows tbody tr").first.locator("a").nth(1).get_attribute("href") or ""
        address = root.partition("/admin")[0]
        paths = [
            *(
                f"{root}/{name}"
                for name in ("requests", "requests?state=failed&from=2020-01-01&to=2020-01-02")
            ),
            *(
                f"{root}/{name}"
                for name in (
                    "members",
                    "members/everyone",
                    "members/server",
                    "usage?span=week",
                    "audit?from=2020-01-01",
                )
            ),
            *(f"{root}/members/{member.rpartition('=')[2]}", address + request),
        ]
        for language, heading in (("English", "Requests"), ("français", "Demandes")):
            await page.goto(f"{root}/requests")
            await page.get_by_role("button", name=language).click()
            await expect(page.get_by_role("heading", name=heading)).to_be_visible()
            for path in paths:
                await page.goto(path)
                for size in ({"width": 1280, "height": 900}, {"width": 360, "height": 740}):
                    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
                    assert not await issues(page), path
                    wide = await page.evaluate("document.documentElement.scrollWidth")
                    assert wide <= size["width"], (path, language, wide)
