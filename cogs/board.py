"""/board: pictures side by side, a member's own or a server's; and the button of cards that keeps a picture."""

from __future__ import annotations

import discord
from discord import app_commands, ui
from discord.app_commands import Choice, Range, locale_str
from discord.ext import commands

from bot import boards as service
from bot.board_pages import board_list, board_page, kept_page, order_page, which_page
from bot.boards import NAME_LENGTH, Visitor
from bot.client import AtelierBot, first_answer
from bot.desk import confirm
from bot.forms import Filled
from bot.i18n import Texts, texts_for
from bot.items import chosen
from bot.keepsakes import Keepsakes
from bot.views import Card, CardFile
from bot.wording import cut, quoted
from cogs.asking import is_moderator, requester_of
from storage.boards import BoardRow, Pinned

_MODAL_SECONDS = 15 * 60.0
_NAME = "name"

Name = Range[str, 1, NAME_LENGTH]


class NewBoardModal(ui.Modal):
    """Only its shape, as every modal of ours."""

    def __init__(self, t: Texts, image_id: str) -> None:
        super().__init__(
            title=cut(t("A new board"), 45), custom_id=f"v1:board_new:{image_id}", timeout=_MODAL_SECONDS
        )
        field = ui.TextInput[ui.Modal](
            custom_id=_NAME, max_length=NAME_LENGTH, placeholder=cut(t("Winter palette"), 100)
        )
        self.add_item(ui.Label(text=cut(t("Its name"), 45), component=field))


