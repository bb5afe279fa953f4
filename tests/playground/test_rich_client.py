"""No false alarms: whatever discord.py sends when it is used as intended passes the document and the rules."""

from __future__ import annotations

import io
from typing import Any

import discord
from discord import app_commands, ui

from tests.playground.conftest import Scene
from tests.playground.robot import Robot, png


def picture(name: str = "a.png") -> discord.File:
    return discord.File(io.BytesIO(png()), name, description="a fox")


def told(scene: Scene) -> list[str]:
    return [str(one) for one in scene.sim.deviations]


class Everything(ui.LayoutView):
    """Each component that a V2 message may hold."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        thumbnail: ui.Thumbnail[Any] = ui.Thumbnail("attachment://a.png", description="small", spoiler=True)
        section: ui.Section[Any] = ui.Section("one", ui.TextDisplay("two"), accessory=thumbnail)
        with_button: ui.Section[Any] = ui.Section("three", accessory=ui.Button(label="x", custom_id="s"))
        buttons: ui.ActionRow[Any] = ui.ActionRow(
            ui.Button(label="a", custom_id="a", emoji="\N{FIRE}"),
            ui.Button(label="site", url="https://example.org"),
            ui.Button(label="off", custom_id="off", disabled=True, style=discord.ButtonStyle.danger),
        )
        options = [
            discord.SelectOption(label="Oil", value="oil", description="d", emoji="\N{FIRE}", default=True)
        ]
        selects: list[ui.ActionRow[Any]] = [
            ui.ActionRow(ui.Select(custom_id="m", options=options, placeholder="p")),
            ui.ActionRow(ui.UserSelect(custom_id="u", default_values=[discord.Object(1, type=discord.User)])),
            ui.ActionRow(ui.RoleSelect(custom_id="r", max_values=3)),
            ui.ActionRow(ui.ChannelSelect(custom_id="c", channel_types=[discord.ChannelType.text])),
            ui.ActionRow(ui.MentionableSelect(custom_id="n", min_values=0)),
        ]
        gallery: ui.MediaGallery[Any] = ui.MediaGallery(
            discord.MediaGalleryItem("attachment://a.png", description="alt", spoiler=True),
            discord.MediaGalleryItem("https://example.org/b.png"),
        )
        box: ui.Container[Any] = ui.Container(section, with_button, gallery, accent_color=1, spoiler=True)
        box.add_item(ui.Separator(spacing=discord.SeparatorSpacing.large, visible=False))
        for item in (box, ui.File[Any]("attachment://a.png"), buttons, *selects, ui.TextDisplay[Any]("end")):
            self.add_item(item)


class EveryInput(ui.Modal, title="All"):
    """Each component that a modal may hold, five at a time."""

    note = ui.TextDisplay[Any]("Read this")
    style: ui.Label[Any] = ui.Label(
        text="Style",
        description="d",
        component=ui.Select(options=[discord.SelectOption(label="Oil")], required=False),
    )
    who: ui.Label[Any] = ui.Label(text="Who", component=ui.UserSelect(required=True))
    where: ui.Label[Any] = ui.Label(text="Where", component=ui.ChannelSelect(required=False))
    long: ui.Label[Any] = ui.Label(
        text="Text", component=ui.TextInput(style=discord.TextStyle.paragraph, placeholder="p", min_length=1)
    )

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        await interaction.response.send_message(f"{self.who.component.values[0]}", ephemeral=True)  # type: ignore[union-attr]


async def test_each_component_of_a_message_passes(scene: Scene, robot: Robot) -> None:
    channel = robot.get_partial_messageable(scene.channel.id)
    sent = await channel.send(view=Everything(), file=picture())
    message = scene.channel.messages[0]
    assert message.text == "one\ntwo\nthree\nend"
    assert message.pictures == [png()] * 3
    assert len(message.selects) == 5
    await sent.edit(view=Everything(), attachments=[sent.attachments[0], picture("b.png")])
    assert [one.filename for one in message.attachments] == ["a.png", "b.png"]
    received = ui.LayoutView.from_message(await channel.fetch_message(sent.id))
    assert received.content_length() == len("onetwothreeend")
    assert told(scene) == []


async def test_each_input_of_a_modal_passes(scene: Scene, robot: Robot) -> None:
    @robot.tree.command(name="form")
    async def form(interaction: discord.Interaction[Any]) -> None:
        """Open the form."""
        await interaction.response.send_modal(EveryInput())

    await robot.tree.sync()
    modal = await (await scene.sim.slash(scene.ada, scene.channel, "form")).modal()
    assert modal.text == "All\nRead this\nStyle\nd\nWho\nWhere\nText"
    sent = await scene.sim.submit(scene.ada, modal, {"Who": scene.ada, "Text": "hi", "Where": scene.channel})
    await sent.says("ada")
    assert told(scene) == []


async def test_plain_messages_embeds_replies_and_threads_pass(scene: Scene, robot: Robot) -> None:
    channel = robot.get_channel(scene.channel.id)
    assert isinstance(channel, discord.TextChannel)
    embed = discord.Embed(
        title="t", description="d", color=1, url="https://example.org", timestamp=discord.utils.utcnow()
    )
    embed.set_image(url="attachment://a.png").set_footer(text="f").set_author(name="n").add_field(
        name="a", value="b"
    )
    view = ui.View(timeout=None)
    view.add_item(ui.Button(label="x", custom_id="x"))
    mentions = discord.AllowedMentions(users=[scene.ada.user], roles=False, everyone=False)
    sent = await channel.send(
        "hi", embed=embed, view=view, file=picture(), allowed_mentions=mentions, silent=True
    )
    received = await channel.fetch_message(sent.id)
    assert received.embeds[0].image.width == 64
    await received.edit(content="new", embeds=received.embeds, attachments=received.attachments)
    await received.reply("answer", mention_author=False)
    thread = await received.create_thread(name="talk", auto_archive_duration=60)
    await thread.send("inside")
    await thread.edit(archived=True)
    await channel.create_thread(name="alone", type=discord.ChannelType.public_thread)
    async with channel.typing():
        await received.delete()
    assert [one.content async for one in thread.history(limit=5)] == ["inside"]
    assert told(scene) == []


async def test_each_way_to_answer_an_interaction_passes(scene: Scene, robot: Robot) -> None:
    async def first(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("one", view=buttons(), file=picture(), silent=True)
        await interaction.edit_original_response(content="two", attachments=[picture("b.png")])
        later = await interaction.followup.send(
            "three", ephemeral=True, wait=True, embed=discord.Embed(title="t")
        )
        await later.edit(content="four")
        await interaction.followup.fetch_message(later.id)
        await later.delete()
        original = await interaction.original_response()
        await original.edit(content="five", attachments=[*original.attachments, picture("c.png")])

    def buttons() -> ui.View:
        view = ui.View(timeout=None)
        button: ui.Button[Any] = ui.Button(label="press", custom_id="press")
        button.callback = pressed
        view.add_item(button)
        return view

    async def pressed(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="pressed", view=None)

    robot.tree.command(name="first", description="x")(first)
    await robot.tree.sync()
    asked = await scene.sim.slash(scene.ada, scene.channel, "first")
    message = await asked.says("five")
    assert [one.filename for one in message.attachments] == ["b.png", "c.png"]
    await scene.sim.click(scene.ada, message, "press")
    await message.until(lambda one: one.content == "pressed" and not one.buttons)
    assert told(scene) == []
    assert robot.failed == []


class French(app_commands.Translator):
    """Answers a word of its own for each name."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        return (
            f"{string.message}-fr".lower().replace(" ", "-")[:32] if locale == discord.Locale.french else None
        )


