"""Where settings are written down, and the words for what is wrong with one.

Gives raw texts by canonical name; what they mean is `bot.settings`' business. No message here ever repeats a value:
a token pasted into the wrong line must not end up in a log.
"""

from __future__ import annotations

import difflib
import io
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bot.i18n import _
from bot.terminal import reason, t

Problem = tuple[str, str, str]
"""Setting, what is wrong with it, where to get it."""

# Other names that people know a setting by. The canonical name wins where one source has both.
_ALIASES = {"GOOGLE_API_KEY": "GEMINI_API_KEY"}
_CONFIG_ALIASES = {"API_KEY": "OPENAI_API_KEY", **_ALIASES}

_ENVIRONMENT = _("the environment")

_WORDS = {
    "int_parsing": _("must be a whole number"),
    "int_from_float": _("must be a whole number"),
    "int_type": _("must be a whole number"),
    "float_parsing": _("must be a number"),
    "finite_number": _("must be a number"),
    "decimal_parsing": _("must be an amount such as 25 or 2.50"),
    "decimal_max_places": _("must have at most 6 decimals"),
    "bool_parsing": _("must be true or false"),
    "greater_than": _("must be more than {gt}"),
    "greater_than_equal": _("must be at least {ge}"),
    "less_than_equal": _("must be at most {le}"),
    "literal_error": _("must be one of {expected}"),
    "string_too_short": _("must have at least {min_length} characters"),
    "too_short": _("must have at least {min_length} characters"),
    "value_error": "{error}",
}


@dataclass(frozen=True)
class RawSetting:
    """A text as it was found, and in which of the sources."""

    text: str
    source: str


def read_sources(
    environ: Mapping[str, str], folder: Path, known: Collection[str], may_be_empty: Collection[str]
) -> tuple[dict[str, RawSetting], list[Problem], list[tuple[str, str]]]:
    """The known settings by name, what could not be read, and (unknown name, the setting it was probably meant to be).

    An empty text means "not said here", so that a line of `.env.example` left blank hides nothing, except for the
    settings where empty means off.
    """
    problems: list[Problem] = []
    found: dict[str, RawSetting] = {}
    misses: list[tuple[str, str]] = []
    for source, texts in (
        ("config.json", _with_aliases(_config_texts(folder / "config.json", problems), _CONFIG_ALIASES)),
        (".env", _with_aliases(_env_file_texts(folder / ".env", problems), _ALIASES)),
        (_ENVIRONMENT, _with_aliases(environ, _ALIASES)),
    ):
        for name, text in texts.items():
            if name in known:
                if text.strip() or name in may_be_empty:
                    found[name] = RawSetting(text.strip(), source)
            elif source != _ENVIRONMENT:  # where thousands of other programs' names live
                misses += [(name, near) for near in difflib.get_close_matches(name, known, n=1, cutoff=0.85)]
    return found, problems, misses


def look_up(name: str, environ: Mapping[str, str], folder: Path) -> str | None:
    """One text that is no setting of ours, such as the key of a server that the owner's catalogue file names."""
    text = environ.get(name) or _env_file_texts(folder / ".env", []).get(name) or ""
    return text.strip() or None


def in_plain_words(error_type: str, context: Mapping[str, Any], source: str) -> str:
    """What pydantic found, for people. Its own messages are for programmers, and some repeat the value."""
    if error_type == "literal_error":
        # The library joins them with an English "or".
        context = {"expected": ", ".join(re.findall(r"'([^']*)'", context["expected"]))}
    words = t(_WORDS[error_type], **context) if error_type in _WORDS else t("cannot be used")
    return t(
        "{words} (it is set in {source})", words=words, source=t(source) if source == _ENVIRONMENT else source
    )


def _with_aliases(texts: Mapping[str, str], aliases: Mapping[str, str]) -> dict[str, str]:
    given = {name: text for name, text in texts.items() if name not in aliases}
    for alias, name in aliases.items():
        if texts.get(alias) and not given.get(name):
            given[name] = texts[alias]
    return given


def _config_texts(path: Path, problems: list[Problem]) -> dict[str, str]:
    content = _content(path, problems)
    if content is None:
        return {}
    try:
        parsed: object = json.loads(content)
    except json.JSONDecodeError as error:
        problems.append(
            (
                path.name,
                t("is no valid JSON: look at line {line}", line=error.lineno),
                t("mend or remove the file"),
            )
        )
        return {}
    if not isinstance(parsed, dict):
        problems.append((path.name, t("must hold one JSON object"), '{"api_key": "…"}'))
        return {}
    texts: dict[str, str] = {}
    for key, value in cast("dict[str, object]", parsed).items():
        match value:
            case None:
                continue
            case bool():
                texts[key.upper()] = str(value).lower()
            case str() | int() | float():
                texts[key.upper()] = str(value)
            case list():
                texts[key.upper()] = ",".join(str(item) for item in cast("list[object]", value))
            case _:
                problems.append((f"{path.name}: {key}", t("must be a text, a number or a list"), ""))
    return texts


def _env_file_texts(path: Path, problems: list[Problem]) -> dict[str, str]:
    content = _content(path, problems)
    if content is None:
        return {}
    # The parser alone: `dotenv_values` would expand `$` inside of keys and only log a line that it does not understand.
    from dotenv.parser import parse_stream

    texts: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(content)):
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(
                (
                    path.name,
                    t("cannot be understood in line {line}", line=binding.original.line),
                    t("write NAME=value"),
                )
            )
        elif binding.key is not None and binding.value is not None:
            texts[binding.key] = binding.value
    return texts


def _content(path: Path, problems: list[Problem]) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        problems.append(
            (
                path.name,
                t("cannot be read: {error}", error=reason(error)),
                t("check the file's owner and mode"),
            )
        )
    except UnicodeDecodeError:
        problems.append((path.name, t("is not written in UTF-8"), t("save it again as UTF-8")))
    return None
