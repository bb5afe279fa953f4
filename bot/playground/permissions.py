"""Permission bits by name, and how roles and overwrites add up in a channel."""

from collections.abc import Iterable
from enum import IntFlag


class Permission(IntFlag):
    """The bits that matter to an image bot and to those who use it."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    USE_EXTERNAL_APPS = 1 << 50


P = Permission
EVERYTHING = (1 << 53) - 1
EVERYONE_DEFAULT = int(
    P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_EXTERNAL_EMOJIS
    | P.USE_APPLICATION_COMMANDS
    | P.CREATE_PUBLIC_THREADS
    | P.SEND_MESSAGES_IN_THREADS
    | P.USE_EXTERNAL_APPS
)
# What Discord states as the app's permissions in a direct message, where there are no roles.
IN_DIRECT_MESSAGES = EVERYONE_DEFAULT | int(P.MENTION_EVERYONE)

PermissionsLike = int | str | Iterable[str]


def bits(permissions: PermissionsLike) -> int:
    """A number from a number, a name ("manage_guild") or several names. Raises KeyError for unknown names."""
    if isinstance(permissions, int):
        return int(permissions)
    names = [permissions] if isinstance(permissions, str) else permissions
    total = 0
    for name in names:
        total |= Permission[name.upper()]
    return total


def names(permissions: int) -> list[str]:
    return [flag.name.lower() for flag in Permission if flag & permissions and flag.name]


def effective(
    base: int,
    *,
    everyone_id: int,
    role_ids: Iterable[int],
    member_id: int,
    overwrites: dict[int, tuple[int, int]],
) -> int:
    """`base` (the roles' sum) after the channel's overwrites, in Discord's order: everyone, roles, member."""
    if base & P.ADMINISTRATOR:
        return EVERYTHING
    allow, deny = overwrites.get(everyone_id, (0, 0))
    total = base & ~deny | allow
    role_allow = role_deny = 0
    for role_id in role_ids:
        allow, deny = overwrites.get(role_id, (0, 0))
        role_allow |= allow
        role_deny |= deny
    total = total & ~role_deny | role_allow
    allow, deny = overwrites.get(member_id, (0, 0))
    total = total & ~deny | allow
    return total if total & P.VIEW_CHANNEL else 0
