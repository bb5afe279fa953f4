"""A bot that shows and asks everything that Discord has inputs and components for, and says back what it was given.

Run as a process by the tests of the page: the real bot uses only a part of what the page can show.
"""

from __future__ import annotations

import io
import json
import os
from typing import Any

import discord
import yarl
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket
from discord.http import Route
from PIL import Image

COLOURS = ["teal", "orange", "navy", "olive", "crimson", "gold", "indigo", "sienna", "plum", "gray"]


def picture(number: int) -> discord.File:
    held = io.BytesIO()
    Image.new("RGB", (320, 240), COLOURS[number]).save(held, "PNG")
    held.seek(0)
    return discord.File(held, f"p{number}.png", description=f"A {COLOURS[number]} field")


def values(components: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for shell in components:
        inner = shell.get("component") or {}
        if "custom_id" in inner:
            found[inner["custom_id"]] = inner.get("value", inner.get("values"))
    return found


class Form(ui.Modal):
    def __init__(self) -> None:
        super().__init__(title="Every kind of input", custom_id="form")
        options = [
            discord.SelectOption(label=f"Option {n}", value=str(n), description="One of three")
            for n in (1, 2, 3)
        ]
        radios = ui.RadioGroup[ui.Modal](custom_id="radio")
        boxes = ui.CheckboxGroup[ui.Modal](custom_id="boxes", min_values=1, max_values=2)
        for name in ("red", "green", "blue"):
            radios.add_option(label=name, value=name, description="a colour")
            boxes.add_option(label=name, value=name)
        self.add_item(
            ui.Label(text="Choose", component=ui.Select[ui.Modal](custom_id="select", options=options))
        )
        self.add_item(ui.Label(text="Colour", description="Only one", component=radios))
        self.add_item(ui.Label(text="Colours", description="One or two", component=boxes))
        self.add_item(
            ui.Label(
                text="Quietly", description="A yes or no", component=ui.Checkbox[ui.Modal](custom_id="check")
            )
        )
        self.add_item(
            ui.Label(text="Files", component=ui.FileUpload[ui.Modal](custom_id="files", max_values=2))
        )


class Entities(ui.Modal):
    def __init__(self) -> None:
        super().__init__(title="People and places", custom_id="entities")
        self.add_item(ui.TextDisplay("Some **words** before the inputs."))
        self.add_item(
            ui.Label(
                text="Name", component=ui.TextInput[ui.Modal](custom_id="name", min_length=3, max_length=20)
            )
        )
        self.add_item(
            ui.Label(text="Person", component=ui.UserSelect[ui.Modal](custom_id="user", required=True))
        )
        self.add_item(
            ui.Label(text="Role", component=ui.RoleSelect[ui.Modal](custom_id="role", required=True))
        )
        self.add_item(
            ui.Label(text="Place", component=ui.ChannelSelect[ui.Modal](custom_id="channel", required=False))
        )


def everything() -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    box = ui.Container[ui.LayoutView](accent_color=0x2BB3A3)
    box.add_item(ui.TextDisplay("# Everything\nwith **markdown** and ||a secret||"))
    thumbnail = ui.Thumbnail[ui.LayoutView]("attachment://p0.png", description="A small field")
    box.add_item(ui.Section(ui.TextDisplay("A section with a picture"), accessory=thumbnail))
    box.add_item(ui.Separator(spacing=discord.SeparatorSpacing.large))
    link = ui.Button[ui.LayoutView](label="Elsewhere", url="https://example.org/")
    box.add_item(ui.Section(ui.TextDisplay("A section with a link"), accessory=link))
    gallery = ui.MediaGallery[ui.LayoutView]()
    for number in range(1, 4):
        gallery.add_item(
            media=f"attachment://p{number}.png", description=f"Field {number}", spoiler=number == 3
        )
    box.add_item(gallery)
    box.add_item(ui.File[ui.LayoutView]("attachment://notes.txt"))
    view.add_item(box)
    row = ui.ActionRow[ui.LayoutView]()
    row.add_item(ui.Button(label="Primary", style=discord.ButtonStyle.primary, custom_id="say:primary"))
    row.add_item(ui.Button(label="Success", style=discord.ButtonStyle.success, custom_id="say:success"))
    row.add_item(ui.Button(label="Danger", style=discord.ButtonStyle.danger, custom_id="form"))
    row.add_item(ui.Button(label="Silent", custom_id="silent"))
    row.add_item(ui.Button(label="Disabled", custom_id="disabled", disabled=True))
    view.add_item(row)
    options = [discord.SelectOption(label=name, value=name, emoji="🎨") for name in ("red", "green", "blue")]
    colours = ui.Select[ui.LayoutView](
        custom_id="say:colours", placeholder="Up to two colours", options=options, max_values=2
    )
    people = ui.UserSelect[ui.LayoutView](custom_id="say:people", placeholder="Somebody")
    for select in (colours, people):
        holder = ui.ActionRow[ui.LayoutView]()
        holder.add_item(select)
        view.add_item(holder)
    return view


class Showcase(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        self.tree.add_command(
            app_commands.Command(name="everything", description="All components", callback=show)
        )
        self.tree.add_command(
            app_commands.Command(name="gallery", description="Pictures", callback=show_gallery)
        )
        self.tree.add_command(app_commands.Command(name="form", description="A form", callback=ask))
        self.tree.add_command(
            app_commands.Command(name="entities", description="Another", callback=ask_entities)
        )
        self.tree.add_command(
            app_commands.Command(name="options", description="All options", callback=say_options)
        )
        self.tree.add_command(app_commands.Command(name="older", description="An embed", callback=show_embed))
        self.tree.add_command(app_commands.ContextMenu(name="Count letters", callback=count_letters))
        await self.tree.sync()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        data: Any = interaction.data or {}
        custom_id = data.get("custom_id", "")
        if interaction.type is discord.InteractionType.modal_submit:
            told = json.dumps(values(data["components"]))
            await interaction.response.send_message(f"Given: {told}", ephemeral=True)
        elif custom_id == "form":
            await interaction.response.send_modal(Form())
        elif custom_id.startswith("say:"):
            chosen = ", ".join(data.get("values", []))
            await interaction.response.send_message(f"Pressed {custom_id[4:]} {chosen}".strip())


async def show(interaction: discord.Interaction) -> None:
    notes = discord.File(io.BytesIO(b"some notes"), "notes.txt")
    await interaction.response.send_message(view=everything(), files=[*map(picture, range(4)), notes])


async def show_gallery(interaction: discord.Interaction, pictures: app_commands.Range[int, 1, 10]) -> None:
    await interaction.response.send_message(files=[picture(number) for number in range(pictures)])


async def ask(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Form())


async def ask_entities(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Entities())


async def say_options(
    interaction: discord.Interaction,
    number: float,
    yes: bool,
    person: discord.Member,
    role: discord.Role | None = None,
    place: discord.TextChannel | None = None,
) -> None:
    told = f"{number} {yes} {person.id} {role and role.name} {place and place.name}"
    await interaction.response.send_message(f"Given: {told}")


async def show_embed(interaction: discord.Interaction) -> None:
    embed = discord.Embed(title="A title", description="*Some* words", colour=0xE0A030)
    embed.add_field(name="Left", value="1").add_field(name="Right", value="2").set_footer(text="The end")
    await interaction.response.send_message("Older", embed=embed)


async def count_letters(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"{len(message.content)} letters", ephemeral=True)


if __name__ == "__main__":
    Route.BASE = os.environ["DISCORD_API_URL"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY_URL"])
    Showcase().run(os.environ["DISCORD_TOKEN"])
