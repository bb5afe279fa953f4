"""Verbs that look back: history, show, usage."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commandline.asking import declare_talk, within
from bot.commandline.verbs import EXIT_OK, Verbs, whole
from bot.state_words import state_words
from bot.terminal import t

if TYPE_CHECKING:
    from bot.commandline.screen import Screen
    from bot.library import Artwork, Atelier


def declare(verbs: Verbs) -> None:
    told = verbs.add("history", within(history), t("list what was asked for on this machine, newest first"))
    told.add_argument("--limit", type=whole, default=20, metavar="N", help=t("how many; default: 20"))
    told.add_argument("--all", action="store_true", help=t("everybody's: Discord's members as well"))
    declare_talk(told)
    shown = verbs.add(
        "show", within(show), t("say all about a request or a picture, and write its file where asked")
    )
    shown.add_argument(
        "id", metavar="ID", help=t("img_… from the history, a card's details, or the end of a picture's line")
    )
    shown.add_argument("--out", type=Path, metavar="FILE|DIR", help=t("write the pictures there"))
    declare_talk(shown)
    spent = verbs.add("usage", within(usage), t("say what was drawn and what it cost"))
    spent.add_argument(
        "--span", choices=("day", "week", "month", "year"), default="month", help=t("default: month")
    )
    spent.add_argument(
        "--guild", type=int, default=0, metavar="ID", help=t("of this server; default: what is in none")
    )
    declare_talk(spent)


async def history(atelier: Atelier, options: argparse.Namespace, screen: Screen) -> int:
    listed = await atelier.history(options.limit, everybody=options.all)
    if screen.as_json:
        screen.json([asdict(one) for one in listed])
        return EXIT_OK
    if not listed:
        screen.note(t('Nothing yet. Begin with: atelier imagine "a fox in the snow"'))
        return EXIT_OK
    screen.table(
        (t("asked"), t("id"), t("state"), t("model"), t("cost"), t("prompt")),
        [
            (
                _moment(one.asked_at),
                one.id,
                state_words(screen.t, one.state),
                one.model,
                screen.price(one.cost),
                _short(one.prompt),
            )
            for one in listed
        ],
    )
    return EXIT_OK


async def show(atelier: Atelier, options: argparse.Namespace, screen: Screen) -> int:
    result = await atelier.show(options.id)
    if options.out:
        result = result.save(options.out)
    if screen.as_json:
        screen.json(result.facts())
        return EXIT_OK
    screen.facts({t("request"): result.request_id, t("prompt"): result.prompt, t("model"): result.model})
    for picture in result.pictures:
        screen.facts({"": "", **_about(picture, result.model, screen)})
    if result.failure is not None:
        screen.facts({t("failure"): screen.words(result.failure)})
    return EXIT_OK


async def usage(atelier: Atelier, options: argparse.Namespace, screen: Screen) -> int:
    report = await atelier.usage(options.span, guild_id=options.guild)
    if screen.as_json:
        screen.json(
            {
                "first": report.first.isoformat(),
                "last": report.last.isoformat(),
                "images": report.images,
                "cost": report.cost_microusd / 1_000_000,
                "models": [
                    {"model": name, "images": images, "cost": money / 1_000_000}
                    for name, images, money in report.by_model
                ],
            }
        )
        return EXIT_OK
    screen.table(
        (t("model"), t("pictures"), t("cost")),
        [
            *(
                (name, str(images), screen.price(money / 1_000_000))
                for name, images, money in report.by_model
            ),
            (t("all"), str(report.images), screen.price(report.cost_microusd / 1_000_000)),
        ],
    )
    screen.note(t("{first} to {last}", first=report.first, last=report.last))
    return EXIT_OK


def _about(picture: Artwork, asked: str, screen: Screen) -> dict[str, str]:
    form = picture.media_type.removeprefix("image/").upper()
    told = {
        t("picture"): picture.id,
        t("file"): str(picture.path or ""),
        t("size"): t(
            "{width} × {height}, {format}, {n} kB",
            width=picture.width,
            height=picture.height,
            format=form,
            n=screen.t.number(len(picture.data) // 1000),
        ),
        t("model"): "" if picture.model == asked else picture.model,
        t("seed"): "" if picture.seed is None else str(picture.seed),
        t("cost"): screen.price(picture.cost),
        t("prompt as the model had it"): picture.revised_prompt or "",
        t("made from"): ", ".join(picture.made_from),
    }
    return {name: value for name, value in told.items() if value}


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _short(prompt: str) -> str:
    words = " ".join(prompt.split())
    return words if len(words) <= 60 else f"{words[:59]}…"
