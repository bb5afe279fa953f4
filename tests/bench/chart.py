"""The results as one picture, drawn with Pillow, which the bot needs anyway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.bench.report import Run
from tests.bench.results import CaseResult, LoadResult

SCALE = 2
WIDTH, MARGIN, GAP = 1120, 40, 32
PAPER, INK, QUIET, GRID = "#ffffff", "#1c2230", "#6b7488", "#e7eaf0"
COLOURS = {"bare": "#b6bdcb", "atelier": "#5865f2", "atelier postgres": "#2f9e78"}
NAMES = {"bare": "bare bot", "atelier": "Atelier, SQLite", "atelier postgres": "Atelier, PostgreSQL"}
BAR, BAR_GAP, GROUP_GAP = 16, 4, 14


@dataclass(frozen=True, kw_only=True)
class Panel:
    title: str
    unit: str
    value: Callable[[LoadResult], float]


PANELS = (
    Panel(title="CPU for one picture", unit="ms", value=lambda load: load.cpu_ms),
    Panel(title="Added after the vendor's last byte, p50", unit="ms", value=lambda load: load.added_ms.p50),
    Panel(title="First answer, p99", unit="ms", value=lambda load: load.first_answer_ms.p99),
    Panel(title="Peak memory", unit="MB", value=lambda load: load.peak_mb),
)
LOADS = {"1": "1 alone", "20": "20 at once", "5/s": "5 a second", "200": "200 at once"}


def draw(run: Run, path: Path) -> None:
    """Two by two panels of bars, one group for each load, one bar for each bot."""
    cases = [case for name in COLOURS if (case := run.case(name)) is not None]
    # One picture alone mostly shows what a process does while it waits.
    loads = [load.load for load in cases[0].loads if load.load != "1"]  # the bare bot's: it knows no "200x4"
    group = len(cases) * (BAR + BAR_GAP) - BAR_GAP + GROUP_GAP
    panel_height = 40 + len(loads) * group
    height = 118 + 2 * panel_height + GAP + MARGIN
    image = Image.new("RGB", (WIDTH * SCALE, height * SCALE), PAPER)
    pen = _Pen(ImageDraw.Draw(image))
    pen.text(MARGIN, 28, "What a picture costs", size=26, bold=True)
    pen.text(
        MARGIN, 64, f"1.5 MB pictures, {run.machine['cores']} cores, one run; shorter is better", colour=QUIET
    )
    _legend(pen, cases)
    for index, panel in enumerate(PANELS):
        left = MARGIN + index % 2 * ((WIDTH - 2 * MARGIN + GAP) // 2)
        top = 118 + index // 2 * (panel_height + GAP)
        _panel(pen, panel, cases, loads, (left, top))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(64).save(path, optimize=True)


def _legend(pen: _Pen, cases: list[CaseResult]) -> None:
    right = WIDTH - MARGIN
    for case in reversed(cases):
        name = NAMES[case.name]
        right -= pen.width(name)
        pen.text(right, 64, name)
        pen.box(right - 20, 67, 12, 12, COLOURS[case.name])
        right -= 44


def _panel(pen: _Pen, panel: Panel, cases: list[CaseResult], loads: list[str], at: tuple[int, int]) -> None:
    left, top = at
    labels, width = 86, (WIDTH - 2 * MARGIN - GAP) // 2
    room = width - labels - 62
    most = max(panel.value(case.load(load)) for case in cases for load in loads) or 1.0
    pen.text(left, top, panel.title, size=16, bold=True)
    y = top + 36
    for load in loads:
        tall = len(cases) * (BAR + BAR_GAP) - BAR_GAP
        pen.text(left, y + tall // 2 - 9, LOADS.get(load, load), colour=QUIET)
        pen.box(left + labels - 6, y - 3, 1, tall + 6, GRID)
        for case in cases:
            value = panel.value(case.load(load))
            long = max(2, round(room * value / most))
            pen.box(left + labels, y, long, BAR, COLOURS[case.name])
            words = f"{value:,.0f} {panel.unit}" if value >= 10 else f"{value:.1f} {panel.unit}"
            pen.text(left + labels + long + 6, y - 1, words, size=12)
            y += BAR + BAR_GAP
        y += GROUP_GAP - BAR_GAP


class _Pen:
    """Draws in units of the page; everything is twice as fine on the picture."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def text(
        self, x: float, y: float, words: str, *, size: int = 13, bold: bool = False, colour: str = INK
    ) -> None:
        # The font that comes with Pillow has one weight: a thin outline makes it heavier.
        at, heavier = (x * SCALE, y * SCALE), 1 if bold else 0
        self._draw.text(at, words, fill=colour, font=_font(size), stroke_width=heavier, stroke_fill=colour)

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        corners = (x * SCALE, y * SCALE, (x + width) * SCALE - 1, (y + height) * SCALE - 1)
        self._draw.rounded_rectangle(corners, radius=2 * SCALE if width > 8 else 0, fill=colour)

    def width(self, words: str, *, size: int = 13) -> float:
        return self._draw.textlength(words, font=_font(size)) / SCALE


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * SCALE)
