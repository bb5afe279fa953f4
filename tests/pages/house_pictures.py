"""Takes the admin pages that change what holds, the choice between servers and the API's page for docs/pictures anew:
`python -m tests.pages.house_pictures`.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from tests.fakes.openai_server import FakeOpenAI
from tests.pages.conftest import CHROMIUM, FLAGS
from tests.pages.studio_pictures import taken
from tests.scenarios.conftest import Stage, staged
from tests.scenarios.test_health import free_port
from tests.web.test_admin_house import HOUSE, KEY, dead, drawn
from tests.web.test_pages import Browser, browser, link_of, sign_in
from tests.web.test_region import by_link

_SERVER = ("models", "blocks", "providers", "apikeys", "webhooks")
_HOUSE = ("providers", "invitations")
_OTHERS = (("/admin", "admin-choose"), ("/api/docs?lang=fr", "api"))


async def furnish(stage: Stage, owner: Browser, ada: Browser, pages: str) -> None:
    """Something on every page."""
    await drawn(ada)
    _, request_id = await drawn(owner)
    await dead(stage, request_id, "dead")
    forms: list[tuple[str, dict[str, str]]] = [
        ("blocks", {"user": str(stage.ada.id), "reason": "Advertising in #pictures, twice", "days": "7"}),
        ("providers", {"provider": "openai", "key": KEY}),
        ("apikeys", {"name": "our website", "days": "365"}),
    ]
    for name, fields in forms:
        assert (await owner.post(f"{pages}/{name}", **fields))[0] in (200, 303)
    for name in ("Léa", "Grandfather"):
        assert (await owner.post(f"{HOUSE}/invitations", name=name, server=str(stage.guild.id)))[0] == 200


async def main() -> None:
    port = free_port()
    async with FakeOpenAI(key=KEY) as vendor, async_playwright() as playwright:
        with tempfile.TemporaryDirectory() as folder:
            settings = {
                "HTTP_PORT": str(port),
                "OPENAI_API_KEY": KEY,
                "OPENAI_BASE_URL": vendor.url,
                "GEMINI_API_KEY": "a-key-that-nobody-asks",
                "API_ANONYMOUS": "1",
            }
            async with staged(Path(folder), settings) as stage:
                await stage.bot.start(OWNER_IDS=str(stage.moderator.id))
                root, pages = f"http://127.0.0.1:{port}", f"/admin/{stage.guild.id}"
                async with browser(root) as owner, browser(root) as ada:
                    await sign_in(stage, owner, stage.moderator)
                    await sign_in(stage, ada, stage.ada)
                    await furnish(stage, owner, ada, pages)
                chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                page = await by_link(chromium, await link_of(stage, stage.moderator))
                shown = [(f"{pages}/{name}", f"admin-{name}") for name in _SERVER]
                shown += [(f"{HOUSE}/{name}", f"house-{name}") for name in _HOUSE]
                for path, name in [*shown, *_OTHERS]:
                    await page.goto(root + path)
                    await taken(page, name)
                await chromium.close()


if __name__ == "__main__":
    asyncio.run(main())
