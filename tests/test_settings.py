"""Settings: where they are read from, what they become, and what their owner hears when one is wrong."""

from __future__ import annotations

import json
import re
import stat
import threading
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SettingsError, StartupError
from bot.settings import SETTINGS, load_settings
from bot.settings_example import example

ROOT = Path(__file__).parent.parent


def problems_of(
    environ: dict[str, str], folder: Path, *, need: tuple[str, ...] = ()
) -> dict[str, tuple[str, str]]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ, folder, need=need)
    return {name: (what, where) for name, what, where in caught.value.problems}


def test_nothing_said_gives_every_default(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    assert settings.discord_token is None
    assert settings.http_port == 9006
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/data/atelier.db"
    assert settings.image_store_url == (tmp_path / "data" / "images").as_uri()
    assert settings.configured_providers == ()
    assert settings.owner_microusd_per_day is None


def test_the_environment_wins_over_the_env_file_and_that_over_config_json(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        '{"environment": "config", "http_host": "config", "default_model": "config"}'
    )
    (tmp_path / ".env").write_text("ENVIRONMENT=file\nHTTP_HOST=file\n")
    settings = load_settings({"ENVIRONMENT": "shell"}, tmp_path)
    assert (settings.environment, settings.http_host, settings.default_model) == ("shell", "file", "config")


def test_api_key_in_config_json_is_the_key_of_openai(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"api_key": "sk-from-config"}')
    settings = load_settings({}, tmp_path)
    assert settings.openai_api_key
    assert settings.openai_api_key.get_secret_value() == "sk-from-config"
    assert settings.configured_providers == ("openai",)


def test_google_api_key_is_the_key_of_gemini_unless_gemini_has_its_own(tmp_path: Path) -> None:
    only_google = load_settings({"GOOGLE_API_KEY": "google"}, tmp_path).gemini_api_key
    both = load_settings({"GOOGLE_API_KEY": "google", "GEMINI_API_KEY": "gemini"}, tmp_path).gemini_api_key
    assert only_google
    assert both
    assert (only_google.get_secret_value(), both.get_secret_value()) == ("google", "gemini")


def test_a_line_left_empty_says_nothing_except_for_the_port_that_it_turns_off(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"api_key": "sk-from-config", "log_level": null}')
    (tmp_path / ".env").write_text("OPENAI_API_KEY=\nQUOTA_IMAGES_PER_DAY=\nHTTP_PORT=\n")
    settings = load_settings({"DATA_DIR": ""}, tmp_path)
    assert settings.openai_api_key
    assert settings.quota_images_per_day is None
    assert settings.http_port is None
    assert settings.data_dir == tmp_path / "data"


def test_config_json_may_hold_numbers_booleans_and_lists(tmp_path: Path) -> None:
    said = {"http_port": 80, "api_anonymous": True, "allowed_guilds": [11, "12"], "owner_usd_per_day": 2.5}
    (tmp_path / "config.json").write_text(json.dumps(said))
    settings = load_settings({}, tmp_path)
    assert (settings.http_port, settings.api_anonymous) == (80, True)
    assert settings.allowed_guilds == {11, 12}
    assert settings.owner_microusd_per_day == 2_500_000


def test_quotes_comments_and_dollar_signs_of_an_env_file_are_understood(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# mine\nexport OPENAI_API_KEY='sk-$HOME'\nHTTP_PORT=81 # web\nOWNER_IDS=1, 2,\n"
    )
    settings = load_settings({}, tmp_path)
    assert settings.openai_api_key
    assert settings.openai_api_key.get_secret_value() == "sk-$HOME"
    assert (settings.http_port, settings.owner_ids) == (81, {1, 2})


def test_every_problem_is_named_at_once_with_where_to_get_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HTTP_PORT=ninety\nthis is no setting\n")
    (tmp_path / "config.json").write_text('{"styles_file": "nowhere.toml"}')
    problems = problems_of(
        {
            "LOG_LEVEL": "loud",
            "ALLOWED_GUILDS": "my server",
            "OWNER_USD_PER_DAY": "1,50",
            "QUEUE_CONCURRENCY": "0",
            "PROVIDER_TIMEOUT_SECONDS": "inf",
            "DISCORD_GATEWAY_URL": "https://gateway.example",
            "OPENAI_BASE_URL": "api.openai.com/v1",
            "OPENAI_API_KEY": "sk two",
            "DATABASE_URL": "mysql://server/atelier",
            "API_ANONYMOUS": "perhaps",
            "SECRET_KEY": "short",
        },
        tmp_path,
        need=("DISCORD_TOKEN",),
    )
    assert {name: what.partition(" (")[0] for name, (what, _) in problems.items()} == {
        ".env": "cannot be understood in line 2",
        "ALLOWED_GUILDS": "must be ids, digits only, with commas between them",
        "API_ANONYMOUS": "must be true or false",
        "DATABASE_URL": "must start with sqlite+aiosqlite:/// or postgresql+asyncpg://",
        "DISCORD_GATEWAY_URL": "must be an address that starts with wss:// or ws://",
        "DISCORD_TOKEN": "is missing",
        "HTTP_PORT": "must be a whole number",
        "LOG_LEVEL": "must be one of DEBUG, INFO, WARNING, ERROR",
        "OPENAI_API_KEY": "holds characters that no key has: a space, a line break or an accent",
        "OPENAI_BASE_URL": "must be an address that starts with https:// or http://",
        "OWNER_USD_PER_DAY": "must be an amount such as 25 or 2.50",
        "PROVIDER_TIMEOUT_SECONDS": "must be a number",
        "QUEUE_CONCURRENCY": "must be at least 1",
        "SECRET_KEY": "must have at least 16 characters",
        "STYLES_FILE": "names a file that does not exist",
    }
    assert problems["HTTP_PORT"][0].endswith("(it is set in .env)")
    assert problems["STYLES_FILE"][0].endswith("(it is set in config.json)")
    assert "discord.com/developers" in problems["DISCORD_TOKEN"][1]


@given(before=st.text(), after=st.text(), name=st.sampled_from(sorted(SETTINGS)))
@hypothesis.example(before="~", after="", name="DATA_DIR")
def test_no_value_is_ever_repeated_whatever_it_is_and_wherever_it_was_put(
    before: str, after: str, name: str
) -> None:
    problems: list[tuple[str, str, str]] = []
    try:
        load_settings({name: f"{before}hush{after}"}, Path("/nonexistent"))
    except SettingsError as error:
        problems = error.problems
    assert "hush" not in str(problems)
    assert "cannot be used" not in str(problems)


def test_secrets_are_not_shown_by_repr_or_by_what_goes_to_the_log(tmp_path: Path) -> None:
    secrets = {
        name: f"hush-{name.lower()}-0123456789" for name in ("DISCORD_TOKEN", "OPENAI_API_KEY", "SECRET_KEY")
    }
    said = {
        **secrets,
        "DATABASE_URL": "postgres://atelier:hush-pass@server/atelier",
        "WEBHOOK_URL": "https://discord.com/api/webhooks/1/hush-hook",
        "A1111_BASE_URL": "http://me:hush-me@gpu:7860",
    }
    settings = load_settings(said, tmp_path)
    assert "hush" not in str(settings.redacted())
    assert "hush-pass" not in repr(settings)
    assert "hush-hook" not in repr(settings)
    assert settings.redacted()["DISCORD_TOKEN"] == "set"
    assert {*secrets.values(), "hush-pass", "https://discord.com/api/webhooks/1/hush-hook"} <= set(
        settings.secret_values()
    )


def test_both_spellings_of_postgres_become_the_driver_that_we_have(tmp_path: Path) -> None:
    for scheme in ("postgres", "postgresql", "postgresql+asyncpg"):
        said = {"DATABASE_URL": f"{scheme}://server/atelier", "SECRET_KEY": "0123456789abcdef"}
        settings = load_settings(said, tmp_path)
        assert settings.database_url == "postgresql+asyncpg://server/atelier"
        assert settings.on_postgres


def test_postgres_needs_a_secret_key_that_all_processes_share(tmp_path: Path) -> None:
    assert "SECRET_KEY" in problems_of({"DATABASE_URL": "postgresql://server/atelier"}, tmp_path)


def test_dollars_become_whole_micro_dollars(tmp_path: Path) -> None:
    settings = load_settings(
        {"OWNER_USD_PER_DAY": "0.29", "OWNER_USD_PER_MONTH": "0", "QUOTA_USD_PER_MONTH": "1e2"}, tmp_path
    )
    assert settings.owner_microusd_per_day == 290_000
    assert settings.owner_microusd_per_month == 0
    assert settings.quota_microusd_per_month == 100_000_000


def test_files_that_cannot_be_understood_are_problems_and_no_tracebacks(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"ENVIRONMENT=caf\xe9\n")
    (tmp_path / "config.json").write_text('{"api_key": ')
    problems = problems_of({}, tmp_path)
    assert problems[".env"][0] == "is not written in UTF-8"
    assert problems["config.json"][0].startswith("is no valid JSON")
    (tmp_path / "config.json").write_text('["sk-list"]')
    assert problems_of({}, tmp_path)["config.json"][0] == "must hold one JSON object"


def test_a_name_that_was_almost_right_is_pointed_out_but_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEYS=x\nSOMETHING_ELSE=1\n")
    assert load_settings({}, tmp_path).misspelt == (("OPENAI_API_KEYS", "OPENAI_API_KEY"),)


def test_the_secret_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    made: list[str] = []
    start = threading.Barrier(8)

    def first() -> None:
        start.wait()
        made.append(settings.secret())

    threads = [threading.Thread(target=first) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file = tmp_path / "data" / "secret.key"
    assert set(made) == {file.read_text().strip()}
    assert len(made[0]) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret.key"]


def test_a_secret_key_that_was_said_leaves_no_file(tmp_path: Path) -> None:
    settings = load_settings({"SECRET_KEY": "0123456789abcdef"}, tmp_path)
    assert settings.secret() == "0123456789abcdef"
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_written_to_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for data_dir in ("file/data", "/proc/atelier"):
        with pytest.raises(StartupError) as caught:
            load_settings({"DATA_DIR": data_dir}, tmp_path).prepare_data_dir()
        assert caught.value.what == "unwritable"
        assert "DATA_DIR" in str(caught.value.hint)


def test_the_example_file_is_current() -> None:
    assert (ROOT / ".env.example").read_text() == example(), "run `make env-example`"


def test_the_example_file_says_nothing_but_the_defaults(tmp_path: Path) -> None:
    defaults = load_settings({}, tmp_path).redacted()
    for text in (example(), re.sub(r"^#(?=[A-Z])", "", example(), flags=re.MULTILINE)):
        (tmp_path / ".env").write_text(text)
        assert load_settings({}, tmp_path).redacted() == defaults
