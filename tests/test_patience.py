"""Storage that is away for a moment is waited for; what no waiting mends is said at once."""

from __future__ import annotations

import pytest

from bot import patience
from bot.patience import patiently
from storage.errors import DatabaseUnreachable, ImageMissing, StorageError, StoreFull


class Away:
    """A store that fails with these, one after the other, and then works."""

    def __init__(self, *failures: StorageError) -> None:
        self._failures = list(failures)
        self.tries = 0

    async def put(self) -> str:
        self.tries += 1
        if self._failures:
            raise self._failures.pop(0)
        return "kept"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_WAIT_SECONDS", 0.001)


async def test_a_full_disk_and_a_restarting_database_are_waited_for() -> None:
    away = Away(StoreFull("data"), DatabaseUnreachable("there", "starting up"))
    assert await patiently(away.put, request="img_1", what="keeping") == "kept"
    assert away.tries == 3


async def test_what_waiting_does_not_mend_is_raised_at_once() -> None:
    away = Away(ImageMissing("key"))
    with pytest.raises(ImageMissing):
        await patiently(away.put, request="img_1", what="keeping")
    assert away.tries == 1


async def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.01)
    away = Away(*(StoreFull("data") for _ in range(50)))
    with pytest.raises(StoreFull):
        await patiently(away.put, request="img_1", what="keeping")
