"""Styles: a word that a member picks, and the words that it adds to a prompt. The owner's file adds more."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Self

from bot.errors import InvalidRequest, StartupError
from bot.terminal import reason, t


@dataclass(frozen=True, kw_only=True)
class Style:
    """`words` follow the prompt, or hold `{prompt}` where it goes. `presets` are names that providers have for just
    this style, by provider: where a model takes one it is sent instead of the words.
    """

    name: str
    english: str
    french: str
    words: str
    presets: Mapping[str, str] = field(default_factory=dict[str, str])

    def label(self, locale: str) -> str:
        return self.french if locale.casefold().startswith("fr") else self.english


class Styles:
    def __init__(self, styles: Mapping[str, Style]) -> None:
        self._styles = dict(styles)

    @classmethod
    def load(cls, extra: Path | None = None) -> Self:
        """The styles that come with the program and, over them, the owner's. Raises StartupError `bad_styles`."""
        shipped = resources.files("bot").joinpath("styles.toml").read_text(encoding="utf-8")
        found = _read(tomllib.loads(shipped))
        if extra is not None:
            try:
                found |= _read(tomllib.loads(extra.read_text(encoding="utf-8")))
            except OSError as error:
                raise _bad(extra, reason(error)) from error
            except ValueError as error:
                raise _bad(extra, str(error)) from error
        return cls(found)

    def names(self) -> list[str]:
        return list(self._styles)

    def labels(self, locale: str) -> list[tuple[str, str]]:
        """(name, label) in the order of the files."""
        return [(style.name, style.label(locale)) for style in self._styles.values()]

    def label(self, name: str | None, locale: str) -> str | None:
        """As people read it; a server's own style, or one that has gone, by its name."""
        found = self._styles.get(name or "")
        return found.label(locale) if found else name

    def check(self, typed: str | None) -> str | None:
        """The style's name, whichever way it was typed. Raises InvalidRequest with `unknown`."""
        if typed is None or not typed.strip():
            return None
        wanted = _plain(typed)
        for style in self._styles.values():
            if wanted in (_plain(style.name), _plain(style.english), _plain(style.french)):
                return style.name
        raise InvalidRequest(field="style", problem="unknown", value=typed.strip(), allowed=self.names())

    def apply(self, prompt: str, style: str | None) -> str:
        """The prompt with the style's words; as it is for a style that has gone since it was asked for."""
        found = self._styles.get(style or "")
        if found is None:
            return prompt
        if "{prompt}" in found.words:
            return found.words.replace("{prompt}", prompt)
        return f"{prompt.rstrip(' .,;')}. {found.words}" if prompt.strip() else found.words

    def preset(self, style: str | None, provider: str) -> str | None:
        """The provider's own name of the style; None where it has no such style."""
        found = self._styles.get(style or "")
        return found.presets.get(provider) if found else None


def with_strength(prompt: str, strength: float | None) -> str:
    """How far a variation may go, in words: for models that have no number for it."""
    if strength is None:
        return prompt
    for most, words in _STRENGTHS:
        if strength <= most:
            return f"{prompt}\n\n{words}" if prompt.strip() else words
    raise ValueError(strength)


_STRENGTHS = (
    (0.2, "Keep the picture almost as it is; change only small details."),
    (0.45, "Keep the composition and the subject; vary details, light and colours."),
    (0.7, "Keep the subject and the mood; composition and details may change."),
    (0.9, "Keep only the idea of the picture; everything else may change."),
    (1.0, "Take the picture as a loose inspiration and make something new of it."),
)


def _read(whole: dict[str, Any]) -> dict[str, Style]:
    return {name: _style(name, entry) for name, entry in whole.items()}


def _style(name: str, entry: object) -> Style:
    if not isinstance(entry, dict):
        raise ValueError(t("{name}: must be a table with words, and perhaps english and french", name=name))
    known = {"words", "english", "french", "presets"}
    presets = entry.get("presets", {})
    if not isinstance(presets, dict) or not all(isinstance(value, str) for value in presets.values()):
        raise ValueError(t("{name}, presets: must be a table of providers' names for the style", name=name))
    for key, value in entry.items():
        if key not in known:
            raise ValueError(
                t(
                    "{name}: there is no field {key}; there are {names}",
                    name=name,
                    key=repr(key),
                    names=", ".join(sorted(known)),
                )
            )
        if key != "presets" and (not isinstance(value, str) or not value.strip()):
            raise ValueError(t("{name}, {key}: must be a text", name=name, key=key))
    if "words" not in entry:
        raise ValueError(t("{name}: words are missing", name=name))
    english = entry.get("english", name)
    return Style(
        name=name, english=english, french=entry.get("french", english), words=entry["words"], presets=presets
    )


def _bad(path: Path, why: str) -> StartupError:
    return StartupError(what="bad_styles", where=str(path), hint=why)


def _plain(text: str) -> str:
    return "".join(text.split()).casefold().replace("_", "-").replace("-", "")
