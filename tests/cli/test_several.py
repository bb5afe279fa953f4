"""Many pictures under one parent: scripts, batches, comparisons; killed in the middle and gone on with."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bot import BlockingAtelier
from bot.errors import BadScript
from tests.cli.conftest import Run
from tests.cli.test_processes import environment
from tests.fakes.openai_server import FakeOpenAI

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
    assert ended.code == 130
    assert ended.err.startswith("2 pictures may cost up to $")
    assert json.loads(atelier("history", "--json").out) == []


def test_the_library_gives_the_shapes_of_the_module_before_it(here: Path) -> None:
    with BlockingAtelier() as atelier:
        enriched = atelier.illustrate(SCRIPT)
        assert {"b64_json", "source", "license", "cost", "relevance_score"} <= set(
            enriched[0]["generated_image"]
        )
        assert [one["timestamp"] for one in enriched] == ["0:00", "0:30", "1:00"]
        results = atelier.batch(["a fox", "[refuse] a boat"], none_for_failures=True)
        assert [result is None for result in results] in ([False, False], [False, True])
        with pytest.raises(BadScript):
            atelier.illustrate([{"timestamp": "0:00"}])


async def test_killed_in_the_middle_and_run_again_nothing_is_bought_twice(here: Path) -> None:
    (here / "long.txt").write_text("\n\n".join(f"scene number {number}" for number in range(1, 9)))
    async with FakeOpenAI(latency_seconds=0.3) as vendor:
        env = environment(OPENAI_API_KEY="sk-test", OPENAI_BASE_URL=vendor.url, MEMBER_CONCURRENCY="2")
        command = [sys.executable, "-m", "bot", "illustrate", "long.txt", "--yes", "--quiet"]
        killed = await asyncio.create_subprocess_exec(*command, cwd=here, env=env, stdout=subprocess.DEVNULL)
        await vendor.ended(4)
        killed.kill()
        await killed.wait()
        came_back = Counter(call.fields["prompt"] for call in vendor.calls if call.outcome == "answered")
        await asyncio.sleep(0.5)
        in_flight = sum(call.outcome != "answered" for call in vendor.calls)
        again = await asyncio.to_thread(
            subprocess.run,
            command,
            cwd=here,
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert again.returncode == 0, again.stderr
        bought = Counter(call.fields["prompt"] for call in vendor.calls)
    assert len(again.stdout.splitlines()) == 8
    # A call that was under way had no picture yet; one that had just been answered may not have been written down.
    print(
        f"bought {bought.total()} for 8 pictures; {came_back.total()} had come back, {in_flight} were under way"
    )
    assert set(bought) == {f"scene number {number}" for number in range(1, 9)}
    assert bought.total() <= 8 + 2
    assert max(bought.values()) <= 2
