"""The command line: quick to answer, and what goes wrong at start is said in words."""

from __future__ import annotations

import http.server
import os
import re
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import cli
from bot.commandline import asking, failures, service
from bot.errors import SettingsError, StartupError

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
_MODULES = {"discord.py": "discord", "google-genai": "google", "pillow": "PIL", "python-dotenv": "dotenv"}
HEAVY = {"aiohttp", "babel", "dbos", "discord", "openai", "PIL", "pydantic", "sqlalchemy"}


def atelier(*arguments: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ}
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=folder, env=environ, check=False
    )


def test_help_names_the_verbs_and_loads_nothing_heavy(tmp_path: Path) -> None:
    asked = atelier("--help", folder=tmp_path)
    assert asked.returncode == 0
    assert all(verb in asked.stdout for verb in ("run", "playground", "health", "version"))
    script = "import sys, bot.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert not HEAVY & set(loaded.stdout.split())


@pytest.mark.parametrize(
    ("statement", "budget"),
    [
        ("import bot", set[str]()),
        ("import bot.cli; bot.cli._parser()", {"argcomplete"}),
        # Vendors' SDKs, Discord and the engine are loaded only by whom they serve.
        (
            "from bot import Atelier",
            {"aiohttp", "cryptography", "obstore", "orjson", "pydantic", "rich", "sqlalchemy", "structlog"},
        ),
    ],
)
def test_start_up_loads_no_more_than_its_budget(statement: str, budget: set[str]) -> None:
    """Counted in packages that this project names itself, not in time: a busy machine changes nothing."""
    named = {re.match(r"[\w.-]+", text) for text in PYPROJECT["project"]["dependencies"]}
    ours = {_MODULES.get(found[0], found[0].replace("-", "_")) for found in named if found}
    script = f"{statement}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    indirect = {"pybase64", "yarl", "rich"}
    assert set(loaded.stdout.split()) & ours - indirect <= budget


def test_version_is_the_one_of_the_project(tmp_path: Path) -> None:
    said = atelier("version", folder=tmp_path)
    assert (said.returncode, said.stdout.split()[0]) == (0, "atelier")


