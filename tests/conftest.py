"""What holds for every test: the developer's own settings do not count, and nothing reaches the outside."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Generator
from typing import Any

import hypothesis
import pytest

from bot.settings import SETTINGS
from storage.database import open_database
from tests.storage.postgres_server import PostgresServer, postgres_server

_SOCKETS = ("connect", "connect_ex")


def pytest_configure() -> None:
    # A busy build server is no reason to fail: pytest's own timeout watches over what hangs.
    hypothesis.settings.register_profile("atelier", deadline=None)
    hypothesis.settings.load_profile("atelier")
    for name in _SOCKETS:
        setattr(socket.socket, name, _loopback_only(getattr(socket.socket, name)))


@pytest.fixture(autouse=True)
def no_settings_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SETTINGS, "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANGUAGE", "en")


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """One server for all tests of a process; each takes a database of its own."""
    try:
        server = postgres_server()
        started = server.__enter__()
    except Exception as error:  # noqa: BLE001 - whatever keeps the wheel's server from running here is a reason to skip
        pytest.skip(f"PostgreSQL does not start here: {error!r}")
    try:
        asyncio.run(_open_and_close(started.make_template()))
        yield started
    finally:
        server.__exit__(None, None, None)


async def _open_and_close(url: str) -> None:
    async with open_database(url):
        pass


def _loopback_only(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise RuntimeError(f"a test tried to reach {address}")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
