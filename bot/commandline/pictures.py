"""Verbs that make one picture or a few: imagine, edit, variations, upscale, describe, compare."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from bot.commandline import asking
from bot.commandline.asking import asked_of, hand_over
from bot.commandline.verbs import EXIT_OK, Verbs, seconds
from bot.i18n import _
from bot.terminal import t

if TYPE_CHECKING:
    from bot.commandline.screen import Screen
    from bot.library import Atelier

_IMAGE = _("a file, or the id of a picture such as img_abcdefghijklm_1")


def declare(verbs: Verbs) -> None:
    drawn = asking.declare(
        verbs, "imagine", imagine, t("draw pictures from words; asks for them when none are given")
    )
    drawn.add_argument("prompt", nargs="?", metavar="PROMPT", help=t("what you would like to see"))
    drawn.add_argument(
        "--image", action="append", metavar="IMAGE", help=t("start from it: a file, or the id of a picture")
    )
    changed = asking.declare(verbs, "edit", edit, t("change a picture in words"), kind="edit")
    changed.add_argument("image", metavar="IMAGE", help=t(_IMAGE))
    changed.add_argument("prompt", metavar="PROMPT", help=t("what should change"))
    changed.add_argument(
        "--with", dest="others", action="append", metavar="IMAGE", help=t("another picture to use")
    )
    changed.add_argument("--mask", metavar="IMAGE", help=t("change only where it is transparent, or white"))
    varied = asking.declare(
        verbs, "variations", variations, t("draw others like a picture"), kind="variations"
    )
    varied.add_argument("image", metavar="IMAGE", help=t(_IMAGE))
    varied.add_argument("prompt", nargs="?", default="", metavar="PROMPT", help=t("in which way they differ"))
    varied.add_argument("--strength", type=float, metavar="0.0-1.0", help=t("how far they may go from it"))
    larger = asking.declare(verbs, "upscale", upscale, t("make a picture larger"), kind="upscale")
    larger.add_argument("image", metavar="IMAGE", help=t(_IMAGE))
    larger.add_argument("prompt", nargs="?", default="", metavar="PROMPT", help=t("what it shows"))
    told = verbs.add(
        "describe", asking.within(describe), t("put a picture into words that could be a prompt")
    )
    told.add_argument("image", metavar="IMAGE", help=t(_IMAGE))
    told.add_argument("focus", nargs="?", default="", metavar="FOCUS", help=t("what to look at most"))
    told.add_argument("--model", help=t("which model looks; see: atelier models"))
    told.add_argument("--timeout", type=seconds, metavar="SECONDS", help=t("give up after so long"))
    asking.declare_talk(told)


async def upscale(atelier: Atelier, options: argparse.Namespace, screen: Screen) -> int:
    with screen.waiting(t("Enlarging…")):
        result = await atelier.upscale(options.image, options.prompt, **asked_of(options, screen))
    return hand_over(options, screen, result)


async def describe(atelier: Atelier, options: argparse.Namespace, screen: Screen) -> int:
    with screen.waiting(t("Looking…")):
        words = await atelier.describe(options.image, options.focus, model=options.model or "")
    if screen.as_json:
        screen.json({"text": words})
    else:
        print(words)
    return EXIT_OK


async def imagine(atelier: Atelier, options: argparse.Namespace, screen: Screen) -> int:
    prompt = options.prompt if options.prompt is not None else _asked_for()
    with screen.waiting(t("Drawing…")):
        if options.image:
            result = await atelier.edit(options.image, prompt, **asked_of(options, screen))
        else:
            result = await atelier.generate(prompt, **asked_of(options, screen))
    return hand_over(options, screen, result)


async def edit(atelier: Atelier, options: argparse.Namespace, screen: Screen) -> int:
    inputs = [options.image, *(options.others or [])]
    with screen.waiting(t("Drawing…")):
        result = await atelier.edit(inputs, options.prompt, mask=options.mask, **asked_of(options, screen))
    return hand_over(options, screen, result)


async def variations(atelier: Atelier, options: argparse.Namespace, screen: Screen) -> int:
    with screen.waiting(t("Drawing…")):
        result = await atelier.variations(
            options.image, options.prompt, strength=options.strength, **asked_of(options, screen)
        )
    return hand_over(options, screen, result)


def _asked_for() -> str:
    """Typed at a prompt, or piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.read().strip()
    print(t("What would you like to see? "), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()