def test_wrong_settings_end_in_words_and_code_2_without_their_values(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HTTP_PORT=hush-hush\n")
    ended = atelier("run", folder=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.startswith(
        "2 settings need attention; settings come from the environment, .env or config.json;"
    )
    assert "\n  DISCORD_TOKEN is missing: https://discord.com/" in ended.stderr
    assert "HTTP_PORT must be a whole number (it is set in .env)" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hush" not in ended.stderr


def test_wrong_settings_are_said_in_french_where_the_terminal_is(tmp_path: Path) -> None:
    ended = atelier("run", folder=tmp_path, LANG="fr_FR.UTF-8", HTTP_PORT="many")
    assert ended.returncode == 2
    assert "2 réglages sont à revoir" in ended.stderr
    assert "DISCORD_TOKEN manque" in ended.stderr
    assert "HTTP_PORT doit être un nombre entier (défini dans l’environnement)" in ended.stderr


@pytest.mark.parametrize(
    ("typed", "settings", "said"),
    [
        ("models --json=1", {}, "argument --json\xa0: ne prend pas de valeur, mais on lui donne '1'"),
        ("imagine fox --timeout -1", {}, "'-1' n’est pas un nombre de secondes supérieur à 0"),
        ("history --limit 0", {}, "'0' n’est pas un nombre entier supérieur à 0"),
        ("imagine fox --out taken/x.png", {}, "/taken. Un fichier est en travers"),
        (
            "backup taken/x",
            {},
            "Impossible d’écrire dans un fichier ou un dossier\xa0: taken/x. Un fichier est",
        ),
        ("restore taken", {}, "La sauvegarde est illisible\xa0: taken."),
        ("migrate-store a b", {}, "L’adresse d’une base de données est incompréhensible. Elle commence par"),
        ("imagine fox", {"IMAGE_STORE_URL": "ftp://x"}, "IMAGE_STORE_URL est inutilisable. C’est un dossier"),
        (
            "imagine fox",
            {"IMAGE_STORE_URL": "taken/x"},
            "Impossible d’écrire dans un fichier ou un dossier\xa0: ",
        ),
        (
            "imagine fox",
            {"LOG_LEVEL": "loud"},
            "LOG_LEVEL doit être l’un de DEBUG, INFO, WARNING, ERROR (défini",
        ),
        ("imagine fox", {"NIGHTLY_AT": "late"}, "NIGHTLY_AT doit être une heure comme 03:00"),
        (
            "imagine fox",
            {"OWNER_IDS": "me"},
            "\xa0: Discord en mode développeur\xa0: clic droit sur la personne",
        ),
        (
            "imagine fox",
            {"CATALOG_FILE": "catalog.toml"},
            "modèle numéro 1, id\xa0: doit être `<fournisseur>/",
        ),
        ("imagine fox", {"STYLES_FILE": "styles.toml"}, "x\xa0: words manque"),
        ("run", {}, "DISCORD_TOKEN manque\xa0: https://discord.com/developers/applications, ton application"),
    ],
)
def test_what_is_typed_or_set_wrong_is_said_in_french_too(
    typed: str,
    settings: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "taken").write_text("in the way")
    (tmp_path / "catalog.toml").write_text('[[models]]\nid = "one"\n')
    (tmp_path / "styles.toml").write_text("[x]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(asking, "_quiet_logs", lambda **_level: None)
    monkeypatch.setattr(os, "environ", {"PATH": os.environ["PATH"], "LANG": "fr_FR.UTF-8", **settings})
    try:
        code = cli.main(typed.split())
    except SystemExit as ended:
        code = ended.code
    assert code in (1, 2)
    assert said in capsys.readouterr().err


def test_a_data_folder_in_the_way_ends_in_words_and_code_1(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    ended = atelier("run", folder=tmp_path, DISCORD_TOKEN="a.b.c")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"A file or folder cannot be written to: {tmp_path}/data. ")
    assert len(ended.stderr.splitlines()) == 1
    assert "Traceback" not in ended.stderr


def test_a_start_without_discord_ends_in_one_line(web_port: int, tmp_path: Path) -> None:
    """Nobody at the address; then somebody who is not Discord. Nothing else is on stderr, such as what stayed open."""
    nobody, somebody = (f"http://127.0.0.1:{port}/api/v10" for port in (9, web_port))
    common = {"DISCORD_TOKEN": "a.b.c", "HTTP_PORT": ""}
    ended = atelier("run", folder=tmp_path, **common, DISCORD_API_URL=nobody)
    assert (ended.returncode, ended.stderr) == (
        1,
        f"There is no answer from there: {nobody}. "
        "Check the address, the network and the service's own status.\n",
    )
    ended = atelier("run", folder=tmp_path, **common, DISCORD_API_URL=somebody, LANG="fr_FR.UTF-8")
    assert (ended.returncode, ended.stderr) == (
        1,
        f"Ce qui répond là n’est pas Discord, ou Discord ne va pas bien\u00a0: {somebody}. HTTP 404\n",
    )


def test_debug_adds_the_traceback(tmp_path: Path) -> None:
    for arguments in (("--debug", "run"), ("run", "--debug")):
        assert "Traceback" in atelier(*arguments, folder=tmp_path).stderr


def test_an_unknown_verb_is_a_usage_error(tmp_path: Path) -> None:
    ended = atelier("paint", folder=tmp_path)
    assert ended.returncode == 2
    assert "invalid choice: 'paint'" in ended.stderr


@pytest.mark.parametrize("what", [*failures.STARTUP_WORDS, "something_new"])
def test_every_start_up_error_is_one_line_with_a_place_and_a_hint(
    what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_options: object) -> None:
        raise StartupError(what, "data/atelier.db", "Stop the other one first.")

    monkeypatch.setattr(service, "version", fails)
    assert cli.main(["version"]) == (2 if what == "needs_yes" else 1)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(": data/atelier.db. Stop the other one first.")


def test_every_start_up_error_of_the_code_has_its_words() -> None:
    raised = {
        found
        for path in (ROOT / "bot").rglob("*.py")
        for found in re.findall(r'StartupError\(\s*(?:what=)?"(\w+)"', path.read_text())
    }
    assert raised
    assert raised <= set(failures.STARTUP_WORDS)


def test_a_fault_of_ours_is_one_line_and_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(_options: object) -> None:
        raise ZeroDivisionError("secret details")

    monkeypatch.setattr(service, "version", breaks)
    assert cli.main(["version"]) == 1
    assert (
        capsys.readouterr().err
        == "Atelier broke: ZeroDivisionError. Its log knows more, or run it again with --debug.\n"
    )


def test_a_fault_while_running_leaves_its_traceback_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_options: object) -> None:
        raise ZeroDivisionError("details")

    monkeypatch.setattr(service, "version", breaks)
    assert cli.main(["version"]) == 1
    assert "ZeroDivisionError: details" in caplog.text


def test_the_playground_listens_where_the_environment_says_whatever_the_env_file_holds(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text("HTTP_PORT=nonsense\nPLAYGROUND_PORT=nonsense\nDATA_DIR=/nowhere\n")
    with playground(tmp_path, "0") as playing:
        assert playing.stdout
        assert playing.stdout.readline().startswith("The playground is at http://127.0.0.1:")
        assert "type /" in playing.stdout.readline()
        playing.send_signal(signal.SIGINT)
        assert playing.wait(timeout=30) == 0
        assert playing.stderr
        assert playing.stderr.read() == ""
    assert (tmp_path / "data" / "playground").is_dir()


def test_the_playground_takes_the_next_port_when_its_own_is_in_use(web_port: int, tmp_path: Path) -> None:
    with playground(tmp_path, str(web_port)) as playing:
        assert playing.stdout
        assert playing.stdout.readline().startswith(f"Port {web_port} is in use by another program; trying ")
        lines = iter(playing.stdout.readline, "")
        told = next(
            filter(None, map(re.compile(r"The playground is at http://127\.0\.0\.1:(\d+)").match, lines))
        )
        assert int(told[1]) > web_port
        playing.terminate()
        assert playing.wait(timeout=30) == 0


def playground(folder: Path, port: str) -> subprocess.Popen[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PLAYGROUND_PORT": port}
    command = [sys.executable, "-m", "bot", "playground"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=folder, env=environ)


def test_no_verb_is_the_playground_without_a_token_and_the_bot_with_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(service, "start", lambda _settings: started.append("bot"))
    monkeypatch.setattr(service, "playground", lambda _options: started.append("playground"))
    assert cli.main([]) == 0
    monkeypatch.setenv("DISCORD_TOKEN", "a.b.c")
    assert cli.main([]) == 0
    assert started == ["playground", "bot"]


def test_bad_settings_are_told_one_by_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_options: object) -> None:
        raise SettingsError([("HTTP_PORT", "must be a whole number", "")])

    monkeypatch.setattr(service, "version", fails)
    assert cli.main(["version"]) == 2
    assert capsys.readouterr().err.startswith(
        "HTTP_PORT must be a whole number (settings come from the environment, .env or config.json;"
    )


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
        self.wfile.write(b'{"status": "healthy"}')

    def log_message(self, format: str, *args: object) -> None:
        """Stays quiet."""


@pytest.fixture
def web_port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_health_is_what_the_web_side_answers(
    web_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HTTP_PORT", str(web_port))
    monkeypatch.setenv("HTTP_HOST", "0.0.0.0")
    assert cli.main(["health"]) == 0
    assert capsys.readouterr().out == '{"status": "healthy"}\n'


def test_health_says_when_nobody_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HTTP_PORT", "1")
    assert cli.main(["health"]) == 1
    assert capsys.readouterr().err == "http://127.0.0.1:1/health does not answer.\n"
    monkeypatch.setenv("HTTP_PORT", "")
    assert cli.main(["health"]) == 1
    assert "HTTP_PORT is empty" in capsys.readouterr().err
