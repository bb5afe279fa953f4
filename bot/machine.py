"""How the machine stands that the bot runs on: room on the disk, and the newest backup."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

_FULL_SHARE = 0.95
_LATE_SECONDS = 2 * 86_400.0


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Of the disk that `DATA_DIR` is on. `last_backup` is Unix seconds, None where there is none."""

    free_bytes: int
    whole_bytes: int
    last_backup: float | None
    backup_is_late: bool

    @property
    def is_nearly_full(self) -> bool:
        return self.free_bytes < self.whole_bytes * (1 - _FULL_SHARE)


def look(data_dir: Path, backup_dir: Path | None, now: float) -> Machine:
    """Reads the disk: not for the event loop."""
    usage = shutil.disk_usage(data_dir)
    made: list[float] = []
    if backup_dir is not None and backup_dir.is_dir():
        made = [file.stat().st_mtime for file in backup_dir.glob("atelier-*.db")]
    last = max(made, default=None)
    return Machine(
        free_bytes=usage.free,
        whole_bytes=usage.total,
        last_backup=last,
        backup_is_late=last is not None and now - last > _LATE_SECONDS,
    )
