"""Starts a simulated Discord without a page: `python -m bot.playground.server --port 9100`."""

import argparse
import asyncio
import signal
import sys

from bot.playground.jsonic import dumps
from bot.playground.simulation import DEFAULT_TOKEN
from bot.playground.sockets import SimulatedDiscord


async def serve(host: str, port: int, *, keep_files: bool, token: str) -> None:
    """Run headless with one server and one channel until interrupted, after printing where to find it."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with SimulatedDiscord(host, port, keep_files=keep_files, token=token) as discord:
        guild = discord.add_guild()
        channel = guild.add_channel("studio")
        addresses = {
            "rest_url": discord.rest_url,
            "gateway_url": discord.gateway_url,
            "cdn_url": discord.cdn_url,
            "token": discord.token,
            "application_id": str(discord.application_id),
            "guild_id": str(guild.id),
            "channel_id": str(channel.id),
        }
        sys.stdout.write(dumps(addresses).decode() + "\n")
        sys.stdout.flush()
        await stopped.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A simulated Discord on the loopback.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=DEFAULT_TOKEN)
    parser.add_argument("--no-files", action="store_true", help="remember only size and hash of uploads")
    arguments = parser.parse_args()
    asyncio.run(
        serve(arguments.host, arguments.port, keep_files=not arguments.no_files, token=arguments.token)
    )


if __name__ == "__main__":
    main()
