"""The server, the places and the people that a visitor of the page finds."""

from __future__ import annotations

from dataclasses import dataclass

from bot.playground.jsonic import Json
from bot.playground.people import Member, User
from bot.playground.places import Channel, Guild
from bot.playground.simulation import Simulation


@dataclass(frozen=True)
class Person:
    """Somebody whom a visitor can be. `role` is a word that the page has a text for."""

    member: Member
    role: str

    def to_dict(self) -> Json:
        return {
            "id": str(self.member.id),
            "name": self.member.name,
            "role": self.role,
            "locale": self.member.locale,
        }


class Scene:
    """Two members, one of them French, a moderator and an admin; a channel of each kind that behaves differently."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.guild: Guild = sim.add_guild("Riverside Studio")
        self.guild.add_role("Painters")
        everybody = [
            Person(self.guild.add_member("Ada"), "member"),
            Person(self.guild.add_member("Camille", locale="fr"), "member"),
            Person(self.guild.add_member("Milo", permissions=("manage_messages",)), "moderator"),
            Person(self.guild.add_member("Noor", permissions=("administrator",)), "admin"),
        ]
        self.people = {str(person.member.id): person for person in everybody}
        pictures = self.guild.add_channel("pictures")
        self._places: dict[str, Channel] = {
            "channel": pictures,
            "restricted": self.guild.add_channel("after-dark", nsfw=True),
            "thread": pictures.add_thread("night sketches", owner=everybody[0].member),
        }

    def person(self, number: object) -> Person:
        """Whoever has this id, else the first."""
        return self.people.get(str(number)) or next(iter(self.people.values()))

    def place(self, key: object, who: Member) -> Channel:
        """The place of this key; everyone has direct messages of their own."""
        if key == "direct":
            return self.sim.dm(who)
        return self._places.get(str(key)) or self._places["channel"]

    def places(self, who: Member) -> list[Json]:
        keys = [*self._places, "direct"]
        found = {key: self.place(key, who) for key in keys}
        return [{"key": key, "id": str(place.id), "name": place.name} for key, place in found.items()]

    def actor(self, who: Member, place: Channel) -> Member | User:
        """Who acts there: in direct messages nobody is a member."""
        return who if place.guild else who.user

    def names(self) -> Json:
        """What mentions are called."""
        members = self.guild.members.values()
        return {
            "users": {str(one.id): one.name for one in members},
            "roles": {str(one.id): one.name for one in self.guild.roles},
            "channels": {str(one.id): one.name for one in self.guild.channels.values()},
        }
