"""What the commands that make pictures share: who asks, where, and the way from a first answer to a request."""

from __future__ import annotations

from collections.abc import Iterable

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str

from bot.catalog import Catalog, ImageModel
from bot.client import AtelierBot, first_answer
from bot.errors import Refused
from bot.forms import Offered
from bot.i18n import Texts, texts_for
from bot.images import ImageRequest, InputImage, Kind, Place, Requester
from bot.onward import Asker
from bot.picks import Pick
from bot.preferences import Usual, own_model, usual_of
from bot.servers import ServerSettings
from bot.studio import Origin
from bot.uploads import Found

SAID = {
    "model": locale_str("Which model draws"),
    "style": locale_str("A look to go with your words"),
    "size": locale_str("Like 1024x1024 or 16:9"),
    "quality": locale_str("Finer costs more"),
    "count": locale_str("How many pictures"),
    "format": locale_str("The kind of file"),
    "private": locale_str("Only you see the result"),
    "another": locale_str("Another picture to take from"),
}
"""What the commands say of the options that they share."""

_MODERATOR = discord.Permissions(manage_messages=True)
_CHOICES = 25
_CHOICE_LENGTH = 100


def requester_of(interaction: discord.Interaction) -> Requester:
    user = interaction.user
    roles = tuple(user._roles) if isinstance(user, discord.Member) else ()  # pyright: ignore[reportPrivateUsage]
    return Requester(
        user_id=user.id,
        name=user.name,
        # `roles` would look each one up in the guild's cache, which holds none for a bot without that intent.
        role_ids=roles,
        is_admin=interaction.permissions.manage_guild,
        locale=str(interaction.locale),
    )


def place_of(interaction: discord.Interaction, *, private: bool, spoiler: bool = False) -> Place:
    channel = interaction.channel
    return Place(
        guild_id=interaction.guild_id or 0,
        channel_id=interaction.channel_id or 0,
        parent_channel_id=channel.parent_id if isinstance(channel, discord.Thread) else None,
        locale=str(interaction.guild_locale or interaction.locale),
        private=private,
        spoiler=spoiler,
        file_limit_bytes=interaction.filesize_limit,
        listed=everyone_sees(interaction),
    )


def everyone_sees(interaction: discord.Interaction) -> bool:
    """Whether this is a place of a server that all of its members may read, whatever their age."""
    channel = interaction.channel
    if isinstance(channel, discord.Thread):
        if channel.is_private():
            return False
        channel = channel.parent
    if not isinstance(channel, discord.abc.GuildChannel) or channel.guild.default_role is None:  # pyright: ignore[reportUnnecessaryComparison] a guild that is not in memory has none
        return False
    sheltered = isinstance(channel, discord.TextChannel | discord.ForumChannel) and channel.is_nsfw()
    return not sheltered and channel.permissions_for(channel.guild.default_role).view_channel


def is_moderator(interaction: discord.Interaction) -> bool:
    return interaction.guild_id is not None and interaction.permissions >= _MODERATOR


async def open_request(bot: AtelierBot, interaction: discord.Interaction, *, private: bool) -> Origin:
    """Send the deferred answer, first of all; what the studio needs to know of the event."""
    message_id = await first_answer(bot, interaction, private=private)
    return Origin(
        door="discord",
        interaction_id=interaction.id,
        application_id=interaction.application_id,
        token=interaction.token,
        token_expires_at=interaction.expires_at.timestamp(),
        message_id=message_id,
    )


def was_private(interaction: discord.Interaction) -> bool:
    """What is pressed on a message that only one person sees is answered to them alone."""
    return interaction.message is not None and interaction.message.flags.ephemeral


def usual_here(bot: AtelierBot, interaction: discord.Interaction) -> Usual:
    """What this member has here where they say nothing else. From memory: no answer is out yet."""
    return usual_of(bot.services.preferences.of(interaction.user.id), _server(bot, interaction))


def wants_private(bot: AtelierBot, interaction: discord.Interaction, said: bool | None) -> bool:
    """What was said in the command, else what this member wants everywhere, else what the server wants."""
    return usual_here(bot, interaction).private if said is None else said


def _server(bot: AtelierBot, interaction: discord.Interaction) -> ServerSettings:
    return bot.services.admin.servers.remembered(interaction.guild_id or 0).settings


def preferred_model(bot: AtelierBot, interaction: discord.Interaction, kind: Kind) -> str:
    """A member's own default where it can do that; empty: as the server has it."""
    return own_model(usual_here(bot, interaction).model, catalog_of(bot, interaction).models(kind))


def model_at_hand(bot: AtelierBot, interaction: discord.Interaction, kind: Kind) -> ImageModel:
    """Who takes what comes without a name and goes on from no picture of ours. Raises NoProvider."""
    chosen, catalog = preferred_model(bot, interaction, kind), catalog_of(bot, interaction)
    return catalog.find(chosen) if chosen else catalog.default(kind)


