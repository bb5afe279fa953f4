"""What a shell offers after Tab: verbs and options from the parser, models and styles from the catalogue."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from bot.commandline.verbs import Verbs
from bot.terminal import t

SHELLS = ("bash", "zsh", "fish")


def declare(verbs: Verbs) -> None:
    parser = verbs.add(
        "completion",
        completion,
        t('print what makes Tab work: eval "$(atelier completion bash)"'),
        epilog=t(
            "For good: bash and zsh, that line in ~/.bashrc or ~/.zshrc; fish, "
            "atelier completion fish > ~/.config/fish/completions/atelier.fish"
        ),
    )
    parser.add_argument("shell", choices=SHELLS, help=t("which one you type in"))


def completion(options: argparse.Namespace) -> None:
    from argcomplete.shell_integration import shellcode

    print(shellcode(["atelier"], shell=options.shell))


def completer(what: str) -> Callable[..., Iterable[str]]:
    """For an option: `styles`, or `models:` and a kind of request."""

    def complete(**_about: Any) -> Iterable[str]:
        from bot.errors import AtelierError

        try:
            return _styles() if what == "styles" else _models(what.partition(":")[2])
        except AtelierError:
            return []  # Tab is no place to hear about a setting

    return complete


def _styles() -> list[str]:
    from bot.commandline.verbs import read_settings
    from bot.styles import Styles

    return Styles.load(read_settings().styles_file).names()


def _models(kind: str) -> list[str]:
    from bot.commandline.verbs import read_settings
    from bot.images import Kind
    from bot.providers.registry import open_catalog

    return [model.id for model in open_catalog(read_settings()).models(Kind(kind))]
