"""What a terminal shows: a line that moves, the picture as it grows, where the file is. Programs get JSON."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bot.commandline.failures import words_of
from bot.commandline.verbs import say_json
from bot.i18n import Texts
from bot.terminal import t, texts

if TYPE_CHECKING:
    from bot.errors import AtelierError
    from bot.library import Artwork, Result

_WIDEST = 64
_UNBROKEN = 40
"""Ids and names stay in one piece, so that they can be copied."""
_PER_SECOND = 10
_WIDE = 500
"""Of a table that goes into a file or another program: nothing in it is broken into lines."""


class Screen:
    """Results go to stdout, everything else to stderr, so that `file=$(atelier imagine … --quiet)` works."""

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self.as_json, self._quiet = as_json, quiet or as_json
        self._err = Console(stderr=True, highlight=False)
        self.out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
        self._live: Live | None = None
        self._spinner = Spinner("dots")
        self.t: Texts = texts()

    @property
    def shows_previews(self) -> bool:
        """Unfinished pictures cost a little at some vendors: only where somebody can look."""
        return self._err.is_terminal and not self._quiet

    @contextmanager
    def waiting(self, words: str) -> Generator[None]:
        """A line that moves while the body runs; nothing where nobody looks."""
        if self._quiet or not self._err.is_terminal:
            yield
            return
        self._spinner.update(text=words)
        with Live(self._spinner, console=self._err, transient=True, refresh_per_second=_PER_SECOND) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    @contextmanager
    def paused(self) -> Generator[None]:
        """The moving line is out of the way."""
        if self._live is None:
            yield
            return
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def says(self, words: str) -> None:
        """Changes the moving line."""
        self._spinner.update(text=words)

    def progress(self, _number: int, share: float) -> None:
        """How much of the newest picture is drawn, for vendors who say so."""
        self.says(t("Drawing… {percent} %", percent=round(share * 100)))

    def preview(self, number: int, data: bytes) -> None:
        """An unfinished picture, under the moving line."""
        if self._live is not None:
            table = Table.grid()
            table.add_row(self._spinner)
            table.add_row(small_picture(data, self._width))
            self._live.update(table)

    def result(self, result: Result) -> None:
        """Where the pictures are, and what they cost."""
        if self.as_json:
            self.json(result.facts())
            return
        for picture in result.pictures:
            if self.shows_previews:
                self._err.print(small_picture(picture.data, self._width))
            # Nothing else on the line: a path with spaces must come out of a pipe as it is.
            print(picture.path)
            self.note(self._about(picture))
        if result.failure is not None:
            self.warn(self.words(result.failure))

    def json(self, told: Any) -> None:
        say_json(told)

    def note(self, words: str) -> None:
        """For people; not said where it was asked to be quiet."""
        if not self._quiet:
            self._err.print(Text(words, style="dim"), soft_wrap=True)

    def warn(self, words: str) -> None:
        self._err.print(Text(words), soft_wrap=True)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        shown = Table(*headings, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            shown.add_row(*(Text(cell, no_wrap=len(cell) < _UNBROKEN) for cell in row))
        self.out.print(shown)

    def facts(self, told: Mapping[str, str]) -> None:
        """One a line, the names aligned."""
        shown = Table(box=None, pad_edge=False, show_header=False)
        for name, value in told.items():
            shown.add_row(Text(name, style="bold"), Text(value))
        self.out.print(shown)

    def price(self, dollars: float) -> str:
        return t("free") if not dollars else self.t.money(round(dollars * 1_000_000))

    def words(self, error: AtelierError) -> str:
        return words_of(error)

    def agrees(self, question: str) -> bool:
        """Ask a person; no where there is nobody to ask."""
        if not sys.stdin.isatty():
            return False
        yes_or_no = t("y/N")
        print(f"{question} [{yes_or_no}] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes", "o", "oui")

    @property
    def _width(self) -> int:
        return min(_WIDEST, self._err.width - 1)

    def _about(self, picture: Artwork) -> str:
        parts = [f"{picture.width}×{picture.height}", picture.model, self.price(picture.cost), picture.id]
        if picture.seed is not None:
            parts.insert(2, t("seed {seed}", seed=picture.seed))
        if picture.cached:
            parts.append(t("made before"))
        return " · ".join(part for part in parts if part)


def small_picture(data: bytes, columns: int) -> Text:
    """Two pixels a character: the upper half block in one colour on another."""
    import io

    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        rows = max(2, round(columns * opened.height / opened.width / 2) * 2)
        pixels = opened.convert("RGB").resize((columns, rows))
    shown = Text()
    for y in range(0, rows, 2):
        for x in range(columns):
            upper, lower = (_colour(pixels.getpixel((x, y + half))) for half in (0, 1))
            shown.append("▀", style=f"{upper} on {lower}")
        shown.append("\n")
    return shown


def _colour(pixel: Any) -> str:
    red, green, blue = pixel
    return f"#{red:02x}{green:02x}{blue:02x}"
