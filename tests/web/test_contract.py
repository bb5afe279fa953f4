"""The API keeps to its document: a few examples of everything; `python -m tests.web.contract` takes its time."""

from __future__ import annotations

from pathlib import Path

from tests.web.contract import examine, to_examine


async def test_the_api_keeps_to_its_document_with_a_key_and_without(tmp_path: Path) -> None:
    async with to_examine(tmp_path / "bot") as (api, picture):
        for key in (api.key, None):
            verdict = await examine(
                api, picture, tmp_path, key=key, examples=2, phases="examples,coverage,fuzzing"
            )
            assert verdict.good, verdict.report
        log = api.stage.bot.log()
        assert "a web request failed" not in log, log[-4000:]
        assert not await api.stage.differences()
