"""Takes the admin pages for docs/pictures anew, at three widths: `python -m tests.pages.admin_pictures`."""

from __future__ import annotations

import asyncio

from playwright.async_api import expect

from tests.pages.channel import ChannelPage
from tests.pages.studio_pictures import taken, touring
from tests.pages.test_admin_pages import at_admin, tab
from tests.pages.test_studio import create, studio

DRAWN = {
    "Ada": ("a lantern street in the rain", "a tea house on a cliff in fog"),
    "Camille": ("un héron au bord du canal", "une halle aux grains en hiver", "un tram dans le brouillard"),
    "Milo": ("a night market under paper kites",),
}


async def tour(channel: ChannelPage) -> None:
    for person, prompts in DRAWN.items():
        async with studio(channel, person) as page:
            for prompt in prompts:
                await create(page, prompt)
            if person == "Ada":
                await page.check("[name=private]")
                await page.fill("#prompt", "a surprise for a friend")
                await page.click("[data-wish] button.main")
                await expect(page.locator("#results .card .pictures img")).to_have_count(2)
    async with studio(channel, "Noor") as page:
        await at_admin(page)
        await taken(page, "admin-requests")
        await tab(page, "Members")
        await page.get_by_role("link", name="Every member").click()
        await page.fill("#images", "20")
        await page.get_by_role("button", name="Set", exact=True).click()
        await tab(page, "Members")
        await page.get_by_role("link", name="Camille", exact=True).click()
        await page.fill("#usd", "2.50")
        await page.select_option("#window", "month")
        await page.get_by_role("button", name="Set", exact=True).click()
        await expect(page.locator(".told")).to_be_visible()
        await taken(page, "admin-member")
        await tab(page, "Members")
        await taken(page, "admin-members")
    async with studio(channel, "Noor", "dark") as page:
        await at_admin(page)
        await tab(page, "Usage")
        await taken(page, "admin-usage")
        await tab(page, "Audit log")
        await taken(page, "admin-audit")


if __name__ == "__main__":
    asyncio.run(touring(tour))
