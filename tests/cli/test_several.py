"""Many pictures under one parent: scripts, batches, comparisons; killed in the middle and gone on with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sqlite3
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from bot import BlockingAtelier
from bot.errands import SILENT_SECONDS
from bot.errors import BadScript
from tests.cli.conftest import Run
from tests.cli.test_processes import environment
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.replicate_server import FakeReplicate

SCRIPT = [
    {"timestamp": "0:00", "text": "a host in a studio"},
    {"timestamp": "0:30", "text": "a plantation in Ethiopia", "speaker": "Ada"},
    {"timestamp": "1:00", "text": "a roasting factory"},
]


def test_a_script_is_given_back_with_its_pictures_and_asked_again_buys_nothing(
    atelier: Run, here: Path
) -> None:
    (here / "coffee.json").write_text(json.dumps(SCRIPT))
    first = atelier("illustrate", "coffee.json", "--look", "watercolour")
    names = ["01_0-00.png", "02_0-30.png", "03_1-00.png"]
    assert (first.code, first.lines) == (0, [f"coffee_illustrated/{name}" for name in names])
    told = json.loads((here / "coffee_illustrated/script.json").read_text())
    assert [one["generated_image"]["file"] for one in told] == names
    assert [{key: one[key] for key in segment} for one, segment in zip(told, SCRIPT, strict=True)] == SCRIPT
    assert told[1]["generated_image"]["prompt"] == "watercolour. a plantation in Ethiopia"
    again = atelier("illustrate", "coffee.json", "--look", "watercolour")
    assert again.lines == first.lines
    assert json.loads((here / "coffee_illustrated/script.json").read_text()) == told
    assert len(json.loads(atelier("history", "--json").out)) == 3
    assert sorted(path.name for path in (here / "coffee_illustrated").iterdir()) == [*names, "script.json"]


def test_lines_from_a_pipe_and_models_side_by_side(
    atelier: Run, monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    (here / "prompts.txt").write_text("a fox\n\na boat\n")
    assert atelier("batch", "prompts.txt", "--quiet").lines == ["IMG_0001.png", "IMG_0002.png"]
    compared = json.loads(atelier("compare", "a fox", "--models", "demo/studio", "demo", "--json").out)
    assert [one["model"] for one in compared] == ["demo/studio", "demo/studio"]
    nowhere = atelier("illustrate", "nowhere.srt")
    assert (nowhere.code, nowhere.err) == (
        2,
        "nowhere.srt is not there, or cannot be read. Look at its path.\n",
    )


def test_what_costs_is_not_begun_without_a_yes(
    atelier: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    (here / "prompts.txt").write_text("a fox\na boat\n")
    ended = atelier("batch", "prompts.txt")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert ended.err.startswith("Nothing was begun. 2 pictures may cost up to $")
    assert ended.err.endswith(": say --yes to go on.\n")
    assert json.loads(atelier("history", "--json").out) == []


def test_the_library_gives_the_shapes_of_the_module_before_it(here: Path) -> None:
    with BlockingAtelier() as atelier:
        enriched = atelier.illustrate(SCRIPT)
        assert {"b64_json", "source", "license", "cost", "relevance_score"} <= set(
            enriched[0]["generated_image"]
        )
        assert [one["timestamp"] for one in enriched] == ["0:00", "0:30", "1:00"]
        results = atelier.batch(["a fox", "[refuse] a boat"], none_for_failures=True)
        fox = results[0]
        assert fox
        (here / "kept.png").write_bytes(fox.picture.data)
        for same in (fox.picture.data, fox.picture.b64_json, here / "kept.png"):
            assert atelier.edit(same, "at night").picture.made_from == (fox.picture.id,)
        assert [result is None for result in results] in ([False, False], [False, True])
        with pytest.raises(BadScript):
            atelier.illustrate([{"timestamp": "0:00"}])


SCENES = [f"scene number {number}" for number in range(1, 9)]


async def _illustrating(here: Path, settings: Mapping[str, str], *more: str) -> asyncio.subprocess.Process:
    (here / "long.txt").write_text("\n\n".join(SCENES))
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "illustrate", "long.txt", "--yes", "--quiet", *more,
        cwd=here, env=environment(MEMBER_CONCURRENCY="2", **settings), stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


async def _killed_and_run_again(
    here: Path,
    settings: Mapping[str, str],
    has_come: Callable[[int], Awaitable[None]],
    moments: random.Random,
) -> tuple[int, list[str], str]:
    """Three runs killed at any moment from the third purchase on; how one that is left in peace ends."""
    for purchase in (2, 4, 6):
        killed = await _illustrating(here, settings)
        come = asyncio.ensure_future(has_come(purchase + moments.randrange(2)))
        ended = asyncio.ensure_future(killed.communicate())
        await asyncio.wait([come, ended], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(moments.uniform(0, 0.4))
        with contextlib.suppress(ProcessLookupError):
            killed.kill()
        await ended
        come.cancel()
    return await _left_in_peace(here, settings)


async def _left_in_peace(here: Path, settings: Mapping[str, str], *more: str) -> tuple[int, list[str], str]:
    process = await _illustrating(here, settings, *more)
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode().split(), err.decode()


@pytest.mark.timeout(240)
async def test_killed_at_any_moment_and_run_again_nothing_is_bought_twice_unasked(
    here: Path, atelier: Run
) -> None:
    seed = random.randrange(10**6)
    async with FakeOpenAI(latency_seconds=0.3) as vendor:
        settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": vendor.url}
        code, files, said = await _killed_and_run_again(here, settings, vendor.arrived, random.Random(seed))
        bought = Counter(call.fields["prompt"] for call in vendor.calls)
        assert set(bought.values()) == {1}
        # This vendor cannot be asked what became of a call: each is named, and nothing is bought without a word.
        lost = len(SCENES) - len(files)
        assert (code, said.count("its vendor may charge for it")) == (4 if lost else 0, lost)
        assert ("--retry-cut-off" in said) == bool(lost)
        assert (await _left_in_peace(here, settings))[:2] == (code, files)
        assert len(vendor.calls) == bought.total()
        code, files, _ = await _left_in_peace(here, settings, "--retry-cut-off")
        assert (code, len(files)) == (0, 8)
        again = Counter(call.fields["prompt"] for call in vendor.calls)
        assert set(again) == set(SCENES)
        # One that was killed before its call went out was never bought.
        assert again.total() == bought.total() + lost
        assert again.total() - len(SCENES) <= lost
    assert (await asyncio.to_thread(atelier, "ledger", "verify")).code == 0
    print(
        f"seed {seed}, killed 3 times: {bought.total()} calls for 8 wishes, none twice; {lost} cut off and named"
    )
    print(f"--retry-cut-off: {again.total() - bought.total()} calls more, no other picture is missing then")


@pytest.mark.timeout(240)
async def test_a_vendor_that_names_its_work_is_asked_for_what_was_ordered_before(
    here: Path, atelier: Run
) -> None:
    seed = random.randrange(10**6)
    async with FakeReplicate() as vendor:
        vendor.latency_seconds = 0.5
        settings = {"REPLICATE_API_TOKEN": "r8_test", "REPLICATE_BASE_URL": vendor.url}
        code, files, said = await _killed_and_run_again(here, settings, vendor.ordered, random.Random(seed))
        bought = Counter(prediction["input"]["prompt"] for prediction in vendor.predictions.values())
    assert (code, len(files), said) == (0, 8, "")
    assert bought == Counter(SCENES)
    assert (await asyncio.to_thread(atelier, "ledger", "verify")).code == 0
    print(f"seed {seed}, killed 3 times: {bought.total()} predictions for 8 wishes")


@pytest.mark.timeout(240)
async def test_what_was_released_meanwhile_is_still_found_at_a_vendor_that_names_its_work(here: Path) -> None:
    async with FakeReplicate() as vendor:
        vendor.latency_seconds = 0.5
        settings = {"REPLICATE_API_TOKEN": "r8_test", "REPLICATE_BASE_URL": vendor.url}
        killed = await _illustrating(here, settings)
        await vendor.ordered(2)
        killed.kill()
        await killed.communicate()
        with sqlite3.connect(here / "data/atelier.db") as database:  # a minute later
            database.execute("UPDATE requests SET updated_at = updated_at - ?", (SILENT_SECONDS,))
        history = [sys.executable, "-m", "bot", "history", "--json"]
        asked = await asyncio.create_subprocess_exec(*history, cwd=here, env=environment(), stdout=PIPE)
        await asked.communicate()
        with sqlite3.connect(here / "data/atelier.db") as database:
            states = {state for (state,) in database.execute("SELECT state FROM requests")}
        assert "failed" in states
        assert "rendering" not in states
        code, files, said = await _left_in_peace(here, settings)
        bought = Counter(prediction["input"]["prompt"] for prediction in vendor.predictions.values())
    assert (code, len(files), said) == (0, 8, "")
    assert bought == Counter(SCENES)
