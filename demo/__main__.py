"""`make demo`: start everything, place one real call, show it, keep it; 0 only if the caller's goal was reached."""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from callbus.connect import connect
from demo import recording
from demo.console import Console, wants_colour
from demo.follow import follow
from demo.render import summary
from demo.scene import Scene
from demo.story import Story, load
from demo.trouble import EXPECTED, explain
from demo.verdict import failure
from demo.watch import Watch
from provision.cache import cache_dir
from simcaller import SipCall
from simcaller.script import Caller
from simcaller.speech import default_voice
from stack.services import ROOT
from stack.whole import Stack, keep_logs, run_stack

EXTENSIONS = {"ru": "1001", "en": "1002"}
INTERRUPTED = 130


def main() -> int:
    """Parse, run, and turn what went wrong into one line."""
    parser = argparse.ArgumentParser(prog="demo", description="One real call to the bot, shown as it happens.")
    parser.add_argument("--language", choices=sorted(EXTENSIONS), default="ru")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT") or "demo-output"))
    parser.add_argument("--engine", choices=("auto", "offline", "elevenlabs"), default="auto")
    arguments = parser.parse_args()
    try:
        return asyncio.run(demo(arguments.language, arguments.out, engine_settings(arguments.engine)))
    except (*EXPECTED, ExceptionGroup) as error:
        print(f"demo: {explain(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped", file=sys.stderr)
        return INTERRUPTED


def engine_settings(engine: str) -> dict[str, str]:
    """Settings that choose the services' engines; `auto` leaves the choice to them: ElevenLabs when there is a key."""
    return {} if engine == "auto" else {"TRUNKLINE_ASR": engine, "TRUNKLINE_TTS": engine}


async def demo(language: str, out: Path, settings: Mapping[str, str]) -> int:
    """Stack, call, verdict; returns the exit code."""
    started = time.monotonic()
    story = load(ROOT / "scenarios", f"clinic-{language}-demo")
    caller = Caller(await asyncio.to_thread(default_voice), language)
    await caller.prepare([move.step for move in story.moves])
    with tempfile.TemporaryDirectory(prefix="trunkline-demo-") as workdir:
        async with run_stack(Path(workdir), environment=settings, prompts=cache_dir() / "prompts") as stack:
            seconds = time.monotonic() - started
            print(f"Redis, Asterisk {stack.asterisk.version} and four services run, after {seconds:.0f} s.", flush=True)
            reason = await _ring(stack, story, caller, out)
            if reason is not None:
                keep_logs(stack, out / "logs")
                print(f"demo: {reason} (logs in {out / 'logs'})", file=sys.stderr)
    return 0 if reason is None else 1


async def _ring(stack: Stack, story: Story, caller: Caller, out: Path) -> str | None:
    """Place the call and keep it; returns why the caller's goal was not reached."""
    redis = connect(stack.redis.url)
    try:
        async with SipCall.place(stack.sip, EXTENSIONS[caller.language], story.caller_number) as call:
            coloured = wants_colour(os.environ.get("NO_COLOR"), os.environ.get("TERM"))
            console = Console(call.invited_at, coloured=coloured)
            scene = Scene(story, caller, Watch(call, console.show))
            try:
                trouble = await scene.play(follow(redis))
            finally:
                kept = recording.keep(out, story.scenario, call, scene.watch.conversation)
    finally:
        await redis.aclose()
    reason = failure(scene.watch.conversation, story.confirmations, trouble)
    console.tell(summary([wait.wait_ms for wait in scene.watch.conversation.waits]))
    console.tell(f"sound: {kept.wav}\npicture: {kept.png}\ntext: {kept.text}")
    console.tell("the caller's goal was reached" if reason is None else reason, "good" if reason is None else "bad")
    console.keep(kept.text)
    return reason


if __name__ == "__main__":
    sys.exit(main())
