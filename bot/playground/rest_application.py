"""The application over REST: itself, its commands, its emoji, and what was bought from it (nothing)."""

from __future__ import annotations

import base64
import binascii

from bot.playground.call import NOTHING, Call, Reply, Route
from bot.playground.cdn import picture_size
from bot.playground.errors import ApiError, InvalidForm
from bot.playground.jsonic import Json, as_int, objects

EMOJI_MAX = 2000
EMOJI_BYTES_MAX = 256 * 1024


def application(call: Call) -> Reply:
    sim = call.sim
    return Reply(
        {
            "id": str(sim.application_id),
            "name": sim.bot.name,
            "icon": None,
            "description": "",
            "type": None,
            "bot": sim.bot.to_dict(),
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": 0,
            "flags_new": "0",
            "eligible_oauth2_scopes": [],
            "owner": sim.owner.to_dict(),
            "team": None,
            "max_participants": None,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "approximate_guild_count": sum(guild.me is not None for guild in sim.guilds.values()),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "integration_types_config": {"0": {}, "1": {}},
            "explicit_content_filter": 0,
        }
    )


def _own(call: Call) -> None:
    if call.number("application_id") != call.sim.application_id:
        raise ApiError(10002)


def _scope(call: Call) -> int | None:
    """None for the global commands, else the server of the path."""
    _own(call)
    return call.guild().id if "guild_id" in call.path else None


def list_commands(call: Call) -> Reply:
    return Reply(call.sim.commands.all(_scope(call)))


def replace_commands(call: Call) -> Reply:
    stored = call.sim.commands.replace(_scope(call), objects(call.body.payload))
    call.sim.synced()
    return Reply(stored)


def create_command(call: Call) -> Reply:
    stored, new = call.sim.commands.upsert(_scope(call), call.payload)
    call.sim.synced()
    return Reply(stored, 201 if new else 200)


def get_command(call: Call) -> Reply:
    return Reply(call.sim.commands.get(_scope(call), call.number("command_id")))


def change_command(call: Call) -> Reply:
    return Reply(call.sim.commands.change(_scope(call), call.number("command_id"), call.payload))


def delete_command(call: Call) -> Reply:
    call.sim.commands.delete(_scope(call), call.number("command_id"))
    return NOTHING


def command_permissions(call: Call) -> Reply:
    _scope(call)
    return Reply([])


def _emoji(call: Call) -> Json:
    _own(call)
    found = next((one for one in call.sim.emojis if as_int(one["id"]) == call.number("emoji_id")), None)
    if found is None:
        raise ApiError(10014)
    return found


def list_emojis(call: Call) -> Reply:
    _own(call)
    return Reply({"items": call.sim.emojis})


def _picture(image: str) -> bytes | None:
    """What a data URI of a picture holds."""
    head, _, body = image.partition(";base64,")
    if not head.startswith("data:image/"):
        return None
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        return None


def create_emoji(call: Call) -> Reply:
    _own(call)
    name, image = str(call.payload["name"]), str(call.payload["image"])
    if any(one["name"] == name for one in call.sim.emojis):
        raise InvalidForm([("name", "An emoji with this name already exists")])
    picture = _picture(image)
    if picture is None or len(picture) > EMOJI_BYTES_MAX or picture_size(picture) == (None, None):
        raise InvalidForm([("image", "Must be image data of at most 256 KiB")])
    if len(call.sim.emojis) >= EMOJI_MAX:
        raise ApiError(30008, message="Maximum number of emojis reached")
    number = call.sim.ids.next()
    emoji: Json = {
        "id": str(number),
        "name": name,
        "roles": [],
        "user": call.sim.bot.to_dict(),
        "require_colons": True,
        "managed": False,
        "animated": image.startswith("data:image/gif"),
        "available": True,
    }
    call.sim.emojis.append(emoji)
    call.sim.emoji_files[number] = picture
    return Reply(emoji, 201)


def get_emoji(call: Call) -> Reply:
    return Reply(_emoji(call))


def delete_emoji(call: Call) -> Reply:
    call.sim.emojis.remove(_emoji(call))
    return NOTHING


def entitlements(call: Call) -> Reply:
    _own(call)
    return Reply([])


_APP = "/applications/{application_id}"
ROUTES = [
    Route("GET", "/oauth2/applications/@me", application),
    Route("GET", "/applications/@me", application),
    *(
        route
        for scope in (f"{_APP}/commands", f"{_APP}/guilds/{{guild_id}}/commands")
        for route in (
            Route("GET", scope, list_commands),
            Route("PUT", scope, replace_commands),
            Route("POST", scope, create_command),
            Route("GET", f"{scope}/{{command_id}}", get_command),
            Route("PATCH", f"{scope}/{{command_id}}", change_command),
            Route("DELETE", f"{scope}/{{command_id}}", delete_command),
        )
    ),
    Route("GET", f"{_APP}/emojis", list_emojis),
    Route("POST", f"{_APP}/emojis", create_emoji),
    Route("GET", f"{_APP}/emojis/{{emoji_id}}", get_emoji),
    Route("DELETE", f"{_APP}/emojis/{{emoji_id}}", delete_emoji),
    Route("GET", f"{_APP}/entitlements", entitlements),
]
# The permissions of all commands stand under "permissions" where a command's id would: first come, first served.
ROUTES.insert(0, Route("GET", f"{_APP}/guilds/{{guild_id}}/commands/permissions", command_permissions))
