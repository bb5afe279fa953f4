"""What the verbs that make pictures share: their options, the way in and out of the studio, the exit code."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commandline import failures
from bot.commandline.verbs import (
    AS_JSON,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_PARTLY,
    Verb,
    Verbs,
    read_settings,
    seconds,
)
from bot.errors import StartupError
from bot.i18n import _
from bot.terminal import reason, t

if TYPE_CHECKING:
    from bot.commandline.screen import Screen
    from bot.library import Artwork, Asked, Atelier, Result

Work = Callable[["Atelier", argparse.Namespace, "Screen"], Awaitable[int | None]]

CODES = _(
    "Exit codes: 0 made, 1 failed, 2 a wrong word or setting, 3 a limit, 4 only a part, 5 refused by rules, "
    "130 interrupted."
)


def declare(
    verbs: Verbs, name: str, work: Work, about: str, *, many: bool = False, kind: str = "generate"
) -> argparse.ArgumentParser:
    """A verb that makes pictures, with the options that all have; `many`: one for each of several wishes."""
    parser = verbs.add(name, within(work), about, epilog=t(CODES))
    look = parser.add_argument_group(t("the picture"))
    _complete(
        look.add_argument("--model", help=t("which model draws; see: atelier models")), f"models:{kind}"
    )
    _complete(
        look.add_argument("--style", help=t("a look to go with your words; see: atelier styles")), "styles"
    )
    look.add_argument("--size", help=t("like 1024x1024 or 16:9"))
    look.add_argument("--quality", help=t("finer costs more"))
    if not many and kind != "upscale":
        look.add_argument("--count", type=int, default=1, metavar="N", help=t("how many pictures"))
    look.add_argument("--format", choices=("png", "jpeg", "webp"), help=t("the kind of file"))
    look.add_argument("--background", choices=("auto", "opaque", "transparent"), help=t("what is behind it"))
    look.add_argument(
        "--seed", type=int, help=t("the same number and words draw the same, where the model can")
    )
    look.add_argument(
        "--negative", metavar="WORDS", help=t("what should not be in the picture, where the model can")
    )
    _declare_way(parser, many=many)
    return parser


def _declare_way(parser: argparse.ArgumentParser, *, many: bool) -> None:
    """Where pictures go and what is said meanwhile."""
    where = parser.add_argument_group(t("the file"))
    where.add_argument(
        "--out",
        type=Path,
        metavar="FILE|DIR",
        help=t("default: IMG_0001.png, IMG_0002.png, … in this folder"),
    )
    where.add_argument("--latest", type=Path, metavar="FILE", help=t("also keep the newest under this name"))
    where.add_argument("--open", action="store_true", help=t("show the file when it is there"))
    way = parser.add_argument_group(t("the way"))
    way.add_argument("--timeout", type=seconds, metavar="SECONDS", help=t("give up after so long"))
    if not many:
        way.add_argument(
            "--cached",
            action=argparse.BooleanOptionalAction,
            help=t("take the pictures of an equal wish, free, if there are any; else as CACHE_PICTURES says"),
        )
        way.add_argument(
            "--fallback",
            action="store_true",
            help=t("on failure write a picture that says so; the exit code stays"),
        )
    way.add_argument("--yes", action="store_true", help=t("go on without asking about the price"))
    declare_talk(way)


def declare_talk(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage] what add_argument_group returns has no other name
    parser.add_argument("--json", action="store_true", help=t(AS_JSON))
    parser.add_argument("--quiet", action="store_true", help=t("say nothing but errors and file names"))


def within(work: Work) -> Verb:
    """The verb that opens the studio around `work`; Ctrl-C ends vendors' work and releases what is not made."""

    def verb(options: argparse.Namespace) -> int | None:
        import asyncio

        read_settings().prepare_data_dir()
        _check_folders(options)
        _quiet_logs(debug=getattr(options, "debug", False))
        try:
            return asyncio.run(_run(work, options))
        except (KeyboardInterrupt, asyncio.CancelledError):  # Ctrl-C, SIGTERM
            print(t("Stopped. What was not made costs nothing."), file=sys.stderr)
            return EXIT_INTERRUPTED

    return verb


