"""What a process is told on its command line: its role, and its share of the connections to Discord."""

from __future__ import annotations

import pytest

from bot.errors import StartupError
from bot.roles import Role, Shards


def test_shards_are_given_as_a_range_of_all() -> None:
    assert Shards.parse("0-3/8") == Shards((0, 1, 2, 3), 8)
    assert Shards.parse("7/8") == Shards((7,), 8)


@pytest.mark.parametrize("text", ["", "3", "4-3/8", "0-8/8", "8/8", "a-b/c", "0-3"])
def test_shards_that_cannot_be_are_said(text: str) -> None:
    with pytest.raises(StartupError, match="bad_shards"):
        Shards.parse(text)


def test_each_role_does_its_share_and_run_does_all() -> None:
    assert [role.takes_commands for role in Role] == [True, True, False, False]
    assert [role.draws for role in Role] == [True, False, True, False]
