"""What a visitor can break, and heal: the provider, Discord itself, the bot's connection, the bot."""

from __future__ import annotations

from pathlib import Path

from bot.playground.botprocess import BotProcess
from bot.playground.errors import NotPossible
from bot.playground.faults import Fault
from bot.playground.jsonic import Json, as_int, dumps
from bot.playground.simulation import Simulation

SLOW_SECONDS = 8
PROVIDER: dict[str, Json] = {
    "fine": {},
    "slow": {"slow_seconds": SLOW_SECONDS},
    "down": {"fail": "provider_unavailable"},
    "refusing": {"fail": "policy_refusal"},
}
MOST_ERRORS = 50


class Trouble:
    """The provider reads what is wrong with it from `file`, at each call: it lives in another process."""

    def __init__(self, sim: Simulation, bot: BotProcess, file: Path) -> None:
        self._sim, self._bot, self._file = sim, bot, file
        self._errors: list[Fault] = []
        self.provider = "fine"

    def make(self, kind: str, value: object) -> None:
        """Raises NotPossible for a kind of trouble that is not known."""
        match kind, value:
            case "provider", str() if value in PROVIDER:
                self._tell_provider(value)
            case "discord", _ if as_int(value) is not None:
                self._plan_errors(min(as_int(value) or 0, MOST_ERRORS))
            case "gateway", _:
                self._sim.gateway.drop()
            case "kill", _:
                self._bot.kill()
            case "restart", _:
                self._bot.restart()
            case _:
                raise NotPossible(f"no trouble {kind!r} {value!r} is known")

    def to_dict(self) -> Json:
        left = sum(int(fault.times) - fault.struck for fault in self._errors)
        return {"provider": self.provider, "discord": left}

    def _tell_provider(self, state: str) -> None:
        self.provider = state
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(dumps(PROVIDER[state]))
        fresh.replace(self._file)  # a reader never sees half of it

    def _plan_errors(self, times: int) -> None:
        self._sim.faults.clear()
        self._errors = [self._sim.faults.fail(500, times=times)] if times else []
