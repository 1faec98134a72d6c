"""`python -m bench`: real calls on a real Asterisk, timed at the caller; prints figures beside their bars."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bench.bars import BARGE_IN, CPU, GREETING, MEMORY, REPLY, TURN, Figure
from bench.calls import Plan, Timings, clip_folder, hold_calls
from bench.machine import Usage, machine, usage
from bench.media import media_figures
from bench.table import table
from simcaller.audio import TELEPHONE_HZ, encode_mulaw, write_wav
from simcaller.speech import default_voice
from stack.services import ROOT
from stack.whole import Stack, run_stack

RESULTS = ROOT / "bench" / "results.json"
ANSWER = "yes"


def main() -> int:
    """Measure, print, write bench/results.json; 0 also when a bar is missed: the table says so."""
    arguments = _arguments()
    started = time.monotonic()
    figures = asyncio.run(measure(arguments.calls, arguments.answers))
    print(table(figures))
    results = {
        "machine": machine(),
        "seconds": round(time.monotonic() - started),
        "figures": [f.as_json() for f in figures],
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"written to {RESULTS.relative_to(ROOT)}; {machine()}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 10], help="numbers of calls at once")
    parser.add_argument("--answers", type=int, default=8, help="turns per call")
    return parser.parse_args()


async def measure(call_counts: list[int], answers: int) -> list[Figure]:
    """All figures; the recogniser is emulated without delay, so that what is measured is ours and Asterisk's."""
    samples = default_voice().say(ANSWER, "en")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as folder:
        workdir = Path(folder)
        write_wav(workdir / "answer.wav", samples, TELEPHONE_HZ)
        clips = clip_folder(workdir / "clips", (workdir / "answer.wav").read_bytes(), ANSWER)
        clip = encode_mulaw(samples)
        async with emulator(clips) as base_url, bench_stack(workdir / "stack", base_url) as stack:
            await hold_calls(stack.sip, stack.redis.url, 1, Plan(2, clip), 0.0)  # every prompt is made, every path warm
            for count in call_counts:
                figures += await _at(stack, count, Plan(answers, clip), f"{count} call{'s' if count > 1 else ''}")
            interrupted = await hold_calls(stack.sip, stack.redis.url, 1, Plan(answers, clip, barge_in=True), 0.0)
            _report(interrupted)
            figures.append(Figure(BARGE_IN, "1 call", tuple(interrupted.barge_in_ms)))
            figures += await media_figures(workdir / "media")
    return figures


async def _at(stack: Stack, count: int, plan: Plan, condition: str) -> list[Figure]:
    before, began = _usage(stack), time.monotonic()
    timings = await hold_calls(stack.sip, stack.redis.url, count, plan, 0.15)
    seconds, after = time.monotonic() - began, _usage(stack)
    _report(timings)
    figures = [
        Figure(GREETING, condition, tuple(timings.greeting_ms)),
        Figure(REPLY, condition, tuple(timings.reply_ms)),
        Figure(TURN, condition, tuple(timings.turn_ms), "with 300 ms of end-pointing and a recogniser without delay"),
    ]
    for name in sorted(before):
        percent = (after[name].cpu_seconds - before[name].cpu_seconds) / seconds / count * 100
        figures.append(Figure(CPU, f"{condition}, {name}", (percent,)))
        if count > 1 and name not in {"asterisk", "redis"}:
            growth = (after[name].resident_mb - before[name].resident_mb) / count
            note = f"{after[name].resident_mb:.0f} MB in all"
            figures.append(Figure(MEMORY, f"{condition}, {name}", (max(0.0, growth),), note))
    return figures


def _usage(stack: Stack) -> dict[str, Usage]:
    pids = {name: service.pid for name, service in stack.services.items()}
    pids |= {"asterisk": stack.asterisk.pid, "redis": stack.redis.pid}
    return {name: usage(pid) for name, pid in pids.items()}


def _report(timings: Timings) -> None:
    for failure in timings.failed:
        print(f"a call failed: {failure}", file=sys.stderr)


@asynccontextmanager
async def emulator(clips: Path) -> AsyncIterator[str]:
    """The emulated vendor as a process of its own; its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.elevenlabs", "--clips", str(clips), "--api-key", "sk_bench",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if process.stdout is None:
        raise RuntimeError("the emulator has no output")
    try:
        yield (await process.stdout.readline()).decode().split()[-1]
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def bench_stack(workdir: Path, vendor_url: str, **environment: str) -> AsyncIterator[Stack]:
    """The stack with the bench's conversation, the emulated recogniser and the offline voice."""
    async with AsyncExitStack() as running:
        yield await running.enter_async_context(
            run_stack(
                workdir,
                environment={
                    "TRUNKLINE_SCENARIOS_DIR": str(ROOT / "bench" / "scenarios"),
                    "TRUNKLINE_SCENARIO": "pingpong",
                    "TRUNKLINE_LANGUAGE": "en",
                    "TRUNKLINE_ASR": "elevenlabs",
                    "TRUNKLINE_TTS": "offline",
                    "TRUNKLINE_LOG_LEVEL": "WARNING",
                    "ELEVENLABS_API_KEY": "sk_bench",
                    "ELEVENLABS_BASE_URL": vendor_url,
                    **environment,
                },
            )
        )


if __name__ == "__main__":
    sys.exit(main())
