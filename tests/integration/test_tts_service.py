"""The tts-player as a process, on a real Redis: orders in, sounds and Plays out."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from callbus import Message, decode
from callbus.commands import Listen, Play, PreparePrompts, Prompt, Say, StopSpeaking
from callbus.connect import connect
from callbus.events import SpeechSynthesised
from callbus.hop import Hop
from callbus.streams import Streams
from provision import rhvoice
from provision.cache import ProvisionError
from stack.redis_server import RedisServer
from stack.server_process import free_port
from stack.services import ServiceProcess, python_path
from tests.fakes.elevenlabs import ElevenLabsEmulator
from tests.fakes.elevenlabs.errors import PROBLEMS
from tests.fakes.elevenlabs.faults import Refuse

GREETING = "Здравствуйте! Чем могу помочь?"
LIMITED = (
    "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); "
    "runpy.run_module('tts_player', run_name='__main__')"
)


class Dialog:
    """The dialog's end of the bus, and the gateway's."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._hop = Hop(redis, Streams(), producer="dialog-fsm")

    async def order(self, *messages: Message) -> None:
        await self._hop.commit(list(messages))

    async def plays(self, count: int, timeout_seconds: float = 20.0) -> list[Play]:
        """The first ``count`` Plays, once they are there."""
        found = await self._until("playback", Play, count, timeout_seconds)
        return [message for message in found if isinstance(message, Play)]

    async def records(self, count: int) -> list[SpeechSynthesised]:
        """The first ``count`` records of who spoke."""
        found = await self._until("channel", SpeechSynthesised, count, 20.0)
        return [message for message in found if isinstance(message, SpeechSynthesised)]

    async def pending(self, count: int) -> None:
        """Wait until so many orders are taken and not acknowledged."""

        async def reached() -> bool:
            summary: Any = await self._redis.xpending("dialog", "tts-player")
            return bool(summary["pending"] == count)

        await until(reached)

    async def _until(self, stream: str, kind: type[Message], count: int, timeout_seconds: float) -> list[Message]:
        found: list[Message] = []
        last: bytes | str = "0"
        async with asyncio.timeout(timeout_seconds):
            while len(found) < count:
                read: Any = await self._redis.xread({stream: last}, block=200)
                for _, entries in read or []:
                    last = entries[-1][0]
                    found += [one for _, fields in entries if isinstance(one := decode(fields), kind)]
        return found


async def until(reached: Callable[[], Awaitable[bool]], timeout_seconds: float = 20.0) -> None:
    """Poll what another process changes, with a deadline."""
    async with asyncio.timeout(timeout_seconds):
        while True:
            if await reached():
                return
            await asyncio.sleep(0.01)


def say(text: str, *, call_id: str = "c1", say_id: str = "", language: str = "ru") -> Say:
    return Say(call_id=call_id, say_id=say_id or text, text=text, language=language)


@pytest.fixture
def environment(redis_url: str, tmp_path: Path) -> dict[str, str]:
    """Settings of a service that has only the offline voice."""
    try:
        offline = rhvoice.ensure().environment()
    except ProvisionError as error:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(str(error))
        pytest.skip(str(error))
    (tmp_path / "sounds").mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRUNKLINE_", "ELEVENLABS_"))}
    return {
        **clean,
        **offline,
        "REDIS_URL": redis_url,
        "TRUNKLINE_SOUNDS_DIR": str(tmp_path / "sounds"),
        "PYTHONPATH": python_path(),
    }


@pytest.fixture
async def dialog(redis_url: str) -> AsyncIterator[Dialog]:
    redis = connect(redis_url)
    yield Dialog(redis)
    await redis.aclose()


@asynccontextmanager
async def running(environment: Mapping[str, str], tmp_path: Path) -> AsyncIterator[ServiceProcess]:
    service = ServiceProcess("tts-player", environment, tmp_path / "tts-player.log")
    await service.start()
    try:
        await service.wait_ready()
        yield service
    finally:
        if service.running:
            assert await service.stop() == 0, service.log()
    assert "Traceback" not in service.log(), service.log()


def sound_of(play: Play, environment: Mapping[str, str]) -> bytes:
    path = Path(environment["TRUNKLINE_SOUNDS_DIR"]) / f"{play.media.removeprefix('sound:')}.sln16"
    return path.read_bytes()


