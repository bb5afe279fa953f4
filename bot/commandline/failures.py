"""The words and the exit code for everything that can end a verb: one line each, on stderr."""

from __future__ import annotations

import re

from bot.commandline.verbs import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_LIMIT, EXIT_POLICY, EXIT_USAGE
from bot.errors import (
    AtelierError,
    Cancelled,
    CoolingDown,
    Misconfigured,
    OutOfCredit,
    PolicyRefusal,
    QueueFull,
    QuotaExceeded,
    Refused,
    SettingsError,
    StartupError,
)
from bot.i18n import _
from bot.terminal import t, texts

STARTUP_WORDS = {
    "unwritable": (_("A file or folder cannot be written to."), ""),
    "locked_database": (
        _("The database is in use by another program."),
        _("Stop that one, or wait until it is done."),
    ),
    "damaged_database": (_("The database is damaged."), _("Put a backup in its place.")),
    "newer_schema": (
        _("The database was made by a newer version of Atelier."),
        _("Update Atelier, or restore a backup."),
    ),
    "database": (_("The database cannot be used."), ""),
    "second_engine": (
        _("Another Atelier already works with this data."),
        _(
            "One SQLite file serves one process: stop the other, or set DATABASE_URL to PostgreSQL to run several."
        ),
    ),
    "backup_exists": (_("There is a file of that name already."), _("Choose another name, or a folder.")),
    "no_backup": (_("The backup cannot be read."), ""),
    "no_database": (_("There is no database at this address."), ""),
    "bad_store": (
        _("IMAGE_STORE_URL cannot be used."),
        _("It is a folder, or an address such as s3://bucket/prefix."),
    ),
    "unfinished": (
        _("Some requests are not finished."),
        _("Start the bot and stop it again (it lets them end), or add --close-unfinished."),
    ),
    "not_empty": (_("The database to write into has rows already, in this table."), _("Give an empty one.")),
    "copy_differs": (_("What was written differs from what was read. Do not use it."), ""),
    "bad_database_url": (
        _("The address of a database is not understood."),
        _("It starts with sqlite+aiosqlite:/// or postgresql+asyncpg://"),
    ),
    "needs_postgres": (
        _("Several processes share one PostgreSQL; SQLite serves one process alone."),
        _("Set DATABASE_URL to postgresql+asyncpg://…, or use: python -m bot run"),
    ),
    "bad_shards": (_("--shards wants numbers such as 0-3/8: shards 0 to 3 of 8."), ""),
    "unreachable": (
        _("There is no answer from there."),
        _("Check the address, the network and the service's own status."),
    ),
    "bad_token": (
        _("Discord does not accept DISCORD_TOKEN."),
        _("Make a new one: https://discord.com/developers/applications, your application, Bot, Reset Token"),
    ),
    "no_discord": (_("What answers there is not Discord, or Discord is not well."), ""),
    "gateway_closed": (_("Discord closed the connection for good."), ""),
    "bad_catalog": (_("CATALOG_FILE cannot be used."), ""),
    "bad_plugin": (
        _("A provider that was installed as a plug-in cannot be used."),
        _("Update or uninstall it."),
    ),
    "bad_styles": (_("STYLES_FILE cannot be used."), ""),
    "needs_yes": (_("Nothing was begun."), ""),
    "second_batch": (_("Another atelier works on this script already."), _("Let it end, or stop it.")),
    "port_in_use": (
        _("The address is in use by another program."),
        _("Stop that one, or choose another port."),
    ),
}
"""What happened, and what helps when the error itself has no better hint."""

_SOURCES = _("settings come from the environment, .env or config.json; .env.example lists them all")


def words_of(error: AtelierError) -> str:
    if isinstance(error, SettingsError):
        return _settings(error)
    if isinstance(error, StartupError):
        return _start(error)
    # Whoever types here is the owner: what members are told of them says nothing to them.
    if isinstance(error, Misconfigured):
        return t(
            "{provider} does not accept its key or settings. Ask: atelier doctor", provider=error.provider
        )
    if isinstance(error, OutOfCredit):
        return t(
            "Your account at {provider} has no credit left. Top it up, or choose another model: atelier models",
            provider=error.provider,
        )
    from bot.plain import plain_words

    return plain_words(error, texts())


def code_of(error: AtelierError) -> int:
    """2 what was said cannot be, 3 a limit, 5 the vendor's rules, 130 cancelled, 1 everything else."""
    match error:
        case SettingsError():
            return EXIT_USAGE
        case QuotaExceeded() | QueueFull() | CoolingDown():
            return EXIT_LIMIT
        case StartupError(what="needs_yes"):
            return EXIT_USAGE
        case PolicyRefusal():
            return EXIT_POLICY
        case Cancelled():
            return EXIT_INTERRUPTED
        case Refused():
            return EXIT_USAGE
        case _:
            return EXIT_FAILED


def _settings(error: SettingsError) -> str:
    """A line for each problem: the setting, what is wrong, where to get it."""
    lines = [
        t("{what}: {where}", what=f"{name} {what}", where=where) if where else f"{name} {what}"
        for name, what, where in error.problems
    ]
    if len(lines) == 1:
        return f"{lines[0]} ({t(_SOURCES)})"
    head = t("{n} settings need attention; {sources}:", n=len(lines), sources=t(_SOURCES))
    return "\n".join([head, *(f"  {line}" for line in lines)])


def _start(error: StartupError) -> str:
    happened, help_ = STARTUP_WORDS.get(error.what, ("", ""))
    happened = t(happened) if happened else t("Atelier cannot start: {what}.", what=error.what)
    if error.where:
        happened = t("{what}: {where}.", what=happened.rstrip("."), where=error.where)
    # In one line; French has spaces of its own, which stay.
    hint = re.sub(r"[ \t\r\n]+", " ", error.hint or (t(help_) if help_ else ""))
    return f"{happened} {hint}".strip()
