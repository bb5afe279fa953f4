"""What a wish itself lacks or has too much of: options, models, pictures, scripts."""

from __future__ import annotations

from collections.abc import Mapping

from discord.utils import escape_markdown

from bot.errors import BadImage, BadScript, InvalidRequest, NoProvider, RetiredModel, UnknownModel
from bot.i18n import Texts
from bot.replies.base import listed, reply_to


@reply_to.register
def _(error: InvalidRequest, t: Texts) -> str:
    told = {
        "option": f"`{error.field}`",
        "value": f"`{escape_markdown(error.value or '')[:100]}`",
        "allowed": ", ".join(f"`{word}`" for word in (error.allowed or [])[:25]),
        "model": escape_markdown(error.model or ""),
    }
    words = _lacking(error, t, told) or _beyond(error, t, told) or _unable(error, t, told)
    if words is not None:
        return words
    if error.allowed:
        return t("{value} does not fit {option}. It can be: {allowed}.", **told)
    return t("{value} does not fit {option}.", **told)


def _lacking(error: InvalidRequest, t: Texts, told: Mapping[str, str]) -> str | None:
    """Something is missing, or is there alone or twice."""
    match error.problem:
        case "empty":
            return t("The prompt is empty. Say in a few words what you would like to see.")
        case "missing" if not error.allowed:
            return t("{model} needs {option} for that.", **told)
        case "missing":
            return t("Please give at least one of {allowed}.", **told)
        case "only_with":
            return t("{option} only works together with {allowed}.", **told)
        case "only_one":
            return t("Please give only one of {option}.", **told)
        case "full":
            return t("That is full: {allowed} are the most. Take something off first.", **told)
        case "taken":
            return t("There is a board called {value} already. Choose another name.", **told)
        case "same":
            return t("Please name different models: the same one twice tells nothing.")
        case _:
            return None


def _beyond(error: InvalidRequest, t: Texts, told: Mapping[str, str]) -> str | None:
    """Something is too much or too little."""
    match error.problem:
        case "too_long":
            return t("The prompt is too long: {model} reads at most {allowed} characters.", **told)
        case "too_many":
            return t("That is too much for {model}: {option} can be at most {allowed}.", **told)
        case "out_of_range" if error.allowed and len(error.allowed) == 2:
            low, high = error.allowed
            return t("{option} goes from {low} to {high}, not {value}.", low=low, high=high, **told)
        case _:
            return None


def _unable(error: InvalidRequest, t: Texts, told: Mapping[str, str]) -> str | None:
    """The model cannot."""
    match error.problem:
        case "unsupported" if error.allowed:
            return t("{model} cannot do {option} {value}. It can do: {allowed}.", **told)
        case "unsupported":
            return t("{model} has no {option}. Leave that option out or choose another model.", **told)
        case "needs_format":
            return t("A transparent background needs one of these formats: {allowed}.", **told)
        case _:
            return None


@reply_to.register
def _(error: UnknownModel, t: Texts) -> str:
    name = f"`{escape_markdown(error.name)[:100]}`"
    if error.nearest:
        return t(
            "There is no model {name} here. Did you mean {nearest}?",
            name=name,
            nearest=listed(error.nearest),
        )
    return t(
        "There is no model {name} here. Choose one from the list that appears while you type.", name=name
    )


@reply_to.register
def _(error: RetiredModel, t: Texts) -> str:
    name = f"`{escape_markdown(error.name)[:100]}`"
    if error.successor:
        return t(
            "The model {name} was retired by its maker. Its successor is `{successor}`.",
            name=name,
            successor=error.successor,
        )
    return t("The model {name} was retired by its maker. Choose another from the list.", name=name)


@reply_to.register
def _(error: NoProvider, t: Texts) -> str:
    return t(
        "The owner of this bot has not set up {provider} yet. Choose a model of another provider, or bring a key of "
        "your own with `/key add` where that is allowed.",
        provider=error.provider,
    )


@reply_to.register
def _(error: BadImage, t: Texts) -> str:
    name = f"**{escape_markdown(error.name)}**" if error.name else t("The file")
    match error.problem:
        case "too_many_bytes":
            return t(
                "{name} is too large. It may have at most {limit} MB.",
                name=name,
                limit=(error.limit or 0) // 1_000_000,
            )
        case "too_many_pixels":
            return t(
                "{name} has too many pixels. At most {limit} million are fine.",
                name=name,
                limit=(error.limit or 0) // 1_000_000,
            )
        case "animated":
            return t("{name} is animated. Please send a still picture.", name=name)
        case "truncated":
            return t("{name} is damaged: it ends in the middle. Please send it again.", name=name)
        case "unreachable":
            return t("{name} could not be fetched from Discord. Please send it again.", name=name)
        case "no_file":
            return t("{name} is not there, or cannot be read. Look at its path.", name=name)
        case "mask_size":
            return t("The mask must have exactly the size of the picture.")
        case "mask_alpha":
            return t("The mask marks nothing: paint white, or make transparent, what should change.")
        case _:
            return t("{name} is not a picture that can be read. PNG, JPEG, WebP and GIF are fine.", name=name)


@reply_to.register
def _(error: BadScript, t: Texts) -> str:
    name = f"**{escape_markdown(error.name)}**" if error.name else t("The text")
    number = error.line or 1
    known = ".json, .txt, .srt, .csv"
    words = {
        "format": t("{name} is no script that I can read. These are: {known}.", name=name, known=known),
        "json": t(
            "{name} is not valid JSON: look at line {line}, where a comma, quote or bracket is wrong or missing.",
            name=name,
            line=number,
        ),
        "no_list": t("{name} holds no list of segments. A list of texts is enough.", name=name),
        "no_text": t("Segment {number} of {name} has no text.", number=number, name=name),
        "no_cues": t("{name} holds no subtitles like `00:00:01,000 --> 00:00:04,000`.", name=name),
        "too_many": t(
            "{name} has {actual} segments; at most {limit} go in one batch. Please split it.",
            name=name,
            actual=error.actual,
            limit=error.limit,
        ),
        "too_large": t(
            "{name} is too large. It may have at most {limit} MB.",
            name=name,
            limit=(error.limit or 0) // 1_000_000,
        ),
        "no_file": t("{name} is not there, or cannot be read. Look at its path.", name=name),
        "not_text": t("{name} is no text file.", name=name),
        "unreachable": t("{name} could not be fetched. Please attach it again.", name=name),
    }
    return words.get(error.problem) or t("{name} is empty: write at least one line.", name=name)