async def test_sentences_are_spoken_in_order_and_once(
    environment: dict[str, str], dialog: Dialog, tmp_path: Path
) -> None:
    # Given before the service runs: nothing is missed.
    await dialog.order(say(GREETING, say_id="s1"), Listen(call_id="c1", language="ru"), say("Да.", say_id="s2"))
    async with running(environment, tmp_path):
        await dialog.order(say("Hello!", call_id="c2", say_id="s3", language="en"), say(GREETING, say_id="s4"))
        plays = await dialog.plays(4)
        records = await dialog.records(4)
        await dialog.pending(0)

    in_call = [play for play in plays if play.call_id == "c1"]
    assert [play.say_id for play in in_call] == ["s1", "s2", "s4"]
    assert [play.cached for play in in_call] == [False, False, True]
    assert in_call[0].media == in_call[2].media
    assert len({play.playback_id for play in plays}) == 4
    assert {record.engine for record in records} == {"rhvoice"}
    for play in plays:
        assert len(sound_of(play, environment)) / 32 == play.audio_ms
        assert play.seq > 0


async def test_prompts_made_ahead_need_no_synthesis(
    environment: dict[str, str], dialog: Dialog, tmp_path: Path
) -> None:
    prompts = [Prompt(text=f"Фраза номер {number}.", language="ru") for number in range(10)]
    await dialog.order(PreparePrompts(call_id="scenario:x", scenario="x", prompts=prompts))
    async with running(environment, tmp_path) as service:
        await dialog.pending(0)
        await dialog.order(*(say(prompt.text, call_id=f"c{number}") for number, prompt in enumerate(prompts)))
        plays = await dialog.plays(10)

    assert all(play.cached for play in plays)
    assert "scenario x: 10 prompts ready, 10 of them made now, 0 failed" in service.log()


async def test_the_vendor_speaks_while_it_can_and_the_offline_voice_when_it_cannot(
    environment: dict[str, str], dialog: Dialog, tmp_path: Path
) -> None:
    async with ElevenLabsEmulator() as emulator:
        environment |= {"ELEVENLABS_API_KEY": emulator.api_key, "ELEVENLABS_BASE_URL": emulator.base_url}
        async with running(environment, tmp_path) as service:
            await dialog.order(say("Раз."))
            await dialog.plays(1)
            emulator.speech_faults.always(Refuse(PROBLEMS["quota_exceeded"]))
            await dialog.order(say("Два."), say("Раз.", say_id="again"), say("Три."))
            plays = await dialog.plays(4)

        spoken = [request.text for request in emulator.record.speech]

    assert [(play.say_id, play.engine, play.cached) for play in plays] == [
        ("Раз.", "elevenlabs", False),
        ("Два.", "rhvoice", False),
        ("again", "elevenlabs", True),
        ("Три.", "rhvoice", False),
    ]
    assert spoken.count("Раз.") == 1
    assert len(emulator.record.refusals) <= 2  # then it is left alone
    assert "it is left alone for a while" in service.log()
    assert emulator.api_key not in service.log()


async def test_a_vendor_that_is_down_from_the_start_costs_no_sentence(
    environment: dict[str, str], dialog: Dialog, tmp_path: Path
) -> None:
    environment |= {
        "ELEVENLABS_API_KEY": "sk_any",
        "ELEVENLABS_BASE_URL": f"http://127.0.0.1:{free_port(socket.SOCK_STREAM)}",
    }
    async with running(environment, tmp_path):
        await dialog.order(say(GREETING))
        (play,) = await dialog.plays(1)

    assert play.engine == "rhvoice"