class Boards(commands.GroupCog, group_name="board", group_description=locale_str("Mood boards")):
    def __init__(self, bot: AtelierBot) -> None:
        self._bot = bot
        bot.on_press("keep", self.keep)
        bot.on_desk("like", self.like)
        bot.on_desk("unlike", self.unlike)
        bot.on_desk("board_add", self.add)
        bot.on_submit("board_new", self.create_with)
        bot.on_desk("board_open", self.open)
        bot.on_desk("board_page", self.turn)
        bot.on_desk("board_order", self.order)
        bot.on_desk("board_pick", self.pick)
        bot.on_desk("board_move", self.move)
        bot.on_desk("board_take", self.take_off)
        bot.on_desk("board_export", self.download)
        bot.on_desk("board_delete", self.delete_now)

    @app_commands.command(description=locale_str("Make a mood board"))
    @app_commands.describe(
        name=locale_str("Its name"), server=locale_str("The server’s instead of yours; for moderators")
    )
    async def create(
        self, interaction: discord.Interaction[AtelierBot], name: Name, server: bool = False
    ) -> None:
        await first_answer(self._bot, interaction, private=True)
        t = texts_for(str(interaction.locale))
        board = await self._boards.create(name, visitor_of(interaction), server=server)
        words = t("📌 **{name}** is there. Press ❤️ on any picture to put it there.", name=quoted(board.name))
        await interaction.edit_original_response(content=words)

    @app_commands.command(description=locale_str("Your boards, and those you may see here"))
    async def list(self, interaction: discord.Interaction[AtelierBot]) -> None:
        await first_answer(self._bot, interaction, private=True)
        t = texts_for(str(interaction.locale))
        boards = await self._boards.visible(visitor_of(interaction))
        card = board_list(t, boards, self._bot.command_link("board create"))
        await interaction.edit_original_response(view=card.view)

    @app_commands.command(description=locale_str("Look at a board"))
    @app_commands.describe(name=locale_str("Which board"))
    async def show(self, interaction: discord.Interaction[AtelierBot], name: str) -> None:
        await first_answer(self._bot, interaction, private=True)
        board = await self._boards.find(name, visitor_of(interaction))
        await self._show(interaction, board)

    @app_commands.command(description=locale_str("Give a board another name"))
    @app_commands.describe(name=locale_str("Which board"), to=locale_str("Its new name"))
    async def rename(self, interaction: discord.Interaction[AtelierBot], name: str, to: Name) -> None:
        await first_answer(self._bot, interaction, private=True)
        visitor, t = visitor_of(interaction), texts_for(str(interaction.locale))
        await self._boards.rename(await self._boards.find(name, visitor), to, visitor)
        await interaction.edit_original_response(
            content=t("✅ It is called **{name}** now.", name=quoted(to))
        )

    @app_commands.command(description=locale_str("Put a board’s pictures in order, or take some off"))
    @app_commands.describe(name=locale_str("Which board"))
    async def reorder(self, interaction: discord.Interaction[AtelierBot], name: str) -> None:
        await first_answer(self._bot, interaction, private=True)
        board = await self._boards.find(name, visitor_of(interaction))
        await self._show_order(interaction, board, None)

    @app_commands.command(
        description=locale_str("Show a board to everyone here, or keep it to yourself again")
    )
    @app_commands.describe(name=locale_str("Which board"), on=locale_str("No: keep it to yourself again"))
    async def share(self, interaction: discord.Interaction[AtelierBot], name: str, on: bool = True) -> None:
        await first_answer(self._bot, interaction, private=not on)
        visitor, t = visitor_of(interaction), texts_for(str(interaction.locale))
        board = await self._boards.find(name, visitor)
        await self._boards.share(board, visitor, shared=on)
        if not on:
            words = t("🔒 **{name}** is yours alone again.", name=quoted(board.name))
            await interaction.edit_original_response(content=words)
            return
        # What everyone reads holds what everyone may see.
        anybody = Visitor(requester=requester_of(interaction), guild_id=visitor.guild_id)
        await self._show(interaction, await self._boards.find(board.id, visitor), anybody, public=True)

    @app_commands.command(description=locale_str("All pictures of a board as files, with their prompts"))
    @app_commands.describe(name=locale_str("Which board"))
    async def export(self, interaction: discord.Interaction[AtelierBot], name: str) -> None:
        await self._export(interaction, name)

    @app_commands.command(description=locale_str("Delete a board; its pictures stay"))
    @app_commands.describe(name=locale_str("Which board"))
    async def delete(self, interaction: discord.Interaction[AtelierBot], name: str) -> None:
        await first_answer(self._bot, interaction, private=True)
        visitor, t = visitor_of(interaction), texts_for(str(interaction.locale))
        board = await self._boards.find(name, visitor)
        await interaction.edit_original_response(
            content=t("Delete **{name}**? Its pictures stay where else they are.", name=quoted(board.name)),
            view=confirm("board_delete", board.id, t("Delete it")),
        )

    @show.autocomplete("name")
    @rename.autocomplete("name")
    @reorder.autocomplete("name")
    @share.autocomplete("name")
    @export.autocomplete("name")
    @delete.autocomplete("name")
    async def names(self, interaction: discord.Interaction[AtelierBot], typed: str) -> list[Choice[str]]:
        wanted = typed.casefold()
        found = await self._boards.visible(visitor_of(interaction))
        return [
            Choice(name=board.name[:100], value=board.id)
            for board, _ in found
            if wanted in board.name.casefold()
        ][:25]

    async def keep(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        """The card's button: a favourite at once, and the boards it could go to."""
        await first_answer(self._bot, interaction, private=True)
        numbers = [number for number in (argument or "").split(",") if number.isdecimal()]
        if len(numbers) > 1:
            t = texts_for(str(interaction.locale))
            card = which_page(t, image.rpartition("_")[0], numbers)
            await interaction.edit_original_response(view=card.view)
            return
        await self._like(interaction, image, stands=True)

    async def like(self, interaction: discord.Interaction, image: str) -> None:
        await interaction.response.defer()
        await self._like(interaction, image, stands=True)

    async def unlike(self, interaction: discord.Interaction, image: str) -> None:
        await interaction.response.defer()
        await self._like(interaction, image, stands=False)

    async def _like(self, interaction: discord.Interaction, image: str, *, stands: bool) -> None:
        services, visitor = self._bot.services, visitor_of(interaction)
        await services.studio.image_of(image, visitor.requester)
        likes = await services.keepsakes.pasts.like(visitor.user_id, image, stands=stands)
        await self._show_kept(interaction, image, likes=likes, liked=stands)

    async def _show_kept(
        self,
        interaction: discord.Interaction,
        image: str,
        *,
        likes: int,
        liked: bool,
        note: str | None = None,
    ) -> None:
        boards = await self._boards.fillable(visitor_of(interaction))
        t = texts_for(str(interaction.locale))
        card = kept_page(t, image, boards, likes=likes, liked=liked, note=note)
        await interaction.edit_original_response(view=card.view)

    async def add(self, interaction: discord.Interaction, image: str) -> None:
        """Onto the board that was chosen; a new one's name is asked for first."""
        value, t = chosen(interaction)[0], texts_for(str(interaction.locale))
        if value == "new":
            await interaction.response.send_modal(NewBoardModal(t, image))
            return
        await interaction.response.defer()
        board = await self._boards.find(value, visitor_of(interaction))
        await self._add(interaction, board, image)

    async def create_with(self, interaction: discord.Interaction, image: str, argument: str | None) -> None:
        await interaction.response.defer()
        name = Filled(interaction.data or {}).text(_NAME)
        board = await self._boards.create(name, visitor_of(interaction))
        await self._add(interaction, board, image)

    async def _add(self, interaction: discord.Interaction, board: BoardRow, image: str) -> None:
        t, visitor, pasts = texts_for(str(interaction.locale)), visitor_of(interaction), self._keepsakes.pasts
        added = await self._boards.add(board, image, visitor)
        name = quoted(board.name)
        note = "📌 " + (
            t("It is on **{name}** now.", name=name)
            if added
            else t("It was on **{name}** already.", name=name)
        )
        likes, liked = await pasts.likes(image), await pasts.is_liked(visitor.user_id, image)
        await self._show_kept(interaction, image, likes=likes, liked=liked, note=note)

    async def open(self, interaction: discord.Interaction, argument: str) -> None:
        await first_answer(self._bot, interaction, private=True)
        await self._show(
            interaction, await self._boards.find(chosen(interaction)[0], visitor_of(interaction))
        )

    async def turn(self, interaction: discord.Interaction, argument: str) -> None:
        """A shared board in a channel stays as it is for the others: who turns it gets a page of their own."""
        board_id, page, _ = argument.split(":")
        if interaction.message is not None and interaction.message.flags.ephemeral:
            await interaction.response.defer()
        else:
            await first_answer(self._bot, interaction, private=True)
        board = await self._boards.find(board_id, visitor_of(interaction))
        await self._show(interaction, board, page=int(page))

    async def _show(
        self,
        interaction: discord.Interaction,
        board: BoardRow,
        viewer: Visitor | None = None,
        *,
        page: int = 0,
        public: bool = False,
    ) -> None:
        visitor, t = viewer or visitor_of(interaction), texts_for(str(interaction.locale))
        pinned = await self._boards.pictures(board, visitor)
        if public:
            pinned = [one for one in pinned if _everyone_here_may_see(one, interaction)]
        thumbs = await self._keepsakes.thumbs(t, [(one.image, one.request) for one in pinned])
        may_change = self._boards.may_change(board, visitor) and not public
        card = board_page(t, board, pinned, page, thumbs, may_change=may_change)
        await _put(interaction, card)

    async def order(self, interaction: discord.Interaction, board_id: str) -> None:
        await first_answer(self._bot, interaction, private=True)
        board = await self._boards.find(board_id, visitor_of(interaction))
        await self._show_order(interaction, board, None)

    async def pick(self, interaction: discord.Interaction, board_id: str) -> None:
        await interaction.response.defer()
        board = await self._boards.find(board_id, visitor_of(interaction))
        await self._show_order(interaction, board, chosen(interaction)[0])

    async def move(self, interaction: discord.Interaction, argument: str) -> None:
        await interaction.response.defer()
        board_id, image, place, _ = argument.split(":")
        visitor = visitor_of(interaction)
        board = await self._boards.find(board_id, visitor)
        await self._boards.move(board, image, int(place), visitor)
        await self._show_order(interaction, board, image)

    async def take_off(self, interaction: discord.Interaction, argument: str) -> None:
        await interaction.response.defer()
        board_id, image = argument.split(":")
        visitor = visitor_of(interaction)
        board = await self._boards.find(board_id, visitor)
        await self._boards.remove(board, image, visitor)
        await self._show_order(interaction, board, None)

    async def _show_order(self, interaction: discord.Interaction, board: BoardRow, image: str | None) -> None:
        pinned = await self._boards.pictures(board, visitor_of(interaction))
        card = order_page(texts_for(str(interaction.locale)), board, pinned, image)
        await interaction.edit_original_response(view=card.view)

    async def download(self, interaction: discord.Interaction, board_id: str) -> None:
        await self._export(interaction, board_id)

    async def _export(self, interaction: discord.Interaction, named: str) -> None:
        await first_answer(self._bot, interaction, private=True)
        visitor, t = visitor_of(interaction), texts_for(str(interaction.locale))
        board = await self._boards.find(named, visitor)
        done = await self._boards.export(board, visitor, interaction.filesize_limit)
        words = "📦 " + t("**{name}**, to keep.", name=quoted(board.name))
        if done.left_out:
            words += "\n" + t(
                "Too large for this place, get it with its card’s Original: {names}",
                names=", ".join(f"`{name}`" for name in done.left_out),
            )
        await interaction.edit_original_response(content=words)
        for number, data in enumerate(done.files, 1):
            name = f"board_{number}.zip" if len(done.files) > 1 else "board.zip"
            file = CardFile(name=name, data=data, description=t("Pictures and board.json"))
            await interaction.followup.send(file=file.open(), ephemeral=True)

    async def delete_now(self, interaction: discord.Interaction, board_id: str) -> None:
        await interaction.response.defer()
        visitor, t = visitor_of(interaction), texts_for(str(interaction.locale))
        board = await self._boards.find(board_id, visitor)
        await self._boards.delete(board, visitor)
        await interaction.edit_original_response(
            content=t("✅ **{name}** is gone.", name=quoted(board.name)), view=None
        )

    @property
    def _keepsakes(self) -> Keepsakes:
        return self._bot.services.keepsakes

    @property
    def _boards(self) -> service.Boards:
        return self._bot.services.keepsakes.boards


def visitor_of(interaction: discord.Interaction) -> Visitor:
    return Visitor(
        requester=requester_of(interaction),
        guild_id=interaction.guild_id or 0,
        moderator=is_moderator(interaction),
    )


def _everyone_here_may_see(one: Pinned, interaction: discord.Interaction) -> bool:
    """For a board that goes into a channel: what was made in a closed one stays there."""
    row = one.request
    if row.private or row.spoiler:
        return False
    if not row.guild_id:
        return one.added_by == row.user_id
    return row.guild_id == interaction.guild_id and (row.listed or row.channel_id == interaction.channel_id)


async def _put(interaction: discord.Interaction, card: Card) -> None:
    await interaction.edit_original_response(view=card.view, attachments=[file.open() for file in card.files])


async def setup(bot: AtelierBot) -> None:
    await bot.add_cog(Boards(bot))