async def input_from(bot: AtelierBot, pick: Pick, requester: Requester) -> InputImage:
    """One of ours by its own bytes, so that its family stays together; any other as it is shown."""
    if pick.image_id is not None:
        return await bot.services.onward.input_of(pick.image_id, requester)
    return await bot.services.uploads.picture(Found(filename=pick.name, url=pick.url, size=pick.size))


async def asker(
    bot: AtelierBot, interaction: discord.Interaction, *, private: bool, spoiler: bool = False
) -> Asker:
    """As `open_request`, with who asks and where."""
    interaction.extras["spoiler"] = spoiler
    origin = await open_request(bot, interaction, private=private)
    place = place_of(interaction, private=private, spoiler=spoiler)
    usual = usual_here(bot, interaction)
    return Asker(requester=requester_of(interaction), place=place, origin=origin, usual=usual)


async def asker_onward(
    bot: AtelierBot, interaction: discord.Interaction, *, source: bool | None = None
) -> Asker:
    """As `asker`, of a button, a menu or a window, where nobody says who shall see what comes of it.

    They alone, where they want it so everywhere, or where that holds for the picture that it goes on from: `source`, or
    by the message that shows it where nothing was looked up.
    """
    alone = (was_private(interaction) if source is None else source) or wants_private(bot, interaction, None)
    return await asker(bot, interaction, private=alone)


def offered_by(bot: AtelierBot, model: ImageModel, like: ImageRequest | None = None) -> Offered:
    """What a window offers for this model; with `like`, as that request had it."""
    catalog = bot.services.catalog
    return Offered(
        sizes=catalog.sizes_for(model),
        qualities=catalog.qualities_for(model),
        more_files=model.max_inputs - 1,
        size=like.size if like else None,
        quality=like.quality if like else None,
    )


def model_choices(
    bot: AtelierBot, interaction: discord.Interaction, typed: str, kind: Kind
) -> list[Choice[str]]:
    """Each with what a picture costs as the model draws it by default."""
    t = texts_for(str(interaction.locale))
    return [
        Choice(name=f"{entry.name} · {price_of(t, entry)}"[:_CHOICE_LENGTH], value=entry.id)
        for entry in catalog_of(bot, interaction).suggest(typed, kind)[:_CHOICES]
    ]


def catalog_of(bot: AtelierBot, interaction: discord.Interaction) -> Catalog:
    """What this member can draw with here, from memory: for lists that are offered while somebody types."""
    return bot.services.admin.house.remembered_catalog(interaction.user.id, interaction.guild_id or 0)


def provider_choices(bot: AtelierBot, providers: Iterable[str], typed: str) -> list[Choice[str]]:
    named = [(bot.services.catalog.name_of(name), name) for name in providers]
    return [
        Choice(name=said[:_CHOICE_LENGTH], value=name)
        for said, name in named
        if typed.casefold() in said.casefold()
    ][:_CHOICES]


def price_of(t: Texts, model: ImageModel) -> str:
    return t("free") if model.free else t.money(model.price_tag())


def size_choices(
    bot: AtelierBot, interaction: discord.Interaction, typed: str, kind: Kind
) -> list[Choice[str]]:
    return _matching(typed, catalog_of(bot, interaction).sizes_for(_model(bot, interaction, kind)))


def quality_choices(
    bot: AtelierBot, interaction: discord.Interaction, typed: str, kind: Kind
) -> list[Choice[str]]:
    return _matching(typed, catalog_of(bot, interaction).qualities_for(_model(bot, interaction, kind)))


def style_choices(
    bot: AtelierBot, interaction: discord.Interaction, typed: str, *, own: bool = True
) -> list[Choice[str]]:
    """With `own` the server's come first: its admins made them for these members."""
    wanted = typed.casefold()
    server = _server(bot, interaction).styles if own else {}
    known = bot.services.styles.labels(str(interaction.locale))
    taken = {name.casefold() for name in server}
    named = [(name, name) for name in server] + [one for one in known if one[0].casefold() not in taken]
    return [
        Choice(name=label[:_CHOICE_LENGTH], value=name)
        for name, label in named
        if wanted in name.casefold() or wanted in label.casefold()
    ][:_CHOICES]


def _model(bot: AtelierBot, interaction: discord.Interaction, kind: Kind) -> ImageModel:
    """The model that the half-filled form names, or what would be taken without a name."""
    chosen = getattr(interaction.namespace, "model", None)
    if isinstance(chosen, str) and chosen:
        try:
            return catalog_of(bot, interaction).find(chosen)
        except Refused:
            pass
    return model_at_hand(bot, interaction, kind)


def _matching(typed: str, words: list[str]) -> list[Choice[str]]:
    wanted = typed.casefold()
    return [Choice(name=word, value=word) for word in words if wanted in word.casefold()][:_CHOICES]


Prompt = app_commands.Range[str, 1, 6000]
"""Discord's own limit: how much a model reads is the catalogue's to say, in words."""
