"""Who looks after programs: keys and webhooks as admins type them in Discord and owners on the command line."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any

from bot.playground.messages import Message
from bot.playground.people import Member
from storage.database import open_database
from storage.rows import WebhookRow
from storage.webhooks import WebhookRepository
from tests.scenarios.test_backup_verbs import type_verb
from tests.web.conftest import Answer, Api, api_of
from tests.web.test_webhooks import Receiver, is_signed, receiver

__all__ = ["receiver"]

NEVER = "the receiver is gone"


async def said(api: Api, who: Member, command: str, options: dict[str, Any] | None = None) -> Message:
    """The private answer to `/admin …`."""
    stage = api.stage
    asked = await stage.discord.slash(who, stage.channel, f"admin {command}", options or {}, force=True)
    message = await asked.until(lambda one: one if one.text and not one.loading else None, timeout=15)
    assert asked.ephemeral
    return message


async def ask(api: Api, key: str, method: str = "GET", path: str = "/api/generate/providers") -> Answer:
    return await api.call(method, path, Authorization=f"Bearer {key}")


async def until_refused(api: Api, key: str) -> None:
    """A key that was ended holds five seconds more where another process ended it."""
    until = time.monotonic() + 10
    while (await ask(api, key)).status != 401:
        assert time.monotonic() < until, "a revoked key goes on"
        await asyncio.sleep(0.2)


async def dead_letter(api: Api, receiver: Receiver) -> WebhookRow:
    """A job whose webhook was given up, as it is after twelve attempts and some days."""
    receiver.script[:] = [500] * 50
    job_id = await api.generate("to be told", webhook_url=receiver.url)
    await receiver.until(len(receiver.calls) + 1, heard=False)
    async with open_database(api.stage.bot.database_url) as database:
        webhooks = WebhookRepository(database)
        (row,) = await webhooks.of_request(job_id)
        await webhooks.bury(row.id, time.time(), NEVER)
    receiver.script.clear()
    return row


async def test_admins_and_owners_look_after_keys_and_webhooks(tmp_path: Path, receiver: Receiver) -> None:
    settings = {"TRUSTED_HOSTS": receiver.hosts, "WEBHOOK_RETRY_SECONDS": "3"}
    async with api_of(tmp_path / "bot", **settings) as api:
        await in_discord(api, receiver)
        await on_the_command_line(api, receiver)
        assert not await api.stage.differences()


async def in_discord(api: Api, receiver: Receiver) -> None:
    admin, member = api.stage.admin, api.stage.ada
    assert "manage this server" in (await said(api, member, "apikey create", {"name": "mine"})).text
    assert "manage this server" in (await said(api, member, "webhooks", {"again": True})).text
    beyond = {"name": "watcher", "metrics": True}
    assert "API keys" not in (await said(api, admin, "apikey create", beyond)).text
    assert "None." in (await said(api, admin, "apikey list")).text

    shown = (await said(api, admin, "apikey create", {"name": "our *site*", "days": 3})).text
    (key,) = re.findall(r"\|\|`(atl_\w+_[\w-]+)`\|\|", shown)
    api.key = key
    (secret,) = re.findall(r"\|\|`(whsec_[^`]+)`\|\|", shown)
    (key_id,) = re.findall(r"revoke id:(\w+)", shown)
    own = (await said(api, admin, "apikey create", {"name": "mine", "mine": True})).text
    listed = (await said(api, admin, "apikey list")).text
    assert rf"`{key_id}` **our \*site\*** · a service · never used · until <t:" in listed
    assert f"**mine** · <@{admin.id}>" in listed
    assert key not in listed

    row = await dead_letter(api, receiver)
    told = (await said(api, admin, "webhooks")).text
    assert f"`{row.request_id}` completed · {NEVER}" in told
    assert "1" in (await said(api, admin, "webhooks", {"again": True})).text
    await receiver.until(1)
    headers, body, _ = receiver.calls[-1]
    assert headers["webhook-id"] == row.id
    assert is_signed(secret, headers, body)
    assert "None." in (await said(api, admin, "webhooks")).text

    offered = await api.stage.discord.autocomplete(
        admin, api.stage.channel, "admin apikey revoke", focused=("id", "SITE")
    )
    assert [choice["value"] for choice in offered] == [key_id]
    assert "gone" in (await said(api, admin, "apikey revoke", {"id": key_id})).text
    assert (await ask(api, key)).status == 401, "this very process ended it"
    again = (await said(api, admin, "apikey revoke", {"id": key_id})).text
    assert "gone" not in again
    (mine,) = re.findall(r"\|\|`(atl_\w+_[\w-]+)`\|\|", own)
    assert (await ask(api, mine)).status == 200


async def on_the_command_line(api: Api, receiver: Receiver) -> None:
    async def typed(*words: str, code: int = 0) -> str:
        ended, text = await type_verb(api.stage, *words)
        assert ended == code, text
        return text

    made, whose, wrong = await asyncio.gather(
        typed("apikey", "create", "the shop", "--days", "30", "--per-minute", "1000"),
        typed("apikey", "create", "helper", "--member", str(api.stage.ada.id), "--scopes", "read"),
        typed("apikey", "create", "x", "--scopes", "paint", code=1),
    )
    (key,) = re.findall(r"atl_\S+", made)
    api.key = key
    (secret,) = re.findall(r"whsec_\S+", made)
    key_id = made.split()[0]
    assert f"helper  member {api.stage.ada.id}  read  600/min  no end  never used" in whose
    assert "scopes cannot be 'paint': read, generate, metrics" in wrong
    listed = await typed("apikey", "list")
    assert re.search(rf"{key_id}  the shop  service  read,generate  1000/min  until \d{{4}}-", listed)
    assert "atl_" not in listed

    first, second = await dead_letter(api, receiver), await dead_letter(api, receiver)
    shown = await typed("webhooks", "list")
    assert all(f"{row.id}  " in shown and NEVER in shown for row in (first, second))
    assert "0 will" in await typed("webhooks", "replay", "no-such", code=1)
    before = len(receiver.heard)
    assert await typed("webhooks", "replay", first.id) == "1 will be sent again.\n"
    assert await typed("webhooks", "replay") == "1 will be sent again.\n"
    await receiver.until(before + 2)
    assert sorted(one["job_id"] for one in receiver.heard[before:]) == sorted(
        [first.request_id, second.request_id]
    )
    shown, dead, delivered = await asyncio.gather(
        typed("webhooks", "secret", key_id),
        typed("webhooks", "list"),
        typed("webhooks", "list", "--state", "delivered"),
    )
    assert (shown.strip(), dead) == (secret, "")
    assert first.id in delivered
    assert all(is_signed(secret, headers, body) for headers, body, _ in receiver.calls[-2:])

    assert "five seconds" in await typed("apikey", "revoke", key_id)
    assert "no such key" in await typed("apikey", "revoke", key_id, code=1)
    await until_refused(api, key)
    assert re.search(rf"{key_id}  the shop .*  revoked \d{{4}}-", await typed("apikey", "list"))
