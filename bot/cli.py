"""The command line: `atelier <verb>` or `python -m bot <verb>`.

Each verb imports what it needs when it runs, so that `--help` answers at once. What goes wrong at start is said here,
in words and with an exit code, never as a traceback.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
from collections.abc import Sequence

from bot.commandline import (
    catalogue,
    checking,
    completion,
    invitations,
    language,
    past,
    pictures,
    programs,
    service,
    several,
    upkeep,
)
from bot.commandline.failures import code_of, words_of
from bot.commandline.verbs import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, Verb, Verbs
from bot.errors import AtelierError
from bot.i18n import LOCALES
from bot.terminal import t


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 could not start or failed, 2 wrong settings or usage, 130 interrupted."""
    language.choose(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)
    options = parser.parse_args(argv)
    debug: bool = getattr(options, "debug", False)
    verb: Verb = options.verb
    try:
        return verb(options) or EXIT_OK
    except AtelierError as error:
        _say(error, words_of(error), debug=debug)
        return code_of(error)
    except TimeoutError:
        print(t("It took too long, so it was cancelled; what was not made costs nothing."), file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:
        # Whoever read our output has enough of it (`| head`); nothing more may be written, not even at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        if logging.getLogger().handlers:
            logging.getLogger("bot").critical("Atelier broke", exc_info=error)
        words = t(
            "Atelier broke: {error}. Its log knows more, or run it again with --debug.",
            error=type(error).__name__,
        )
        _say(error, words, debug=debug)
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        language.OPTION,
        choices=LOCALES,
        default=argparse.SUPPRESS,
        help=t("what to speak; default: what the terminal speaks"),
    )
    common.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=t("show tracebacks"))
    parser = argparse.ArgumentParser(
        prog="atelier",
        description=t(
            "An AI image studio for Discord. No verb: the bot when DISCORD_TOKEN is set, else the playground."
        ),
        parents=[common],
    )
    parser.set_defaults(verb=service.run_or_play)
    verbs = Verbs(parser, common)
    for shelf in (
        pictures,
        several,
        past,
        catalogue,
        checking,
        programs,
        service,
        invitations,
        upkeep,
        completion,
    ):
        shelf.declare(verbs)
    return parser


def _say(error: Exception, words: str, *, debug: bool) -> None:
    if debug:
        traceback.print_exception(error)
    print(words, file=sys.stderr)
