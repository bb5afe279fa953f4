"""doctor: what is well, what is worth a look, what is wrong, and what to do about it."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from bot.commandline.asking import declare_talk
from bot.commandline.verbs import EXIT_FAILED, EXIT_OK, Verbs
from bot.terminal import t, texts

_MARKS = {"ok": "✓", "look": "!", "wrong": "✗"}


def declare(verbs: Verbs) -> None:
    parser = verbs.add(
        "doctor",
        doctor,
        t("look for what is wrong: settings, keys, database, disk, clock, Discord"),
        epilog=t(
            "Exit codes: 0 nothing is wrong, 1 something is. Keys are tried with calls that cost nothing."
        ),
    )
    declare_talk(parser)


def doctor(options: argparse.Namespace) -> int:
    import asyncio

    from bot.commandline.screen import Screen
    from bot.doctor.checkup import examine
    from bot.doctor.findings import Verdict, worst

    screen = Screen(quiet=options.quiet, as_json=options.json)
    with screen.waiting(t("Looking…")):
        findings = asyncio.run(examine(texts()))
    if screen.as_json:
        screen.json([asdict(finding) for finding in findings])
    else:
        shown = [one for one in findings if not options.quiet or one.verdict is not Verdict.WELL]
        screen.table(
            ("", t("what"), t("how it is"), t("what to do")),
            [(_MARKS[one.verdict], one.what, one.words, one.advice) for one in shown],
        )
    return EXIT_FAILED if worst(findings) is Verdict.WRONG else EXIT_OK
