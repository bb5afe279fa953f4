"""The Discord client: its events, its commands, and the one place where a failure gets its words.

Slash commands, buttons, modals and autocomplete all end here when they fail: the person reads a sentence in their
language with a reference, and the log has the same reference with the facts.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import discord
import structlog
from discord import app_commands, ui
from discord.ext import commands

from bot import marks
from bot.acks import Acks
from bot.administration import Administration
from bot.buttons import ActionButton
from bot.catalog import Catalog
from bot.delivery.cards import CardMaker
from bot.desk import DeskButton, PickChannel, PickText, landing
from bot.details import Lineage
from bot.emblems import signs_of
from bot.errors import AtelierError, NotAllowed, NotFound, QuotaExceeded, Refused
from bot.i18n import texts_for, translate
from bot.items import PageButton, PageMenu
from bot.keepsakes import Keepsakes
from bot.model_list import Watched
from bot.onward import Onward
from bot.picks import Picks
from bot.preferences import PreferenceBook
from bot.quotas import QuotaService
from bot.replies import reply_to
from bot.studio import Studio
from bot.styles import Styles
from bot.uploads import Uploads
from bot.web.signin import SignIn
from storage.image_store import ImageStore
from storage.requests import RequestRepository
from storage.settings import SettingsRepository

COGS = (
    "cogs.imagine",
    "cogs.edit",
    "cogs.variations",
    "cogs.cancel",
    "cogs.quota",
    "cogs.buttons",
    "cogs.keeping",
    "cogs.upscale",
    "cogs.describe",
    "cogs.blend",
    "cogs.settings",
    "cogs.menus",
    "cogs.help",
    "cogs.landing",
    "cogs.admin",
    "cogs.privacy",
    "cogs.keys",
    "cogs.setup",
    "cogs.models",
    "cogs.web",
    "cogs.batch",
    "cogs.compare",
    "cogs.history",
    "cogs.board",
)

Press = Callable[[discord.Interaction, str, str | None], Awaitable[None]]
"""A button's action: the interaction, the image id, the argument."""

Desk = Callable[[discord.Interaction, str], Awaitable[None]]
"""The action of a button about people and money: the interaction, the argument."""

Submit = Callable[[discord.Interaction, str, str | None], Awaitable[None]]
"""A modal's action, likewise; the values are in the interaction's data."""

_NOBODY_LISTENS = frozenset({10062, 10015, 50027, 40060})
"""Too late (unknown interaction, unknown or dead webhook), or another copy of the same event was answered already."""

_COMMANDS_AT_WORK = (
    "CommandTree-invoker", "discord-ui-dynamic-item", "discord-ui-view-dispatch", "discord.py: on_interaction",
)  # fmt: skip
"""How discord.py names the tasks in which it runs commands, buttons and what else comes with an interaction."""

_LEAVE_SECONDS = 10.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The way into the web pages: `address` is their root as members reach it."""

    signin: SignIn
    address: str


@dataclass(frozen=True, kw_only=True)
class Services:
    """What commands are made of."""

    studio: Studio
    onward: Onward
    lineage: Lineage
    picks: Picks
    preferences: PreferenceBook
    cards: CardMaker
    catalog: Catalog
    providers: Mapping[str, Watched]
    styles: Styles
    quotas: QuotaService
    requests: RequestRepository
    settings: SettingsRepository
    store: ImageStore
    uploads: Uploads
    acks: Acks
    allowed_guilds: frozenset[int]
    admin: Administration
    pages: Pages | None
    keepsakes: Keepsakes


class AtelierTree(app_commands.CommandTree["AtelierBot"]):
    async def interaction_check(self, interaction: discord.Interaction[AtelierBot], /) -> bool:
        """Runs before the first answer goes out, so it may only look at memory."""
        try:
            interaction.client.check_guild(interaction)
        except NotAllowed as error:
            if interaction.type is not discord.InteractionType.autocomplete:
                await interaction.client.explain(interaction, error)
            return False
        return True

    async def on_error(
        self, interaction: discord.Interaction[AtelierBot], error: app_commands.AppCommandError, /
    ) -> None:
        await interaction.client.explain(interaction, _cause(interaction, error))


class GettextTranslator(app_commands.Translator):
    """Names and descriptions of commands from the same catalogues as every other text."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        return translate(string.message, locale.value)


