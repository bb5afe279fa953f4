"""Verbs that make many pictures under one parent: batch, illustrate, compare. The price first, then the pictures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commandline import asking
from bot.commandline.asking import asked_of
from bot.commandline.failures import code_of
from bot.commandline.verbs import EXIT_OK, EXIT_PARTLY, Verbs
from bot.errors import Broken, Interrupted, StartupError
from bot.i18n import _
from bot.terminal import t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.batches import Progress
    from bot.commandline.screen import Screen
    from bot.library import Atelier, Result
    from bot.library.cut_off import Retry
    from bot.library.parts import Agree, Told
    from storage.batches import BatchRow

_SCRIPT = _(".json, .srt, .txt or .csv: a text and maybe a timestamp for each segment")


def declare(verbs: Verbs) -> None:
    many = asking.declare(verbs, "batch", batch, t("draw a picture for each line of a file"), many=True)
    many.add_argument(
        "file", metavar="FILE", help=t("one prompt a line, or any script; - reads them from a pipe")
    )
    shown = asking.declare(
        verbs, "illustrate", illustrate, t("draw a picture for each segment of a script"), many=True
    )
    shown.add_argument("script", metavar="SCRIPT", type=Path, help=t(_SCRIPT))
    shown.add_argument("--look", default="", metavar="WORDS", help=t("what all the pictures have in common"))
    shown.add_argument(
        "--again", action="store_true", help=t("draw all of it anew, not only what is missing")
    )
    shown.add_argument(
        "--retry-cut-off",
        action="store_true",
        help=t("also what was being drawn when it was killed: the vendor may charge for it twice"),
    )
    shown.add_argument(
        "--embed", action="store_true", help=t("put the pictures into script.json as base64 too")
    )
    compared = asking.declare(
        verbs, "compare", compare, t("draw the same with several models, side by side"), many=True
    )
    compared.add_argument("prompt", metavar="PROMPT", help=t("what you would like to see"))
    compared.add_argument(
        "--models", nargs="+", required=True, metavar="MODEL", help=t("two or more of them")
    )


async def batch(atelier: Atelier, options: argparse.Namespace, screen: Screen) -> int:
    from bot.batches import BatchKind
    from bot.library.parts import prompts_of

    segments = prompts_of(sys.stdin.read() if options.file == "-" else Path(options.file))
    with screen.waiting(t("Drawing…")):
        results = await atelier.several(
            BatchKind.BATCH,
            segments,
            again=True,
            told=_telling(screen),
            agree=_asking(options, screen),
            **asked_of(options, screen),
        )
    return _handed(options, screen, results)


async def compare(atelier: Atelier, options: argparse.Namespace, screen: Screen) -> int:
    with screen.waiting(t("Drawing…")):
        results = await atelier.compare(
            options.prompt, options.models, agree=_asking(options, screen), **asked_of(options, screen)
        )
    results = _saved(options, results)
    if screen.as_json:
        screen.json([result.facts() for result in results])
    else:
        told = [
            (
                result.model,
                screen.t.seconds(result.seconds) if result else "",
                screen.price(result.cost) if result else "",
                str(result.picture.path) if result else screen.words(result.failure or Broken()),
            )
            for result in results
        ]
        screen.table((t("model"), t("time"), t("cost"), t("file")), told)
    return _code(results)


async def illustrate(atelier: Atelier, options: argparse.Namespace, screen: Screen) -> int:
    """Into a folder of the script's own: pictures in the script's order, and the script with them in `script.json`."""
    from bot import exports, outputs
    from bot.batches import BatchKind
    from bot.library.parts import segments_of
    from bot.library.results import outcome_of

    segments = segments_of(options.script)
    folder: Path = options.out or Path(f"{options.script.stem}_illustrated")
    outputs.make_ready(folder)
    with screen.waiting(t("Drawing…")):
        results = await atelier.several(
            BatchKind.ILLUSTRATE,
            segments,
            look=options.look,
            again=options.again,
            told=_telling(screen),
            agree=_asking(options, screen),
            retry=_retrying(options, screen),
            **asked_of(options, screen),
        )
    outcomes = [outcome_of(result) for result in results]
    names = [
        None if name is None else outputs.save_same(folder / name, result.picture.data).name
        for name, result in zip(exports.file_names(segments, outcomes), results, strict=True)
    ]
    entries = exports.enriched(segments, outcomes, files=names)
    if options.embed:
        embedded = exports.enriched(segments, outcomes)
        for entry, full in zip(entries, embedded, strict=True):
            if entry["generated_image"]:
                entry["generated_image"]["b64_json"] = full["generated_image"]["b64_json"]
    outputs.put_latest(folder / "script.json", exports.script_json(entries))
    if screen.as_json:
        screen.json(entries)
    for entry, result in zip(entries, results, strict=True):
        if not screen.as_json and entry["generated_image"]:
            print(folder / entry["generated_image"]["file"])
        elif result.failure is not None and not result.pictures:
            screen.warn(f"{result.prompt}: {screen.words(result.failure)}")
    screen.note(f"{folder / 'script.json'} · {screen.price(sum(result.cost for result in results))}")
    if any(isinstance(result.failure, Interrupted) and result.failure.may_be_paid for result in results):
        screen.warn(t("What was cut off is asked for again with --retry-cut-off."))
    return _code(results)


def _saved(options: argparse.Namespace, results: Sequence[Result]) -> list[Result]:
    return [result.save(options.out or Path()) for result in results]


def _handed(options: argparse.Namespace, screen: Screen, results: Sequence[Result]) -> int:
    results = _saved(options, results)
    if screen.as_json:
        screen.json([result.facts() for result in results])
        return _code(results)
    for result in results:
        if result.pictures:
            screen.result(result)
        elif result.failure is not None:
            screen.warn(f"{result.prompt}: {screen.words(result.failure)}")
    return _code(results)


def _code(results: Sequence[Result]) -> int:
    failures = [result.failure for result in results if result.failure is not None]
    if not failures:
        return EXIT_OK
    return EXIT_PARTLY if any(result.pictures for result in results) else code_of(failures[0])


def _telling(screen: Screen) -> Told:
    from bot.batches import PartState

    def told(progress: Progress) -> None:
        made = len(progress.of(PartState.MADE))
        screen.says(t("Drawing… {made} of {all}", made=made, all=len(progress.parts)))

    return told


def _asking(options: argparse.Namespace, screen: Screen) -> Agree:
    """What costs nothing needs no yes. Raises StartupError where there is nobody to ask."""

    def agree(row: BatchRow) -> bool:
        if options.yes or not row.estimate_microusd:
            return True
        count, most = len(row.segments), screen.t.money(row.estimate_microusd)
        if not sys.stdin.isatty():
            words = t("{n} pictures may cost up to {most}: say --yes to go on.", n=count, most=most)
            raise StartupError("needs_yes", hint=words)
        with screen.paused():
            return screen.agrees(t("{n} pictures for at most {most}. Go on?", n=count, most=most))

    return agree


def _retrying(options: argparse.Namespace, screen: Screen) -> Retry:
    def retry(count: int) -> bool:
        if options.retry_cut_off:
            return True
        with screen.paused():
            return screen.agrees(
                t(
                    "{n} pictures were cut off while they were drawn; the vendor may charge for them. Draw them again?",
                    n=count,
                )
            )

    return retry