def _check_folders(options: argparse.Namespace) -> None:
    """Before anything is paid. Raises StartupError."""
    from bot import outputs

    told = vars(options)
    if "out" in told:
        out: Path = told["out"] or Path()
        outputs.make_ready(out.parent if out.suffix and not out.is_dir() else out)
    if told.get("latest") is not None:
        outputs.make_ready(told["latest"].parent)


async def _run(work: Work, options: argparse.Namespace) -> int | None:
    import asyncio
    import signal

    from bot.commandline.screen import Screen
    from bot.library import Atelier

    task = asyncio.current_task()
    assert task is not None
    # As Ctrl-C, which asyncio.run turns into the same: nothing may be left behind at the vendor's.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    told = vars(options)
    screen = Screen(quiet=told.get("quiet", False), as_json=told.get("json", False))
    async with Atelier(
        timeout=told.get("timeout"), cache=told.get("cached"), fallback=told.get("fallback", False)
    ) as atelier:
        return await work(atelier, options, screen)


def _quiet_logs(*, debug: bool) -> None:
    from bot import logs

    settings = read_settings()
    logs.set_up(
        level=settings.log_level if debug else "CRITICAL",
        form=settings.log_format,
        secrets=[*settings.secret_values(), settings.secret()],
    )
    logging.captureWarnings(debug)


def asked_of(options: argparse.Namespace, screen: Screen) -> Asked:
    """What was said of the picture, in the library's words."""
    told = vars(options)
    asked: Asked = {"preview": screen.preview if screen.shows_previews else None, "progress": screen.progress}
    for name in ("model", "style", "size", "quality", "format", "background", "negative"):
        if told.get(name):
            asked[name] = told[name]
    for name in ("seed", "count"):
        if told.get(name) is not None:
            asked[name] = told[name]
    out: Path | None = told.get("out")
    if out is not None and "format" not in asked and out.suffix.lower() in _FORMATS:
        asked["format"] = _FORMATS[out.suffix.lower()]
    return asked


_FORMATS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


def hand_over(options: argparse.Namespace, screen: Screen, result: Result) -> int:
    """Write the files, say where they are; the exit code."""
    from bot import outputs

    try:
        result = result.save(options.out or Path())
        if options.latest is not None:
            outputs.put_latest(options.latest, result.pictures[-1].data)
    except OSError as error:
        kept = t("It is kept: atelier show {id} --out DIR", id=result.request_id)
        raise StartupError("unwritable", error.filename, f"{reason(error)}. {kept}") from error
    screen.result(result)
    if options.open:
        for picture in result.pictures:
            show_file(picture)
    return code_of(result)


def code_of(result: Result) -> int:
    if result.failure is None:
        return EXIT_OK
    if all(picture.is_fallback for picture in result.pictures):
        return failures.code_of(result.failure)
    return EXIT_PARTLY


def show_file(picture: Artwork) -> None:
    """In whatever this desktop shows pictures with; where there is no desktop nothing happens."""
    import shutil
    import subprocess

    opener = "open" if sys.platform == "darwin" else "xdg-open"
    if (program := shutil.which(opener)) is None:
        print(t("--open: there is no {program} here.", program=opener), file=sys.stderr)
        return
    quiet = subprocess.DEVNULL
    subprocess.Popen([program, str(picture.path)], stdout=quiet, stderr=quiet, start_new_session=True)  # noqa: S603 - a fixed program, our own file


def _complete(action: argparse.Action, what: str) -> None:
    from bot.commandline.completion import completer

    action.completer = completer(what)  # pyright: ignore[reportAttributeAccessIssue] where argcomplete looks