class AtelierBot(commands.AutoShardedBot):
    services: Services
    """Given by `equip` before the login: some of them deliver through this very client."""

    def __init__(
        self, *, user_install: bool, shard_count: int | None = None, shard_ids: list[int] | None = None
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=AtelierTree,
            # Commands need no intent; guilds gives channels (a thread's parent, age gates) and joins.
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=False
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=user_install),
            shard_count=shard_count,
            # discord.py takes None here and says so in its documentation, not in its types.
            shard_ids=shard_ids,  # pyright: ignore[reportArgumentType]
        )
        self._drawing_signs: asyncio.Task[None] | None = None
        self._presses: dict[str, Press] = {}
        self._submits: dict[str, Submit] = {}
        self._desks: dict[str, Desk] = {}

    def equip(self, services: Services) -> None:
        self.services = services

    async def setup_hook(self) -> None:
        self.add_dynamic_items(ActionButton, DeskButton, PickText, PickChannel, PageButton, PageMenu)
        await self._know_servers()
        await self.services.preferences.load()
        await self.tree.set_translator(GettextTranslator())
        for cog in COGS:
            await self.load_extension(cog)
        await self.sync_commands()
        self._drawing_signs = asyncio.create_task(self._draw_signs())

    async def _know_servers(self) -> None:
        """What admins set, into memory; and who the owner is where no setting says it."""
        servers = self.services.admin.servers
        await servers.load()
        await self.services.admin.keys.load()
        if not servers.owner_ids and self.application is not None:
            team, owner = self.application.team, self.application.owner
            people = team.members if team else [owner]
            servers.owner_ids = frozenset(person.id for person in people)

    async def leave(self) -> None:
        """Hear nothing more, and let the commands that have begun end: another gateway is there, or comes."""
        await asyncio.gather(*(shard.disconnect() for shard in self.shards.values()))
        if begun := [task for task in asyncio.all_tasks() if task.get_name().startswith(_COMMANDS_AT_WORK)]:
            await asyncio.wait(begun, timeout=_LEAVE_SECONDS)

    @property
    def desks(self) -> list[str]:
        """The actions of buttons and menus about people and money."""
        return list(self._desks)

    @property
    def presses(self) -> list[str]:
        """The actions of the buttons of cards."""
        return list(self._presses)

    @property
    def submits(self) -> list[str]:
        """The actions of modals."""
        return list(self._submits)

    def on_press(self, action: str, do: Press) -> None:
        self._presses[action] = do

    def on_desk(self, action: str, do: Desk) -> None:
        self._desks[action] = do

    def on_submit(self, action: str, do: Submit) -> None:
        self._submits[action] = do

    async def sync_commands(self) -> bool:
        """Tell Discord the commands when they are not those it was told last; whether it was told.

        A sync at every start would use up the daily budget of a bot that restarts often.
        """
        payload = await command_payload(self.tree)
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        key = marks.commands_key(self.application_id)
        told = await self.services.settings.get("app", key)
        if isinstance(told, dict) and told.get("digest") == digest:
            marks.learn(commands={name: int(number) for name, number in told["ids"].items()})
            return False
        synced = await self.tree.sync()
        numbers = {command.name: command.id for command in synced}
        marks.learn(commands=numbers)
        # As text: JavaScript-minded readers of the database would round a snowflake.
        ids = {name: str(number) for name, number in numbers.items()}
        await self.services.settings.set("app", key, {"digest": digest, "ids": ids})
        _log.info("commands synced", commands=len(payload))
        return True

    def command_link(self, name: str) -> str:
        return marks.command_link(name)

    async def _draw_signs(self) -> None:
        """Beside everything else: until it is done, signs are Unicode's."""
        drawn = await signs_of(self)
        marks.learn(signs=drawn)
        key = marks.signs_key(self.application_id)
        if drawn and await self.services.settings.get("app", key) != drawn:
            await self.services.settings.set("app", key, drawn)

    def check_guild(self, interaction: discord.Interaction) -> None:
        """Speak the member's own language from here on. Raises NotAllowed in a server that the owner does not serve."""
        language = self.services.preferences.of(interaction.user.id).language
        if language is not None:
            interaction.extras["discord_locale"] = str(interaction.locale)
            interaction.locale = discord.Locale(language)
        allowed = self.services.allowed_guilds
        if allowed and interaction.guild_id and interaction.guild_id not in allowed:
            raise NotAllowed(what="guild")

    async def press(
        self, interaction: discord.Interaction, action: str, image_id: str, argument: str | None
    ) -> None:
        """A button of one of our cards; discord.py would only log what it raises, so everything is caught here."""
        try:
            self.check_guild(interaction)
            do = self._presses.get(action)
            if do is None:
                raise AtelierError
            await do(interaction, image_id, argument)
        except Exception as error:  # noqa: BLE001 - the library would only log it; the person waits
            await self.explain(interaction, error)

    async def press_desk(self, interaction: discord.Interaction, action: str, argument: str) -> None:
        """As `press`, for buttons about people and money."""
        try:
            self.check_guild(interaction)
            do = self._desks.get(action)
            if do is None:
                raise AtelierError
            await do(interaction, argument)
        except Exception as error:  # noqa: BLE001 - the library would only log it; the person waits
            await self.explain(interaction, error)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Modals are read from the event, not from objects in memory: one opened before a restart works after it."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        custom_id = str((interaction.data or {}).get("custom_id", ""))
        version, _, rest = custom_id.partition(":")
        action, _, rest = rest.partition(":")
        image_id, _, argument = rest.partition(":")
        if version != "v1" or action not in self._submits:
            return
        try:
            self.check_guild(interaction)
            await self._submits[action](interaction, image_id, argument or None)
        except Exception as error:  # noqa: BLE001 - the library would only log it; the person waits
            await self.explain(interaction, error)

    async def explain(self, interaction: discord.Interaction, error: BaseException) -> None:
        """Tell the person what went wrong, privately, and the log the rest under the same reference.

        After a public "thinking…" one short line stays in the channel, since that message cannot turn private.
        """
        if isinstance(error, discord.HTTPException) and error.code in _NOBODY_LISTENS:
            _log.warning("an interaction could not be answered", interaction=interaction.id, code=error.code)
            return
        reference = secrets.token_hex(4)
        t = texts_for(str(interaction.locale))
        words, view = marks.with_links(reply_to(error, t)), None
        if isinstance(error, QuotaExceeded):
            model, _, quality = (error.cheaper or "").partition("|")
            known = self.services.catalog.known(model)
            name = known.name if known else model
            how = interaction.extras
            view = landing(
                t,
                error,
                model_name=f"{name}, {quality}" if quality else name,
                private=bool(how.get("private")),
                spoiler=bool(how.get("spoiler")),
            )
        if isinstance(error, Refused):
            _log.info(
                "refused", reference=reference, kind=error.kind, facts=error.facts(), user=interaction.user.id
            )
        else:
            _log.error("a command failed", reference=reference, user=interaction.user.id, exc_info=error)
            words += "\n-# " + t("Reference {reference}", reference=f"`{reference}`")
        try:
            await self._say(
                interaction,
                words,
                t("-# Not drawn; {user} was told why.", user=interaction.user.mention),
                view,
            )
        except discord.HTTPException as failed:
            _log.warning("nobody could be told", reference=reference, code=failed.code, status=failed.status)
        if isinstance(error, NotAllowed) and error.what in ("admin", "owner"):
            # Discord's own clients do not offer these to such a person: admins may want to know who tries.
            await self.services.admin.audit.add(
                interaction.guild_id or 0, interaction.user.id, "refused", _what(interaction)
            )

    async def _say(
        self, interaction: discord.Interaction, words: str, public_line: str, view: ui.View | None = None
    ) -> None:
        response, shown = interaction.response, view or discord.utils.MISSING
        if not response.is_done():
            await response.send_message(words, ephemeral=True, view=shown)
            return
        deferred = response.type is discord.InteractionResponseType.deferred_channel_message
        if deferred and not interaction.extras.get("private"):
            await interaction.edit_original_response(content=public_line)
        await interaction.followup.send(words, ephemeral=True, view=shown)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        _log.exception("an event handler failed", event=event_method)


