"""Every provider beside a local server of its vendor: what the contract's tests, and each vendor's own, stand on."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.media import Pixels
from bot.providers.a1111 import A1111Provider
from bot.providers.base import Provider
from bot.providers.gemini import GeminiProvider
from bot.providers.openai import OpenAIProvider
from bot.providers.replicate import ReplicateProvider
from bot.providers.stability import StabilityProvider
from tests.fakes.a1111_server import FakeA1111
from tests.fakes.gemini_server import FakeGemini
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.replicate_server import FakeReplicate
from tests.fakes.stability_server import FakeStability
from tests.fakes.vendor import HUGE_BYTES
from tests.providers.conftest import Sleeps

LIMIT = 4 * 1024 * 1024
"""Bytes of one picture that these providers take; what is `huge` is twice that."""


class OpenAIVendor(FakeOpenAI):
    """The same words for the older fake."""

    _WORDS: dict[str, dict[str, Any]] = {
        "bad_key": {"status": 401, "code": "invalid_api_key", "message": "Incorrect key: sk-test"},
        "rate_limited": {"status": 429, "code": "rate_limit_exceeded", "headers": {"Retry-After": "7"}},
        "rate_limited_untimed": {"status": 429, "code": "rate_limit_exceeded"},
        "refused": {"status": 400, "code": "moderation_blocked", "type": "image_generation_user_error"},
        "out_of_credit": {"status": 429, "code": "insufficient_quota", "type": "insufficient_quota"},
        "down": {"status": 503},
        "half": {"drop": "half"},
        "huge": {"huge_bytes": HUGE_BYTES},
        "html": {"html": "<html>Welcome to the proxy</html>"},
        "not_a_picture": {"data": "dGhpcyBpcyBubyBwaWN0dXJlIGF0IGFsbCwgd2hhdGV2ZXIgaXRzIG5hbWUgc2F5cw=="},
        "empty": {"count": 0},
        "hold": {"hold": True},
    }

    def will(self, word: str, times: int = 1) -> None:
        self.answers(times=times, **self._WORDS[word])


@dataclass(frozen=True, kw_only=True)
class Case:
    """`lacks` are failures that the vendor has no words for; `make` gets the address, the time limit and the sleep;
    `tries` says which failures are tried again at once, how often in all; `describes` is the model that puts pictures
    into words.
    """

    vendor: Callable[[], Any]
    make: Callable[[Made], Provider]
    model: str
    describes: str | None = None
    lacks: frozenset[str] = frozenset()
    tries: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, kw_only=True)
class Made:
    http: aiohttp.ClientSession
    pixels: Pixels
    url: str
    sleep: Sleeps
    timeout_seconds: float

    @property
    def common(self) -> dict[str, Any]:
        return {
            "timeout_seconds": self.timeout_seconds,
            "stall_seconds": 20.0,
            "picture_limit": LIMIT,
            "sleep": self.sleep,
        }


CASES = {
    "openai": Case(
        vendor=OpenAIVendor,
        make=lambda made: OpenAIProvider(api_key="sk-test", base_url=made.url, **made.common),
        model="openai/gpt-image-2.6-flare",
        describes="openai/gpt-6-luna",
    ),
    "shed": Case(
        vendor=OpenAIVendor,
        make=lambda made: OpenAIProvider(
            api_key="none",
            base_url=made.url,
            name="shed",
            setting="SHED_KEY",
            address_setting="CATALOG_FILE",
            accepts={"n", "size", "output_format"},
            **made.common,
        ),
        model="shed/gpt-image-2",
        describes="shed/llava",
    ),
    "gemini": Case(
        vendor=FakeGemini,
        make=lambda made: GeminiProvider(api_key="AIza-test", base_url=made.url, **made.common),
        model="gemini/gemini-nano-banana-2.1",
        tries={"empty": 2},
        describes="gemini/gemini-3.5-flash-lite",
    ),
    "replicate": Case(
        vendor=FakeReplicate,
        make=lambda made: ReplicateProvider(
            made.http,
            token="r8_test",
            pixels=made.pixels,
            base_url=made.url,
            poll_seconds=0.01,
            **made.common,
        ),
        model="replicate/black-forest-labs/flux-schnell",
    ),
    "stability": Case(
        vendor=FakeStability,
        make=lambda made: StabilityProvider(
            made.http, api_key="sk-test", pixels=made.pixels, base_url=made.url, **made.common
        ),
        model="stability/core",
    ),
    "a1111": Case(
        vendor=FakeA1111,
        make=lambda made: A1111Provider(
            made.http, base_url=made.url, pixels=made.pixels, look_seconds=0.01, **made.common
        ),
        model="a1111/default",
        describes="a1111/default",
        lacks=frozenset({"refused", "out_of_credit"}),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Standing:
    case: Case
    vendor: Any
    provider: Any
    sleeps: Sleeps


@asynccontextmanager
async def standing(name: str, *, timeout_seconds: float = 20.0) -> AsyncGenerator[Standing]:
    """A provider and its vendor; at the end nothing may have been sent that the vendor's document does not allow."""
    case, sleeps = CASES[name], Sleeps()
    async with case.vendor() as vendor, aiohttp.ClientSession() as http:
        with contextlib.closing(Pixels()) as pixels:
            made = Made(
                http=http, pixels=pixels, url=vendor.url, sleep=sleeps, timeout_seconds=timeout_seconds
            )
            provider = case.make(made)
            try:
                yield Standing(case=case, vendor=vendor, provider=provider, sleeps=sleeps)
            finally:
                vendor.release()
                await provider.close()
    assert vendor.violations == []
