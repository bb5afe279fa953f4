"""The words and the exit code for everything that can end a verb: one line each, on stderr."""

from __future__ import annotations

from bot.commandline.verbs import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_LIMIT, EXIT_POLICY, EXIT_USAGE
from bot.errors import (
    AtelierError,
    Cancelled,
    CoolingDown,
    PolicyRefusal,
    QueueFull,
    QuotaExceeded,
    Refused,
    SettingsError,
    StartupError,
)

STARTUP_WORDS = {
    "unwritable": ("A file or folder cannot be written to.", ""),
    "locked_database": (
        "The database is in use by another program.",
        "Stop that one, or wait until it is done.",
    ),
    "damaged_database": ("The database is damaged.", "Put a backup in its place."),
    "newer_schema": (
        "The database was made by a newer version of Atelier.",
        "Update Atelier, or restore a backup.",
    ),
    "database": ("The database cannot be used.", ""),
    "second_engine": (
        "Another Atelier already works with this data.",
        "One SQLite file serves one process: stop the other, or set DATABASE_URL to PostgreSQL to run several.",
    ),
    "backup_exists": ("There is a file of that name already.", "Choose another name, or a folder."),
    "no_backup": ("The backup cannot be read.", ""),
    "unfinished": (
        "Some requests are not finished.",
        "Start the bot and stop it again (it lets them end), or add --close-unfinished.",
    ),
    "not_empty": ("The database to write into has rows already, in this table.", "Give an empty one."),
    "copy_differs": ("What was written differs from what was read. Do not use it.", ""),
    "bad_database_url": ("The address of a database is not understood.", ""),
    "needs_postgres": (
        "Several processes share one PostgreSQL; SQLite serves one process alone.",
        "Set DATABASE_URL to postgresql+asyncpg://…, or use: python -m bot run",
    ),
    "bad_shards": ("--shards wants numbers such as 0-3/8: shards 0 to 3 of 8.", ""),
    "unreachable": (
        "There is no answer from there.",
        "Check the address, the network and the service's own status.",
    ),
    "bad_token": (
        "Discord does not accept DISCORD_TOKEN.",
        "Make a new one: https://discord.com/developers/applications, your application, Bot, Reset Token",
    ),
    "gateway_closed": ("Discord closed the connection for good.", ""),
    "bad_catalog": ("CATALOG_FILE cannot be used.", ""),
    "bad_plugin": ("A provider that was installed as a plug-in cannot be used.", "Update or uninstall it."),
    "bad_styles": ("STYLES_FILE cannot be used.", ""),
    "second_batch": ("Another atelier works on this script already.", "Let it end, or stop it."),
    "port_in_use": ("The address is in use by another program.", "Stop that one, or choose another port."),
}
"""What happened, and what helps when the error itself has no better hint."""

_SOURCES = "settings come from the environment, .env or config.json; .env.example lists them all"


def words_of(error: AtelierError) -> str:
    if isinstance(error, SettingsError):
        return _settings(error)
    if isinstance(error, StartupError):
        return _start(error)
    from bot.i18n import texts_for
    from bot.plain import plain_words

    return plain_words(error, texts_for("en"))


def code_of(error: AtelierError) -> int:
    """2 what was said cannot be, 3 a limit, 5 the vendor's rules, 130 cancelled, 1 everything else."""
    match error:
        case SettingsError():
            return EXIT_USAGE
        case QuotaExceeded() | QueueFull() | CoolingDown():
            return EXIT_LIMIT
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
    lines = [f"{name} {what}{f': {where}' if where else ''}" for name, what, where in error.problems]
    if len(lines) == 1:
        return f"{lines[0]} ({_SOURCES})"
    return "\n".join([f"{len(lines)} settings need attention; {_SOURCES}:", *(f"  {line}" for line in lines)])


def _start(error: StartupError) -> str:
    happened, help_ = STARTUP_WORDS.get(error.what, (f"Atelier cannot start: {error.what}.", ""))
    if error.where:
        happened = f"{happened.rstrip('.')}: {error.where}."
    hint = " ".join((error.hint or help_).split())
    return f"{happened} {hint}".strip()
