"""Keys of their own: a server, or a member where the owner allows it, brings a provider's key and pays with it.

Sealed at rest, tested by a call that costs nothing before it is saved, shown by its last four characters only.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
import structlog

from bot.errors import BadKey, Misconfigured
from bot.providers.base import Provider
from bot.vault import Vault
from storage.keys import KeyRepository
from storage.rows import KeyRow

_TEST_SECONDS = 10.0
_REFUSED = frozenset({400, 401, 403})
"""Gemini says 400 for a key that is none."""
_SHORTEST = 8
_FRESH_SECONDS = 5.0
"""How long another process may go on with keys that were just saved or removed."""

_log = structlog.get_logger(__name__)

Build = Callable[[str, str], Provider]
"""A provider by its name and key."""


@dataclass(frozen=True)
class Probe:
    """A call that costs nothing and answers 200 only for a good key; `{key}` in the headers is the key."""

    url: str
    headers: Mapping[str, str]


def probes(bases: Mapping[str, str]) -> dict[str, Probe]:
    """For the providers whose addresses (as in the settings) are given."""
    bearer = {"Authorization": "Bearer {key}"}
    known = {
        "openai": ("{base}/models", bearer),
        "gemini": ("{base}/v1beta/models?pageSize=1", {"x-goog-api-key": "{key}"}),
        "replicate": ("{base}/v1/account", bearer),
        "stability": ("{base}/v1/user/balance", bearer),
    }
    return {
        name: Probe(known[name][0].format(base=base.rstrip("/")), known[name][1])
        for name, base in bases.items()
        if name in known
    }


class OwnKeys:
    def __init__(
        self,
        keys: KeyRepository,
        vault: Vault,
        *,
        build: Build,
        probes: Mapping[str, Probe],
        http: aiohttp.ClientSession,
        members_may: bool,
    ) -> None:
        self._keys, self._vault, self._build, self._probes = keys, vault, build, probes
        self._http, self.members_may = http, members_may
        self._providers: dict[tuple[str, str], tuple[bytes, Provider]] = {}
        self._known: dict[str, tuple[float, frozenset[str]]] = {}
        """By owner: until when to trust it (monotonic), and for whom there are keys."""

    @property
    def names(self) -> list[str]:
        """Of the providers whose keys can be brought."""
        return list(self._probes)

    def check(self, provider: str, owner: str) -> None:
        """Raises BadKey where this owner cannot bring a key of this provider at all."""
        if provider not in self._probes:
            raise BadKey(provider=provider, problem="provider")
        if owner.startswith("user:") and not self.members_may:
            raise BadKey(provider=provider, problem="closed")

    async def save(self, owner: str, provider: str, key: str, *, guild_id: int, actor_id: int) -> str:
        """Test and save; the last four characters. Raises BadKey and then nothing is saved."""
        self.check(provider, owner)
        key = key.strip()
        if len(key) < _SHORTEST or not key.isascii() or not key.isprintable():
            raise BadKey(provider=provider, problem="empty")
        await self._test(provider, key)
        last_four = key[-4:]
        sealed = self._vault.seal(key)
        await self._keys.save(owner, provider, sealed, last_four, guild_id=guild_id, actor_id=actor_id)
        await self._look(owner)
        return last_four

    async def remove(self, owner: str, provider: str, *, guild_id: int, actor_id: int) -> bool:
        gone = await self._keys.remove(owner, provider, guild_id=guild_id, actor_id=actor_id)
        await self._look(owner)
        return gone

    async def of(self, *owners: str) -> list[KeyRow]:
        return await self._keys.of(owners)

    async def payer(self, provider: str, user_id: int, guild_id: int) -> str | None:
        """Whose key pays for this provider here: the member's own, the server's, or None for the owner's."""
        owners = self._owners(user_id, guild_id)
        await self._freshen(owners)
        return next((owner for owner in owners if provider in self._known[owner][1]), None)

    async def brought(self, user_id: int, guild_id: int) -> frozenset[str]:
        """The providers for which there is a key here, this member's or the server's."""
        await self._freshen(self._owners(user_id, guild_id))
        return self.remembered(user_id, guild_id)

    def remembered(self, user_id: int, guild_id: int) -> frozenset[str]:
        """As `brought`, from memory and perhaps a little old: for lists that are offered while somebody types."""
        known = (self._known.get(owner) for owner in self._owners(user_id, guild_id))
        return frozenset[str]().union(*(entry[1] for entry in known if entry is not None))

    async def load(self) -> None:
        """Who has brought keys, so that the first list that is offered knows it."""
        found: dict[str, set[str]] = {}
        for owner, provider in await self._keys.owners():
            found.setdefault(owner, set()).add(provider)
        self._known = {owner: (_until(), frozenset(names)) for owner, names in found.items()}

    async def provider(self, payer: str, name: str) -> Provider:
        """The provider that works with this payer's key. Raises Misconfigured when the key is gone."""
        row = await self._keys.get(payer, name)
        key = self._vault.open(row.sealed) if row else None
        if key is None:
            raise Misconfigured(provider=name, code="no_key")
        mark = hashlib.sha256(key.encode()).digest()
        made = self._providers.get((payer, name))
        if made is None or made[0] != mark:
            if made is not None:
                await made[1].close()
            made = self._providers[payer, name] = (mark, self._build(name, key))
        return made[1]

    async def close(self) -> None:
        for _, provider in self._providers.values():
            await provider.close()

    def _owners(self, user_id: int, guild_id: int) -> list[str]:
        """Whose keys count here, the one who pays first."""
        mine = [f"user:{user_id}"] if self.members_may else []
        return [*mine, *([f"guild:{guild_id}"] if guild_id else [])]

    async def _freshen(self, owners: list[str]) -> None:
        now = time.monotonic()
        await self._look(*(owner for owner in owners if self._known.get(owner, (0.0,))[0] < now))

    async def _look(self, *owners: str) -> None:
        if not owners:
            return
        rows = await self._keys.of(owners)
        for owner in owners:
            names = frozenset(row.provider for row in rows if row.owner == owner)
            self._known[owner] = (_until(), names)

    async def _test(self, provider: str, key: str) -> None:
        probe = self._probes[provider]
        headers = {name: value.format(key=key) for name, value in probe.headers.items()}
        timeout = aiohttp.ClientTimeout(total=_TEST_SECONDS)
        try:
            async with self._http.get(
                probe.url, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.info("a brought key could not be tested", provider=provider, why=type(error).__name__)
            raise BadKey(provider=provider, problem="unreachable") from error
        if status in _REFUSED:
            raise BadKey(provider=provider, problem="refused")
        if status != 200:
            _log.info("a brought key could not be tested", provider=provider, status=status)
            raise BadKey(provider=provider, problem="unreachable")


def _until() -> float:
    return time.monotonic() + _FRESH_SECONDS
