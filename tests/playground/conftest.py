"""A simulated Discord with one server in it, and a bot on discord.py that talks to it over sockets."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from bot.playground import Channel, Guild, Member, SimulatedDiscord
from tests.playground.robot import Robot, running


@dataclass
class Scene:
    """One server, one channel, one member."""

    sim: SimulatedDiscord
    guild: Guild
    channel: Channel
    ada: Member


@pytest.fixture
async def scene() -> AsyncGenerator[Scene]:
    async with SimulatedDiscord() as sim:
        guild = sim.add_guild("Studio", locale="fr")
        yield Scene(sim, guild, guild.add_channel("art"), guild.add_member("Ada", locale="fr"))
        assert not [one for one in sim.deviations if one.where == "simulation"]


@pytest.fixture
async def robot(scene: Scene) -> AsyncGenerator[Robot]:
    async with running(scene.sim) as robot:
        yield robot
