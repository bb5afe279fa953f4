"""The floor: as little as a Discord bot for pictures can be. No storage, no quota, no crash safety, no card.

What this costs is spent by every bot of discord.py and the openai SDK; what Atelier costs is read against it.
"""

from __future__ import annotations

import asyncio
import base64
import io
import os
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from openai import AsyncOpenAI

MODEL = "gpt-image-2.6-flare"


class Bare(discord.AutoShardedClient):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True), max_messages=None, shard_count=1)
        self.tree = app_commands.CommandTree(self)
        self.openai = AsyncOpenAI(max_retries=0, timeout=300)

    async def setup_hook(self) -> None:
        self.tree.command(name="imagine", description="Draw a picture")(imagine)
        await self.tree.sync()


async def imagine(interaction: discord.Interaction[Bare], prompt: str) -> None:
    await interaction.response.defer(thinking=True)
    images = interaction.client.openai.images
    if os.environ.get("BARE_PREVIEWS"):
        events: Any = await images.generate(model=MODEL, prompt=prompt, stream=True, partial_images=2)
        async for event in events:
            await _show(interaction, event.b64_json)
        return
    answer = await images.generate(model=MODEL, prompt=prompt)
    for entry in answer.data or []:
        await _show(interaction, entry.b64_json or "")


async def _show(interaction: discord.Interaction[Bare], picture: str) -> None:
    file = discord.File(io.BytesIO(base64.b64decode(picture)), "picture.png")
    await interaction.edit_original_response(content="Here you are", attachments=[file])


async def run() -> None:
    Route.BASE = os.environ["DISCORD_API_URL"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY_URL"])
    async with Bare() as bot:
        await bot.start(os.environ["DISCORD_TOKEN"])


if __name__ == "__main__":
    asyncio.run(run())