def _cause(interaction: discord.Interaction, error: app_commands.AppCommandError) -> BaseException:
    if isinstance(error, app_commands.CommandInvokeError):
        return error.original
    if isinstance(error, app_commands.TransformerError) and isinstance(error.value, discord.User):
        # A command takes a member and was given somebody who is none here; in a direct message nobody is one.
        if interaction.guild_id is None:
            return NotAllowed(what="server_only")
        return NotFound(what="member", id=str(error.value.id))
    return error


def _what(interaction: discord.Interaction) -> str:
    """What somebody tried: a command's whole name, or a button's or modal's id."""
    if isinstance(interaction.command, app_commands.Command):
        return f"/{interaction.command.qualified_name}"
    return str((interaction.data or {}).get("custom_id", "?"))[:100]


async def command_payload(tree: app_commands.CommandTree[Any]) -> list[dict[str, Any]]:
    """Every command as Discord is told, translations included: what the hash is made of and what tests check."""
    found = [*tree.get_commands(type=None)]
    if tree.translator is None:
        return [command.to_dict(tree) for command in found]
    return [await command.get_translated_payload(tree, tree.translator) for command in found]


async def first_answer(bot: AtelierBot, interaction: discord.Interaction, *, private: bool) -> int | None:
    """Send "thinking…" before anything else; the id of the message that it will become.

    Without an answer after 2.5 s nobody knows whether it arrived. Work that costs money goes on only when the message
    turns out to be there; otherwise this raises what Discord said, and the member will ask again. What a command does
    after it waits until the rest of a crowd has been answered.
    """
    interaction.extras["private"] = private
    try:
        async with bot.services.acks.answering(), asyncio.timeout(2.5):
            answer = await interaction.response.defer(ephemeral=private, thinking=True)
    except TimeoutError:
        _log.warning("the first answer got no answer", interaction=interaction.id)
        return (await interaction.original_response()).id
    await bot.services.acks.calm()
    return answer.message_id if answer else None
