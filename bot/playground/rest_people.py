"""Accounts, servers and the way to the gateway over REST."""

from __future__ import annotations

from bot.playground.call import NOTHING, Call, Reply, Route
from bot.playground.errors import ApiError
from bot.playground.jsonic import Json, as_int


def me(call: Call) -> Reply:
    return Reply(call.sim.me())


def rename_me(call: Call) -> Reply:
    call.sim.bot.name = call.payload.get("username") or call.sim.bot.name
    return me(call)


def my_guilds(call: Call) -> Reply:
    fields = ("id", "name", "icon", "banner", "features")
    found: list[Json] = []
    for guild in call.sim.guilds.values():
        if guild.me is not None:
            whole = guild.to_dict()
            permissions = str(guild.me.base_permissions)
            found.append({**{key: whole[key] for key in fields}, "owner": False, "permissions": permissions})
    return Reply(found)


def leave(call: Call) -> Reply:
    call.guild().remove_bot()
    return NOTHING


def open_dm(call: Call) -> Reply:
    user = call.sim.users.get(as_int(call.payload.get("recipient_id")) or 0)
    if user is None or user is call.sim.bot:
        raise ApiError(10013)
    return Reply(call.sim.dm(user).to_dict())


def user(call: Call) -> Reply:
    found = call.sim.users.get(call.number("user_id"))
    if found is None:
        raise ApiError(10013)
    return Reply(found.to_dict())


def guild(call: Call) -> Reply:
    found = call.guild()
    counts: Json = {}
    if call.query.get("with_counts") in ("1", "true", "True"):
        counts = {
            "approximate_member_count": len(found.members),
            "approximate_presence_count": len(found.members),
        }
    return Reply({**found.to_dict(), **counts})


def guild_channels(call: Call) -> Reply:
    return Reply([channel.to_dict() for channel in call.guild().channels.values() if not channel.is_thread])


def guild_roles(call: Call) -> Reply:
    return Reply([role.to_dict() for role in call.guild().roles])


def member(call: Call) -> Reply:
    found = call.guild().members.get(call.number("user_id"))
    if found is None:
        raise ApiError(10007)
    return Reply(found.to_dict())


def gateway(call: Call) -> Reply:
    return Reply({"url": call.sim.gateway_url})


def gateway_for_bots(call: Call) -> Reply:
    limit: Json = {
        "total": 1000,
        "remaining": 1000 - call.sim.gateway.identifies,
        "reset_after": 0,
        "max_concurrency": 1,
    }
    return Reply(
        {"url": call.sim.gateway_url, "shards": call.sim.recommended_shards, "session_start_limit": limit}
    )


ROUTES = [
    Route("GET", "/users/@me", me),
    Route("PATCH", "/users/@me", rename_me),
    Route("GET", "/users/@me/guilds", my_guilds),
    Route("DELETE", "/users/@me/guilds/{guild_id}", leave),
    Route("POST", "/users/@me/channels", open_dm),
    Route("GET", "/users/{user_id}", user),
    Route("GET", "/guilds/{guild_id}", guild),
    Route("GET", "/guilds/{guild_id}/channels", guild_channels),
    Route("GET", "/guilds/{guild_id}/roles", guild_roles),
    Route("GET", "/guilds/{guild_id}/members/{user_id}", member),
    Route("GET", "/gateway", gateway, by_token=True),
    Route("GET", "/gateway/bot", gateway_for_bots),
]
