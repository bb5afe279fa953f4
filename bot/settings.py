"""The settings, read once from the environment, `.env` and `config.json`; in this order, the first that says it wins.

Lower layers get values, never this object. `bot.settings_sources` finds the raw texts and words what is wrong with
them; this module says what there is, what it means and what it becomes.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from bot.errors import SettingsError, StartupError
from bot.i18n import _
from bot.nights import Night
from bot.settings_sources import Problem, RawSetting, in_plain_words, read_sources
from bot.settings_types import (
    DatabaseUrl,
    Hosts,
    Ids,
    Key,
    LongKey,
    Lower,
    NightTime,
    OptionalPort,
    Origins,
    Port,
    SecretUrl,
    SocketUrl,
    StoreUrl,
    Token,
    Upper,
    Url,
    Usd,
)
from bot.terminal import reason, t

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


def _setting(default: Any, about: str, where: str = "", *, group: str = "", **limits: Any) -> Any:
    """A field that can tell `.env.example` and an error message about itself; `group` opens a new section."""
    return Field(default, description=about, json_schema_extra={"where": where, "group": group}, **limits)


class Settings(BaseModel):
    """What the owner said, checked. The names are those of the environment in lower case."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True, allow_inf_nan=False
    )

    folder: Path = Field(default_factory=Path.cwd, exclude=True, repr=False)
    misspelt: tuple[tuple[str, str], ...] = Field((), exclude=True, repr=False)
    """Names in the files that are no setting, each with the one that was probably meant: worth a warning."""

    discord_token: Token | None = _setting(
        None,
        "The bot's token. Without one, `python -m bot` starts the playground.",
        _("https://discord.com/developers/applications, your application, Bot, Reset Token"),
        group="Discord",
    )
    allowed_guilds: Ids = _setting(
        frozenset(),
        "Servers that the bot works for, as ids with commas between them. Empty: every server that it is in.",
        _("Discord, Settings, Advanced, Developer Mode; then right-click the server, Copy Server ID"),
    )
    allow_user_install: bool = _setting(False, "Whether members may add the bot to their own account.")
    owner_ids: Ids = _setting(
        frozenset(),
        "People who may do everything, as user ids with commas between them. Empty: the application's owner.",
        _("Discord with Developer Mode on: right-click the person, Copy User ID"),
    )
    owner_channel_id: Annotated[int, Field(gt=0)] | None = _setting(
        None,
        "The channel where the owner is told what needs attention.",
        _("Discord with Developer Mode on: right-click the channel, Copy Channel ID"),
    )
    discord_api_url: Url = _setting(
        "https://discord.com/api/v10", "Base of Discord's REST API, version included; for tests and proxies."
    )
    discord_gateway_url: SocketUrl | None = _setting(
        None, "The gateway's address; empty: the one that the API names."
    )

    openai_api_key: Key | None = _setting(
        None,
        "OpenAI's key. In config.json it may be called api_key.",
        "https://platform.openai.com/api-keys",
        group="Providers (with none of them, the demo draws)",
    )
    openai_base_url: Url = _setting(
        "https://api.openai.com/v1", "OpenAI's API or a server that speaks like it; ends in /v1."
    )
    openai_org_id: str | None = _setting(
        None,
        "The organisation to bill, when the key has several.",
        "https://platform.openai.com/settings/organization",
    )
    gemini_api_key: Key | None = _setting(
        None, "Google's key; GOOGLE_API_KEY is understood too.", "https://aistudio.google.com/apikey"
    )
    gemini_base_url: Url = _setting(
        "https://generativelanguage.googleapis.com", "Gemini's API, without a version."
    )
    gemini_api_version: Annotated[Literal["v1", "v1beta", "v1alpha"], Lower] = _setting(
        "v1beta", "v1, v1beta or v1alpha: which of them serves every size of picture changes."
    )
    replicate_api_token: Key | None = _setting(
        None, "Replicate's token.", "https://replicate.com/account/api-tokens"
    )
    replicate_base_url: Url = _setting("https://api.replicate.com", "Replicate's API, without a version.")
    stability_api_key: Key | None = _setting(
        None, "Stability AI's key.", "https://platform.stability.ai/account/keys"
    )
    stability_base_url: Url = _setting("https://api.stability.ai", "Stability's API, without a version.")
    a1111_base_url: Url | None = _setting(
        None, "A Stable Diffusion web UI of your own, started with --api, such as http://127.0.0.1:7860."
    )
    default_model: str | None = _setting(
        None, "The model for requests that name none; empty: the first configured provider's recommended one."
    )
    catalog_file: Path | None = _setting(None, "A TOML file that adds, changes or hides models and servers.")
    styles_file: Path | None = _setting(None, "A TOML file with styles of your own.")
    provider_timeout_seconds: float = _setting(
        300, "How long one call to a provider may take, in seconds.", gt=0, le=3600
    )
    provider_pause_seconds: float = _setting(
        30, "How long a provider rests after three failures in a row, in seconds.", gt=0, le=3600
    )
    moderation: Annotated[Literal["off", "prompt", "all"], Lower] = _setting(
        "off",
        "Ask OpenAI's moderation before drawing (needs its key): off, prompt, or all (pictures as well).",
    )
    provider_concurrency: int = _setting(64, "Calls to one provider at the same time.", ge=1, le=1000)
    demo_latency_seconds: float = _setting(
        2, "How long the demo takes for a picture, in seconds.", ge=0, le=600
    )
    demo_trouble_file: Path | None = _setting(
        None,
        "A JSON file that the demo reads at each picture: fail (a kind of failure), slow_seconds. For the playground.",
    )

    owner_usd_per_day: Usd | None = _setting(
        None,
        "What all servers together may cost you in a day, in dollars; empty: no ceiling.",
        group="Money and limits",
    )
    owner_usd_per_month: Usd | None = _setting(None, "The same for a month.")
    quota_images_per_day: Annotated[int, Field(ge=0, le=1_000_000)] | None = _setting(
        None, "Pictures that a member may make in a day, until an admin says otherwise; empty: unlimited."
    )
    quota_usd_per_month: Usd | None = _setting(
        None,
        "What a member may cost in a month, in dollars, until an admin says otherwise; empty: unlimited.",
    )
    allow_member_keys: bool = _setting(
        False, "Whether members may bring a provider's key of their own; servers always may."
    )
    max_open_per_member: int = _setting(
        20, "Requests that one member may have waiting or running.", ge=1, le=1000
    )
    max_open: int = _setting(
        1000, "Requests that all members together may have waiting or running.", ge=1, le=1_000_000
    )
    member_concurrency: int = _setting(3, "Requests of one member that run at the same time.", ge=1, le=1000)
    queue_concurrency: int = _setting(
        200, "Requests that run at the same time in one process.", ge=1, le=1000
    )

    data_dir: Path = _setting(Path("data"), "The folder for everything that is kept.", group="What is kept")
    database_url: DatabaseUrl = Field(
        default_factory=lambda data: f"sqlite+aiosqlite:///{data['data_dir'] / 'atelier.db'}",
        description="SQLite for one process (the default, in DATA_DIR), PostgreSQL for several: "
        "postgresql+asyncpg://user:password@host/database",
        json_schema_extra={"where": "", "group": ""},
        repr=False,
    )
    image_store_url: StoreUrl = Field(
        default_factory=lambda data: (data["data_dir"] / "images").as_uri(),
        description="Where pictures are kept: a folder (the default, in DATA_DIR) or s3://bucket/prefix.",
        json_schema_extra={"where": "", "group": ""},
        repr=False,
    )
    cache_pictures: bool = _setting(
        False,
        "Whether command line and library give the pictures of an equal request again, free and marked as such; "
        "each call may say otherwise.",
    )
    image_store_max_gb: Annotated[float, Field(gt=0)] | None = _setting(
        None, "The oldest pictures go when the store is larger than this, in GB; empty: no cap."
    )
    retention_days: Annotated[int, Field(ge=1)] | None = _setting(
        None, "Pictures older than so many days are removed; empty: kept."
    )
    retention_prompts_days: Annotated[int, Field(ge=1)] | None = _setting(
        None, "Words of requests older than so many days are blanked; empty: kept."
    )
    nightly_at: NightTime = _setting(
        Night(), "When both are looked after each night, like 03:00 or 03:00 Europe/Paris (alone: UTC)."
    )
    backup_dir: Path | None = _setting(
        None, "A folder that gets a backup of the database each night (not of pictures); empty: none."
    )
    backup_keep: int = _setting(7, "How many of these are kept.", ge=1, le=3650)
    secret_key: LongKey | None = _setting(
        None,
        "Seals stored tokens and signs links. Empty: made once and kept in DATA_DIR/secret.key.",
        'python3 -c "import secrets; print(secrets.token_urlsafe(32))"',
    )

    http_host: str = _setting(
        "127.0.0.1", "The address that the web side listens on.", group="Web and webhooks"
    )
    http_port: OptionalPort = _setting(9006, "Its port; empty turns the web side off.")
    public_url: Url | None = _setting(None, "The address under which others reach the web side.")
    api_anonymous: bool = _setting(False, "Whether the HTTP API answers without a key on loopback.")
    api_cors_origins: Origins = _setting(
        frozenset(),
        "Web sites whose pages may call the HTTP API from a browser, such as https://site.example, with commas.",
    )
    trusted_hosts: Hosts = _setting(
        frozenset(),
        "Hosts (or host:port) that clients of the HTTP API may name although they are not public, with commas.",
    )
    webhook_url: SecretUrl | None = _setting(
        None, "Told about each finished job, but for private ones of members."
    )
    webhook_secret: Key | None = _setting(
        None, "Signs what it is told and is sent along as X-Webhook-Secret; choose one and tell the receiver."
    )
    webhook_enabled: bool = _setting(True, "Whether that address is told at all.")
    webhook_retry_seconds: float = _setting(
        5,
        "The pause after a webhook's first failure, in seconds; each is three times the last.",
        gt=0,
        le=3600,
    )
    environment: str = _setting("production", "A word of yours that webhooks and logs carry.")
    playground_port: Port = _setting(9007, "The port of the playground on this machine.")

    stop_grace_seconds: float = _setting(
        180,
        "How long running pictures may go on when the bot is stopped, in seconds.",
        ge=0,
        le=3600,
        group="Running",
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Upper] = _setting(
        "INFO", "DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Annotated[Literal["console", "json"], Lower] = _setting(
        "console", "console for people, json for machines."
    )

    @field_validator("data_dir", "backup_dir")
    @classmethod
    def _stands_in_folder(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        return path and (info.data["folder"] / _at_home(path)).absolute()

    @field_validator("catalog_file", "styles_file")
    @classmethod
    def _exists_in_folder(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None:
            return None
        file = (info.data["folder"] / _at_home(path)).absolute()
        if not file.is_file():
            raise ValueError(t("names a file that does not exist"))
        return file

    @property
    def sqlite_file(self) -> Path | None:
        return None if self.on_postgres else Path(self.database_url.partition(":///")[2])

    @property
    def web_address(self) -> str:
        """The root of the pages as members reach it, without a slash at its end."""
        return (self.public_url or f"http://{self.http_host}:{self.http_port or 9006}").rstrip("/")

    @property
    def on_postgres(self) -> bool:
        return self.database_url.startswith("postgresql")

    @property
    def configured_providers(self) -> tuple[str, ...]:
        """Those with a key or an address, the preferred first; empty when only the demo can draw."""
        said = {
            "openai": self.openai_api_key,
            "gemini": self.gemini_api_key,
            "replicate": self.replicate_api_token,
            "stability": self.stability_api_key,
            "a1111": self.a1111_base_url,
        }
        return tuple(name for name, value in said.items() if value)

    @property
    def owner_microusd_per_day(self) -> int | None:
        return _microusd(self.owner_usd_per_day)

    @property
    def owner_microusd_per_month(self) -> int | None:
        return _microusd(self.owner_usd_per_month)

    @property
    def quota_microusd_per_month(self) -> int | None:
        return _microusd(self.quota_usd_per_month)

    @property
    def image_store_max_bytes(self) -> int | None:
        return None if self.image_store_max_gb is None else int(self.image_store_max_gb * 1_000_000_000)

    def prepare_data_dir(self) -> Path:
        """Make the folder and write a byte into it. Raises StartupError("unwritable")."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.data_dir) as probe:
                probe.write(b"1")
        except OSError as error:
            where, hint = (
                str(self.data_dir),
                t("{error}; set DATA_DIR to a folder that may be written to", error=reason(error)),
            )
            raise StartupError("unwritable", where, hint) from error
        return self.data_dir

    def secret(self) -> str:
        """SECRET_KEY, or what DATA_DIR/secret.key holds; the first call makes that file. Raises StartupError."""
        if self.secret_key:
            return self.secret_key.get_secret_value()
        path = self.prepare_data_dir() / "secret.key"
        try:
            return _read_or_make_secret(path)
        except OSError as error:
            raise StartupError(
                "unwritable", str(path), t("{error}; or set SECRET_KEY", error=reason(error))
            ) from error

    def secret_values(self) -> list[str]:
        """What must never be seen in a log."""
        said = (getattr(self, name.lower()) for name in SETTINGS)
        passwords = (urlsplit(url).password for url in (self.database_url, self.image_store_url))
        keys = [value.get_secret_value() for value in said if isinstance(value, SecretStr)]
        return keys + [password for password in passwords if password]

    def redacted(self) -> dict[str, Any]:
        """What was said, by name, fit for a log: of secrets only that they are there."""
        said = {name: getattr(self, name.lower()) for name in SETTINGS}
        return {name: _shown(value) for name, value in said.items() if value not in (None, frozenset())}


SETTINGS = {name.upper(): field for name, field in Settings.model_fields.items() if field.description}
"""What can be said, by its name in the environment."""


def load_settings(
    environ: Mapping[str, str] | None = None, folder: Path = Path(), *, need: Collection[str] = ()
) -> Settings:
    """Settings from `environ` (the process's own when None) and the files in `folder`.

    `need` names settings that must be there for what is about to run. Raises SettingsError with every problem at once.
    """
    environ = os.environ if environ is None else environ
    raw, problems, misses = read_sources(environ, folder, SETTINGS, may_be_empty={"HTTP_PORT"})
    problems += [(name, t("is missing"), _where(name)) for name in sorted(need) if name not in raw]
    database = raw.get("DATABASE_URL")
    if database and database.text.startswith("postgres") and "SECRET_KEY" not in raw:
        problems.append(
            (
                "SECRET_KEY",
                t("is missing: on PostgreSQL every process must have the same"),
                _where("SECRET_KEY"),
            )
        )
    said: dict[str, Any] = {name.lower(): setting.text for name, setting in raw.items()}
    try:
        settings = Settings.model_validate({"folder": folder.absolute(), "misspelt": misses, **said})
    except ValidationError as error:
        problems += _problems(error, raw)
        raise SettingsError(sorted(problems)) from None  # the cause would show the values
    if problems:
        raise SettingsError(sorted(problems))
    return settings


def _at_home(path: Path) -> Path:
    """With `~` or `~name` at its beginning replaced by that person's home."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError(t("names a home that is not on this machine")) from None


def _problems(error: ValidationError, raw: Mapping[str, RawSetting]) -> list[Problem]:
    wrong = {str(details["loc"][0]).upper(): details for details in reversed(error.errors(include_url=False))}
    return [
        (name, in_plain_words(details["type"], details.get("ctx", {}), raw[name].source), _where(name))
        for name, details in wrong.items()
        if name in raw  # a default that another bad setting keeps from being made is no problem of its own
    ]


def _where(name: str) -> str:
    extra = SETTINGS[name].json_schema_extra
    where = str(extra.get("where", "")) if isinstance(extra, dict) else ""
    return t(where) if where else ""


def _microusd(usd: Decimal | None) -> int | None:
    return None if usd is None else int(usd * 1_000_000)


def _shown(value: object) -> object:
    match value:
        case SecretStr():
            return "set"
        case str():
            return _CREDENTIALS.sub("…@", value)
        case frozenset():
            return sorted(value)
        case Path() | Decimal():
            return str(value)
        case _:
            return value


def _read_or_make_secret(path: Path) -> str:
    """Of two processes that start together, the first link wins and the other reads it."""
    if not path.exists():
        made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    found = path.read_text().strip()
    if not found:
        raise OSError(0, t("the file is empty"))
    return found
