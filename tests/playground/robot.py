"""A small bot on discord.py, in the process of the tests: it uses what an image bot uses."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Self

import discord
import yarl
from discord import app_commands, ui
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route
from PIL import Image

from bot.playground import SimulatedDiscord


def png(width: int = 64, height: int = 48, color: str = "teal") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), color).save(buffer, "PNG")
    return buffer.getvalue()


class Repeat(ui.DynamicItem[ui.Button[Any]], template=r"v1:repeat:(?P<image>.+)"):
    """Opens a modal, as an edit would."""

    def __init__(self, image: str) -> None:
        super().__init__(ui.Button(label="Edit", custom_id=f"v1:repeat:{image}", emoji="\N{PENCIL}"))
        self.image = image

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction[Any], item: Any, match: Any, /) -> Self:
        return cls(match["image"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_modal(EditForm())


class EditForm(ui.Modal, title="Edit the picture"):
    """Each kind of input once."""

    prompt: ui.Label[Any] = ui.Label(text="Prompt", component=ui.TextInput(default="a fox", max_length=100))
    size: ui.Label[Any] = ui.Label(
        text="Size",
        component=ui.RadioGroup(
            options=[
                discord.RadioGroupOption(label="Square", value="1:1"),
                discord.RadioGroupOption(label="Wide", value="16:9"),
            ]
        ),
    )
    private: ui.Label[Any] = ui.Label(text="Private", component=ui.Checkbox())
    extras: ui.Label[Any] = ui.Label(
        text="Extras",
        component=ui.CheckboxGroup(
            required=False,
            options=[discord.CheckboxGroupOption(label="Seed"), discord.CheckboxGroupOption(label="Grain")],
        ),
    )
    reference: ui.Label[Any] = ui.Label(text="Reference", component=ui.FileUpload(required=False))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        files = self.reference.component.values  # type: ignore[union-attr]
        read = [len(await one.read()) for one in files]
        await interaction.response.send_message(
            f"{self.prompt.component.value} {self.size.component.value} "  # type: ignore[union-attr]
            f"{self.private.component.value} {self.extras.component.values} {read}",  # type: ignore[union-attr]
            ephemeral=True,
        )


class Card(ui.LayoutView):
    """A picture, its prompt and one button, in a container."""

    def __init__(self, prompt: str, filename: str = "fox.png") -> None:
        super().__init__(timeout=None)
        gallery: ui.MediaGallery[Any] = ui.MediaGallery(
            discord.MediaGalleryItem(f"attachment://{filename}", description=f"Picture of {prompt}")
        )
        row: ui.ActionRow[Any] = ui.ActionRow()
        row.add_item(Repeat("img_1"))
        self.add_item(ui.Container(ui.TextDisplay(f"**{prompt}**"), gallery, row, accent_color=0x336699))


class Robot(discord.Client):
    """Its commands are registered in `__init__` and synced on start."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(
            intents=intents, max_messages=None, chunk_guilds_at_startup=False, guild_ready_timeout=0.05
        )
        self.tree = app_commands.CommandTree(self)
        self.hold: asyncio.Event | None = None
        self.heard: list[discord.Interaction[Any]] = []
        self.failed: list[BaseException] = []
        register(self.tree, self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """The library would wait five seconds here, for the sake of the real gateway."""

    async def setup_hook(self) -> None:
        self.add_dynamic_items(Repeat)
        await self.tree.sync()


def register(tree: app_commands.CommandTree[Any], robot: Robot) -> None:
    @tree.error
    async def on_error(_: discord.Interaction[Any], error: app_commands.AppCommandError) -> None:
        robot.failed.append(getattr(error, "original", error))

    @tree.command()
    @app_commands.describe(prompt="What to draw", image="Draw on this", model="By whom", count="How many")
    async def imagine(
        interaction: discord.Interaction[Any],
        prompt: app_commands.Range[str, 1, 200],
        image: discord.Attachment | None = None,
        model: str | None = None,
        count: app_commands.Range[int, 1, 4] = 1,
    ) -> None:
        """Draw a picture."""
        robot.heard.append(interaction)
        await interaction.response.defer(thinking=True)
        if robot.hold:
            await robot.hold.wait()
        data = await image.read() if image else png()
        await interaction.edit_original_response(
            view=Card(prompt),
            attachments=[discord.File(io.BytesIO(data), "fox.png", description="alt")] * count,
        )

    @imagine.autocomplete("model")
    async def models(_: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"model {current}", value=current)]

    quota = app_commands.Group(name="quota", description="Who may spend how much")

    @quota.command(name="set", description="Change a quota")
    @app_commands.describe(user="For whom", images="How many")
    async def quota_set(interaction: discord.Interaction[Any], user: discord.Member, images: int) -> None:
        await interaction.response.send_message(f"{user.display_name}: {images}", ephemeral=True)

    tree.add_command(quota)

    @tree.context_menu(name="Edit image")
    async def edit_image(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await interaction.response.send_message(f"{len(message.attachments)} files", ephemeral=True)

    @tree.context_menu(name="Usage")
    async def usage(interaction: discord.Interaction[Any], user: discord.Member) -> None:
        await interaction.response.send_message(f"usage of {user.display_name}", ephemeral=True)


@asynccontextmanager
async def pointed_at(sim: SimulatedDiscord) -> AsyncGenerator[None]:
    """discord.py's addresses are class attributes: set for a while, then put back."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, Asset.BASE
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = sim.rest_url, yarl.URL(sim.gateway_url)
    setattr(Asset, "BASE", sim.cdn_url)  # noqa: B010 - declared as a literal
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before[:2]
        setattr(Asset, "BASE", before[2])  # noqa: B010


@asynccontextmanager
async def running(sim: SimulatedDiscord, intents: discord.Intents | None = None) -> AsyncGenerator[Robot]:
    async with pointed_at(sim), Robot(intents or discord.Intents(guilds=True)) as robot:
        task = asyncio.create_task(robot.start(sim.token))
        try:
            await sim.wait_ready()
            await sim.wait_synced()
            yield robot
        finally:
            await robot.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
