"""Every deed that is audited has words, and all words are for a deed."""

from __future__ import annotations

import re
from pathlib import Path

from bot.audit_words import DEEDS

ROOT = Path(__file__).parent.parent
_DEED = re.compile(r'"((?:limit|quota|block|key|apikey|webhooks|invitation|guild|user)\.[a-z]+)"')


def test_every_deed_has_words() -> None:
    written = {
        deed
        for room in ("bot", "cogs", "storage")
        for module in (ROOT / room).rglob("*.py")
        if module.name != "audit_words.py" and "playground" not in module.relative_to(ROOT).parts
        for deed in _DEED.findall(module.read_text(encoding="utf-8"))
    }
    assert written == set(DEEDS) - {"ask.approved", "ask.denied", "refused"}
