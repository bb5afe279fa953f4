"""What people do: commands, buttons, menus, modals. Each act reaches the bot as one interaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bot.playground import commands as c
from bot.playground import options, reach
from bot.playground.components import Kind
from bot.playground.errors import NotPossible
from bot.playground.interactions import Cause, Interaction
from bot.playground.jsonic import Json
from bot.playground.options import Resolved
from bot.playground.people import Member, User
from bot.playground.places import DM, Channel
from bot.playground.simulation import Simulation

if TYPE_CHECKING:
    from bot.playground.forms import Modal
    from bot.playground.messages import Message
    from bot.playground.record import RequestRecord


class Acting(Simulation):
    """The simulation with people in it. With `force` an act is sent even though no honest client would."""

    async def slash(
        self,
        who: Member | User,
        channel: Channel,
        command: str,
        values: Mapping[str, object] | None = None,
        *,
        force: bool = False,
    ) -> Interaction:
        """Type `/command` ("quota set" for a subcommand) with these options."""
        definition, steps, known = self._lookup(who, channel, command, force=force)
        resolved = Resolved(self, channel, force=force)
        filled = options.fill(known, values or {}, resolved, force=force)
        data = self._command_data(definition, channel, options.nested(steps, filled), resolved)
        return self._act(Cause.COMMAND, who, channel, data)

    async def autocomplete(
        self,
        who: Member | User,
        channel: Channel,
        command: str,
        values: Mapping[str, object] | None = None,
        *,
        focused: tuple[str, str],
        timeout: float = 3,
    ) -> list[Json]:
        """The choices ({"name", "value"}) that are offered while `focused` (option, text so far) is typed."""
        definition, steps, known = self._lookup(who, channel, command, force=False)
        name, text = focused
        option = next((one for one in known if one["name"] == name and one.get("autocomplete")), None)
        if option is None:
            raise NotPossible(f"{name!r} has no autocomplete")
        resolved = Resolved(self, channel, force=True)
        filled = options.fill(known, values or {}, resolved, force=True)
        filled.append({"name": name, "type": option["type"], "value": text, "focused": True})
        data = self._command_data(definition, channel, options.nested(steps, filled), resolved)
        interaction = self._act(Cause.AUTOCOMPLETE, who, channel, data)
        return await interaction.signal.until(lambda: interaction.choices, timeout, lambda: "no choices came")

    async def menu(
        self, who: Member | User, message: Message, name: str, *, force: bool = False
    ) -> Interaction:
        """Choose the context menu entry `name` on a message."""
        definition = self._find(who, message.channel, name, c.MESSAGE_MENU, force=force)
        resolved = Resolved(self, message.channel)
        target = {"target_id": resolved.message(message)}
        data = {**self._command_data(definition, message.channel, [], resolved), **target}
        return self._act(Cause.COMMAND, who, message.channel, data)

    async def user_menu(
        self, who: Member | User, channel: Channel, target: Member | User, name: str, *, force: bool = False
    ) -> Interaction:
        """Choose the context menu entry `name` on a person."""
        definition = self._find(who, channel, name, c.USER_MENU, force=force)
        resolved = Resolved(self, channel)
        aimed = {"target_id": resolved.person(target)}
        data = {**self._command_data(definition, channel, [], resolved), **aimed}
        return self._act(Cause.COMMAND, who, channel, data)

    async def click(
        self,
        who: Member | User,
        message: Message,
        button: str | int | None = None,
        *,
        custom_id: str | None = None,
        label: str | None = None,
        emoji: str | None = None,
        force: bool = False,
    ) -> Interaction:
        """Press a button: by label, emoji, custom id or place (0 is the first), or exactly by keyword.

        With `force` a `custom_id` may be one that the message does not have.
        """
        if force and custom_id is not None and all(one.custom_id != custom_id for one in message.buttons):
            data: Json = {"custom_id": custom_id, "component_type": int(Kind.BUTTON), "id": 1}
            return self._act(Cause.COMPONENT, who, message.channel, data, source=message)
        found = reach.button(message, button, custom_id=custom_id, label=label, emoji=emoji)
        if not force:
            reach.check_reachable(who, message)
            if found.disabled:
                raise NotPossible(f"the button {found.label or found.emoji!r} is disabled")
        if found.custom_id is None:
            raise NotPossible(
                f"the button {found.label!r} is a link or a purchase: the bot never hears of it"
            )
        data = {"custom_id": found.custom_id, "component_type": int(Kind.BUTTON), "id": found.component_id}
        return self._act(Cause.COMPONENT, who, message.channel, data, source=message)

    async def choose(
        self,
        who: Member | User,
        message: Message,
        custom_id: str | None,
        values: Sequence[object],
        *,
        force: bool = False,
    ) -> Interaction:
        """Choose in a select menu (None: the only one): labels or values, or users, roles, channels."""
        select = reach.select(message, custom_id)
        resolved = Resolved(self, message.channel, force=force)
        if select.kind == Kind.STRING_SELECT:
            chosen = [reach.option(select, value, force=force) for value in values]
        else:
            chosen = [resolved.add(value) for value in values]
        if not force:
            reach.check_reachable(who, message)
            if select.disabled or not select.min_values <= len(chosen) <= select.max_values:
                raise NotPossible(
                    f"{select.custom_id!r} takes {select.min_values} to {select.max_values} values"
                )
        data: Json = {
            "custom_id": select.custom_id,
            "component_type": int(select.kind),
            "id": select.component_id,
            "values": chosen,
        }
        if found := resolved.to_dict():
            data["resolved"] = found
        return self._act(Cause.COMPONENT, who, message.channel, data, source=message)

    async def submit(
        self,
        who: Member | User,
        modal: Modal,
        values: Mapping[str, object] | None = None,
        *,
        force: bool = False,
    ) -> Interaction:
        """Send a modal off; what `values` (by label or custom id) leaves out keeps what was prefilled."""
        opener = modal.interaction
        if who.id != opener.user.id and not force:
            raise NotPossible("only who opened a modal can submit it")
        resolved = Resolved(self, opener.channel, force=force)
        components = modal.filled(values or {}, resolved.for_component, force=force)
        data: Json = {"custom_id": modal.custom_id, "components": components}
        if found := resolved.to_dict():
            data["resolved"] = found
        return self._act(Cause.MODAL_SUBMIT, who, opener.channel, data, source=opener.source, trigger=opener)

    # Waiting for the bot

    async def wait_ready(self, timeout: float = 10) -> None:
        """Until a bot is signed in at the gateway."""

        def look() -> bool | None:
            return bool(self.gateway.connected) or None

        await self.gateway.signal.until(look, timeout, lambda: "no bot signed in")

    async def wait_synced(self, timeout: float = 10) -> None:
        """Until the bot has put its commands at least once."""
        await self.command_signal.until(
            lambda: self.commands.syncs or None, timeout, lambda: "no command was synced"
        )

    async def wait_request(
        self, method: str, route: str, timeout: float = 5, *, count: int = 1
    ) -> RequestRecord:
        """The last of `count` requests of this method whose route has `route` in it, past ones included."""

        def look() -> RequestRecord | None:
            found = [one for one in self.requests if one.method == method and route in one.route]
            return found[count - 1] if len(found) >= count else None

        return await self.requested.until(look, timeout, lambda: f"not {count} x {method} …{route}")

    # How an act becomes an interaction

    def _lookup(
        self, who: Member | User, channel: Channel, command: str, *, force: bool
    ) -> tuple[Json, list[Json], list[Json]]:
        name, *path = command.removeprefix("/").split()
        definition = self._find(who, channel, name, c.CHAT, force=force)
        steps, known = options.descend(definition, path)
        return definition, steps, known

    def _find(self, who: Member | User, channel: Channel, name: str, kind: int, *, force: bool) -> Json:
        definition = self.commands.find(name, kind, channel.guild.id if channel.guild else None)
        if definition is None:
            known = [one["name"] for one in self.commands.all() if one["type"] == kind]
            raise NotPossible(f"no command {name!r} is synced, only {known}")
        if not force:
            reach.check_offered(definition, who, channel)
        return definition

    def _command_data(
        self, definition: Json, channel: Channel, filled: list[Json], resolved: Resolved
    ) -> Json:
        data: Json = {"id": definition["id"], "name": definition["name"], "type": definition["type"]}
        if filled:
            data["options"] = filled
        if found := resolved.to_dict():
            data["resolved"] = found
        if "guild_id" in definition and channel.guild:
            data["guild_id"] = str(channel.guild.id)
        return data

    def _act(
        self,
        cause: Cause,
        who: Member | User,
        channel: Channel,
        data: Json,
        *,
        source: Message | None = None,
        trigger: Interaction | None = None,
    ) -> Interaction:
        user = who.user if isinstance(who, Member) else who
        alone = channel.guild.me is None if channel.guild else channel.type != DM
        interaction = self.begin(
            cause, user, channel, data, source=source, trigger=trigger, user_installed=alone
        )
        # A server that only users brought the app to is nobody's shard by membership, but still by its number.
        guild_id = channel.guild.id if channel.guild else None
        self.gateway.interact(interaction.to_gateway(), guild_id=guild_id)
        return interaction
