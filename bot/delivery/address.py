"""Where a result goes: all that is needed to find the message again in another process, after the event is gone."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.vault import Vault
from storage.rows import NewRequest, RequestRow

SAFE_LIMIT_BYTES = 10 * 1024 * 1024
"""What every place takes, whatever Discord's default is today: it was moving from 10 to 20 MiB in 2026."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """`message_id` is the deferred answer's message; `token` edits it until `token_expires_at` (Unix seconds)."""

    request_id: str
    application_id: int
    token: str | None = field(repr=False)
    token_expires_at: float
    message_id: int | None
    channel_id: int
    guild_id: int
    user_id: int
    locale: str
    private: bool
    spoiler: bool
    file_limit_bytes: int


def address_of(row: NewRequest | RequestRow, vault: Vault) -> Address:
    return Address(
        request_id=row.id,
        application_id=row.application_id or 0,
        token=vault.open(row.token) if row.token else None,
        token_expires_at=row.token_expires_at or 0.0,
        message_id=row.message_id,
        channel_id=row.message_channel_id or row.channel_id,
        guild_id=row.guild_id,
        user_id=row.user_id,
        locale=row.locale,
        private=row.private,
        spoiler=row.spoiler,
        file_limit_bytes=row.file_limit_bytes or SAFE_LIMIT_BYTES,
    )