async def test_with_a_full_disk_the_caller_hears_the_apology(
    environment: dict[str, str], dialog: Dialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file may have 200 kB: enough for the apology, too little for a long sentence.
    limited = tmp_path / "limited.py"
    limited.write_text(LIMITED, encoding="utf-8")
    monkeypatch.setattr("stack.services.MODULES", {"tts-player": "limited"})
    environment["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{environment['PYTHONPATH']}"
    async with running(environment, tmp_path) as service:
        await dialog.order(say("Мы работаем каждый день с восьми утра до восьми вечера. " * 3), say("Да.", say_id="s2"))
        plays = await dialog.plays(2)
        records = await dialog.records(2)

    assert [play.engine for play in plays] == ["prepared", "rhvoice"]
    assert sound_of(plays[0], environment)
    assert records[0].substitute
    assert "no room in the sounds folder" in records[0].failure
    assert "an apology is played" in service.log()
    assert list(Path(environment["TRUNKLINE_SOUNDS_DIR"]).rglob("*.part")) == []


async def test_a_stop_is_answered_and_later_sentences_play(
    environment: dict[str, str], dialog: Dialog, tmp_path: Path
) -> None:
    async with running(environment, tmp_path):
        await dialog.order(
            say(GREETING * 20, say_id="s1"), StopSpeaking(call_id="c1", reason="barge-in"), say("Да.", say_id="s2")
        )
        plays = await dialog.plays(1)
        await dialog.pending(0)

    assert plays[-1].say_id == "s2"


async def test_what_a_killed_player_had_in_hand_is_spoken_by_the_next(
    environment: dict[str, str], dialog: Dialog, tmp_path: Path
) -> None:
    async with running(environment, tmp_path) as first:
        await dialog.order(say(GREETING * 15, say_id="s1"))
        await dialog.pending(1)
        await first.kill()
    async with running(environment, tmp_path):
        (play,) = await dialog.plays(1)
        await dialog.pending(0)

    assert play.say_id == "s1"


async def test_it_waits_for_redis_visibly_and_ends_when_asked(environment: dict[str, str], tmp_path: Path) -> None:
    port = free_port(socket.SOCK_STREAM)
    environment["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
    service = ServiceProcess("tts-player", environment, tmp_path / "log")
    await service.start()

    async def complained_again() -> bool:
        return service.log().count("check REDIS_URL") > complaints

    complaints = 0
    await until(complained_again)
    async with RedisServer.start(port=port, workdir=tmp_path / "redis"):
        await service.wait_ready()
        assert await service.stop() == 0
    assert "Traceback" not in service.log()

    complaints = service.log().count("check REDIS_URL")
    await service.start()
    await until(complained_again)
    assert await service.stop() == 0


@pytest.mark.parametrize(
    ("setting", "value", "line"),
    [
        ("TRUNKLINE_SOUNDS_DIR", "/nowhere/sounds", "the sounds folder /nowhere/sounds does not exist; mount"),
        ("TRUNKLINE_TTS", "elevenlabs", "setting ELEVENLABS_API_KEY: is not set"),
        ("TRUNKLINE_VOICE_RU", "pavel", "setting TRUNKLINE_VOICE_RU: 'pavel' is no voice"),
    ],
)
async def test_what_cannot_work_is_refused_with_one_line(
    environment: dict[str, str], setting: str, value: str, line: str
) -> None:
    code, _, said = await command([], {**environment, setting: value})

    assert code == 2
    assert said.splitlines()[-1].startswith(f"tts-player: {line}")
    assert "Traceback" not in said


async def test_say_writes_a_file(environment: dict[str, str], tmp_path: Path) -> None:
    for name in ("x.sln16", "x.wav"):
        code, out, said = await command(["say", GREETING, "--out", str(tmp_path / name)], environment)
        assert code == 0, said
        assert "by rhvoice, first audio after" in out

    raw, wav = (tmp_path / "x.sln16").read_bytes(), (tmp_path / "x.wav").read_bytes()
    assert wav.endswith(raw)
    assert len(wav) == len(raw) + 44


async def test_prepare_fills_the_store(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "texts").write_text("Да.\n\nen\tYes.\nНет.\nfr\tNon.\n", encoding="utf-8")
    arguments = ["prepare", "--texts", str(tmp_path / "texts")]

    code, out, _ = await command(arguments, environment)

    assert code == 1
    assert "FAILED  'Non.'" in out
    assert "3 of 4 texts are ready" in out
    assert len(list(Path(environment["TRUNKLINE_SOUNDS_DIR"]).rglob("*.sln16"))) == 3
    assert (await command(arguments, environment))[1].count("kept") == 3


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["say", "Да.", "--out", "x.mp3"], "the name must end in .wav or .sln16"),
        (["say", "Да.", "--out", "/nowhere/x.wav"], "No such file or directory"),
        (["say", "Oui.", "--language", "fr", "--out", "x.wav"], "no free voice for the language 'fr'"),
        (["prepare", "--texts", "/nowhere/texts"], "give a readable file"),
    ],
)
async def test_a_command_that_cannot_be_done_says_why(
    environment: dict[str, str], arguments: list[str], line: str
) -> None:
    code, _, said = await command(arguments, environment)

    assert code == 1
    assert line in said.splitlines()[-1]
    assert "Traceback" not in said


async def command(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tts_player", *arguments,
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        out, said = await process.communicate()
    return process.returncode, out.decode(), said.decode()
