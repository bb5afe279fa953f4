"""The playground as a visitor starts it, and Debian's Chromium before it. Without a browser these tests are skipped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.pages.channel import ChannelPage

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = Path("/usr/bin/chromium")
# Without these it looks for its makers' hosts at every start; as root it needs to be told to do without its sandbox.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STARTED = re.compile(r"The playground is at (http://127\.0\.0\.1:\d+)")
PATIENCE_MS = 30_000


@contextmanager
def playing(folder: Path, **environment: str) -> Generator[str]:
    """A playground with its data in `folder`; its address."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PLAYGROUND_PORT": "0",
        "DATA_DIR": str(folder),
        **environment,
    }
    command = [sys.executable, "-m", "bot", "playground"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environ) as process:
        assert process.stdout
        told = STARTED.match(process.stdout.readline())
        assert told
        try:
            yield told[1]
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a playground runs that all tests share; each test looks for what it made itself."""
    with playing(
        tmp_path_factory.mktemp("playground"), DEMO_LATENCY_SECONDS="1", QUOTA_IMAGES_PER_DAY="500"
    ) as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there: `make browsers` installs it")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        await started.close()


@asynccontextmanager
async def first_visit(browser: Browser, address: str) -> AsyncGenerator[Page]:
    """In English, in the dark. Anything that the page's code reports as an error fails the test."""
    context = await browser.new_context(
        viewport={"width": 1280, "height": 800},
        color_scheme="dark",
        locale="en-US",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    shown = await context.new_page()
    failures: list[str] = []
    shown.on("pageerror", lambda error: failures.append(str(error)))
    shown.on("console", lambda line: failures.append(line.text) if line.type == "error" else None)
    await shown.goto(address)
    await expect(shown.get_by_text("The bot is online").first).to_be_visible()
    yield shown
    await context.close()
    assert not failures


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, address: str) -> AsyncIterator[Page]:
    async with first_visit(browser, address) as shown:
        yield shown


@pytest_asyncio.fixture(loop_scope="session")
async def channel(page: Page) -> ChannelPage:
    return ChannelPage(page)
