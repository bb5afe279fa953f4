"""A local vendor that speaks OpenAI's formats, and a provider that talks to it. No test sleeps: waits are handed in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from bot.providers.openai import OpenAIProvider
from tests.fakes.openai_server import FakeOpenAI


@dataclass
class Sleeps:
    """Stands in for asyncio.sleep and remembers what was asked of it."""

    asked: list[float] = field(default_factory=list[float])

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
async def vendor() -> AsyncGenerator[FakeOpenAI]:
    async with FakeOpenAI() as vendor:
        yield vendor
        vendor.release()
    assert vendor.violations == []


@pytest.fixture
async def openai(vendor: FakeOpenAI, sleeps: Sleeps) -> AsyncGenerator[OpenAIProvider]:
    provider = OpenAIProvider(
        api_key="sk-test", base_url=vendor.url, timeout_seconds=20, stall_seconds=20, sleep=sleeps
    )
    yield provider
    await provider.close()
