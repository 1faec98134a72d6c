"""The dialog as a process: what it says when something is wrong, and how it ends."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from callbus.connect import connect

ROOT = Path(__file__).parents[2]


async def started(**environment: str) -> asyncio.subprocess.Process:
    paths = [str(ROOT), str(ROOT / "services" / "dialog-fsm" / "src")]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dialog_fsm",
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(paths),
            "TRUNKLINE_SCENARIOS_DIR": str(ROOT / "scenarios"),
            **environment,
        },
        stderr=asyncio.subprocess.PIPE,
    )


async def lines_until(process: asyncio.subprocess.Process, fragment: str) -> str:
    """The line with the fragment."""
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while line := (await process.stderr.readline()).decode():
            if fragment in line:
                return line
    raise AssertionError(f"no line with {fragment!r}")


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str]:
    async with asyncio.timeout(30):
        _, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, errors.decode()


async def test_it_serves_and_ends_on_sigterm(redis_url: str) -> None:
    process = await started(REDIS_URL=redis_url)
    await lines_until(process, "Ready to talk")
    process.send_signal(signal.SIGTERM)
    code, errors = await ended(process)
    assert code == 0
    assert "Traceback" not in errors
    client = connect(redis_url)
    consumers = await client.xinfo_consumers("calls", "dialog-fsm")
    await client.aclose()
    assert consumers == []


async def test_it_waits_for_redis_and_says_so() -> None:
    process = await started(REDIS_URL="redis://user:hush@127.0.0.1:1/0")
    line = await lines_until(process, "not reachable")
    assert "check REDIS_URL" in line
    assert "hush" not in line
    process.send_signal(signal.SIGTERM)
    code, errors = await ended(process)
    assert code == 0
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("environment", "pattern"),
    [
        (
            {"TRUNKLINE_SCENARIO": "nosuch"},
            r"dialog-fsm: setting TRUNKLINE_SCENARIO: no scenario 'nosuch'; there are: .*",
        ),
        ({"TRUNKLINE_SCENARIOS_DIR": "/nosuch"}, r"dialog-fsm: /nosuch: holds no scenarios .*TRUNKLINE_SCENARIOS_DIR"),
        ({"TRUNKLINE_SCENARIO_BY_NUMBER": "1"}, r"dialog-fsm: setting TRUNKLINE_SCENARIO_BY_NUMBER: '1' is no pair.*"),
        ({"TRUNKLINE_DIALOG_MAX_AGE_SECONDS": "x"}, r"dialog-fsm: setting TRUNKLINE_DIALOG_MAX_AGE_SECONDS: .*"),
    ],
)
async def test_a_bad_setting_is_one_line(environment: dict[str, str], pattern: str) -> None:
    code, errors = await ended(await started(**environment))
    assert code == 2
    assert re.fullmatch(f"{pattern}\n", errors), errors


async def test_a_bad_scenario_is_a_line_for_each_fault(tmp_path: Path) -> None:
    text = (ROOT / "scenarios" / "clinic-ru.yaml").read_text(encoding="utf-8")
    bad = text.replace("next: ask_date_and_time", "next: nosuch", 1).replace("start: greeting", "start: greting", 1)
    (tmp_path / "clinic-ru.yaml").write_text(bad, encoding="utf-8")
    code, errors = await ended(await started(TRUNKLINE_SCENARIOS_DIR=str(tmp_path)))
    assert code == 2
    first, second = errors.splitlines()
    assert re.search(r'clinic-ru\.yaml:\d+: start "greting" is no state; did you mean "greeting"', first)
    assert re.search(r'clinic-ru\.yaml:\d+: state "ask_doctor": next target "nosuch" is no state', second)