async def test_commands_with_all_their_trimmings_pass(scene: Scene, robot: Robot) -> None:
    @robot.tree.command(name="full", description="Everything", nsfw=True)
    @app_commands.describe(when="when", member="who", role="r", where="c", anything="m", number="n", flag="f")
    @app_commands.choices(size=[app_commands.Choice(name="Wide", value="16:9")])
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.allowed_installs(guilds=True, users=True)
    async def full(
        interaction: discord.Interaction[Any],
        member: discord.User,
        size: app_commands.Choice[str],
        role: discord.Role | None = None,
        where: discord.TextChannel | None = None,
        anything: discord.User | discord.Role | None = None,
        number: app_commands.Range[float, 0, 1] = 0.5,
        flag: bool = False,
        when: app_commands.Timestamp | None = None,
    ) -> None:
        await interaction.response.send_message(
            f"{member} {size.value} {number} {flag} {anything}", ephemeral=True
        )

    await robot.tree.set_translator(French())
    await robot.tree.sync()
    await robot.tree.sync(guild=discord.Object(scene.guild.id))
    stored = scene.sim.commands.find("full", 1, None)
    assert stored is not None
    assert stored["name_localizations"] == {"fr": "full-fr"}
    admin = scene.guild.add_member("Admin", permissions="manage_guild")
    values = {
        "member": scene.ada,
        "size": "Wide",
        "number": 0.25,
        "flag": True,
        "anything": scene.guild.roles[1],
    }
    place = scene.guild.add_channel("dark", nsfw=True)
    asked = await scene.sim.slash(admin, place, "full", values)
    await asked.says("ada 16:9 0.25 True")
    assert told(scene) == []
    assert robot.failed == []


async def test_the_applications_own_things_pass(scene: Scene, robot: Robot) -> None:
    emoji = await robot.create_application_emoji(name="done", image=png(16, 16))
    assert [one.id for one in await robot.fetch_application_emojis()] == [emoji.id]
    await emoji.delete()
    info = await robot.application_info()
    assert info.approximate_guild_count == 1
    guild = await robot.fetch_guild(scene.guild.id, with_counts=True)
    assert (await guild.fetch_member(scene.ada.id)).display_name == "Ada"
    assert [one async for one in robot.entitlements(limit=5)] == []
    assert len(await guild.fetch_channels()) == 1
    assert {one.name for one in await robot.tree.fetch_commands()} >= {"imagine", "quota"}
    assert told(scene) == []
