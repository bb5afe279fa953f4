"""The bot's words in the languages that it speaks: gettext catalogues, read once from `locales/`.

The message is its own English text. Whoever shows a text escapes it for where it goes; nothing is escaped here.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

LOCALES = ("en", "fr")
_FOLDER = Path(__file__).parent / "locales"


def _(message: str) -> str:
    """Mark a message for the catalogue where no language is known yet; it is translated when it is shown."""
    return message


class Texts:
    """All texts in one language: `t("Drawn by {name}.", name=who)`.

    Every message is a format string, so a literal brace is written twice, with values or without.
    """

    def __init__(self, locale: str, catalogue: gettext.NullTranslations) -> None:
        self.locale = locale
        self._catalogue = catalogue

    def __call__(self, message: str, /, **values: object) -> str:
        return self._catalogue.gettext(message).format(**values)

    def n(self, one: str, many: str, n: int, /, **values: object) -> str:
        """`t.n("{n} picture", "{n} pictures", 3)`; the text gets `n` as this language writes a number."""
        return self._catalogue.ngettext(one, many, n).format(**{"n": self.number(n), **values})

    def number(self, value: float) -> str:
        """At most three decimals, grouped."""
        from babel.numbers import format_decimal

        return format_decimal(value, locale=self.locale)

    def money(self, microusd: int) -> str:
        """Dollars with cents; below ten cents as many decimals as tell a price from nothing (`$0.0042`)."""
        from babel.numbers import format_currency

        whole_cents = microusd % 10_000 == 0
        form = None if whole_cents or abs(microusd) >= 100_000 else _PRECISE[self.locale]
        return format_currency(
            microusd / 1_000_000, "USD", form, locale=self.locale, currency_digits=form is None
        )

    def seconds(self, value: float) -> str:
        """A span for people: `8.4 s`, `1 min 20 s`."""
        if round(value, 1) < 60:
            return self("{n} s", n=self.number(round(value, 1)))
        minutes, seconds = divmod(round(value), 60)
        return self("{minutes} min {seconds} s", minutes=minutes, seconds=seconds)

    def translation(self, message: str) -> str | None:
        """The catalogue's own text for `message`, None where it has none."""
        translated = self._catalogue.gettext(message)
        return None if translated == message else translated


_PRECISE = {"en": "¤0.00##", "fr": "0.00##\u00a0¤"}


@lru_cache(maxsize=64)
def texts_for(locale: str) -> Texts:
    """The texts for a BCP 47 tag as Discord writes it (`fr`, `en-US`); English for a language that we do not speak."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return _texts(language if language in LOCALES else "en")


def terminal_locale(environ: Mapping[str, str]) -> str:
    """The tag (`fr-FR`) of the first language that a terminal asks for and that we speak, in GNU gettext's order."""
    said = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    wished = [*environ.get("LANGUAGE", "").split(":"), said]
    tags = [wish.partition(".")[0].replace("_", "-") for wish in wished]
    return next((tag for tag in tags if tag.partition("-")[0].lower() in LOCALES), "en")


def warm_up() -> None:
    """Read all languages and their ways with numbers at start (about 50 ms), not inside of somebody's first answer."""
    for locale in LOCALES:
        texts_for(locale).money(1)


def translate(message: str, locale: str) -> str | None:
    """For Discord's command translator: None means that there is nothing but the English text."""
    return texts_for(locale).translation(message)


@lru_cache(maxsize=len(LOCALES))
def _texts(language: str) -> Texts:
    return Texts(language, gettext.NullTranslations() if language == "en" else _read(language))


def _read(language: str) -> gettext.NullTranslations:
    """The `.po` file compiled in memory: nothing generated is kept, a translator's change counts at the next start."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (_FOLDER / language / "LC_MESSAGES" / "atelier.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
