"""What an operator sees when something is wrong: one clear line with the cure, an exit code or a visible retry."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from callbus.connect import connect
from stack.asterisk_server import AsteriskServer
from stack.redis_server import RedisServer
from stack.server_process import free_port
from stack.services import ROOT, ServiceProcess, python_path
from stack.whole import offline_engines, service_environment
from tests.e2e.record import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAD_SETTING = 2


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    async with RedisServer.start(workdir=tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsteriskServer]:
    async with AsteriskServer.start(workdir=tmp_path_factory.mktemp("asterisk")) as server:
        yield server


@pytest.fixture
def settings(redis: RedisServer, asterisk: AsteriskServer, tmp_path: Path) -> dict[str, str]:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    return {
        **service_environment(redis, asterisk),
        **offline_engines(),
        "TRUNKLINE_SOUNDS_DIR": str(sounds),
        "ELEVENLABS_API_KEY": "",
        "TRUNKLINE_ASR": "offline",
        "TRUNKLINE_TTS": "offline",
    }


def service(name: str, settings: Mapping[str, str], folder: Path) -> ServiceProcess:
    environment = {**os.environ, **settings, "PYTHONPATH": python_path(), "PYTHONUNBUFFERED": "1"}
    return ServiceProcess(name, environment, folder / f"{name}.log")


async def ends(process: ServiceProcess, *, within_seconds: float = 20.0) -> tuple[int, str]:
    """The exit code and the log of a service that must end by itself."""
    await process.start()
    try:
        assert process.process is not None
        async with asyncio.timeout(within_seconds):
            code = await process.process.wait()
    finally:
        await process.stop()
    return code, process.log()


async def retries(process: ServiceProcess, text: str, *, times: int = 2, within_seconds: float = 30.0) -> str:
    """The log of a service that must go on trying and say so, and end cleanly when asked to."""
    await process.start()
    try:
        await eventually(lambda: process.log().count(text) >= times, within_seconds=within_seconds, what=f"{text!r}")
        assert process.running
        await eventually(lambda: _not_ready(process), what="an answer of /health/ready")
    finally:
        code = await process.stop()
    assert code == 0, process.log_tail()
    return process.log()


async def _not_ready(process: ServiceProcess) -> bool:
    import aiohttp

    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{process.health_port}/health/ready") as response,
        ):
            return response.status == 503
    except aiohttp.ClientError:
        return False


def one_clear_line(log: str, *words: str) -> str:
    """The line that says it; no traceback anywhere."""
    assert "Traceback" not in log, log
    lines = [line for line in log.splitlines() if all(word in line for word in words)]
    assert lines, f"no line with {words} in:\n{log}"
    return lines[0]


async def test_wrong_ari_password(settings: dict[str, str], tmp_path: Path) -> None:
    wrong = {**settings, "ASTERISK_ARI_PASSWORD": "not-the-password"}

    log = await retries(service("ari-gateway", wrong, tmp_path), "ASTERISK_ARI_PASSWORD")

    one_clear_line(log, "ASTERISK_ARI_USERNAME", "ASTERISK_ARI_PASSWORD")
    assert "not-the-password" not in log


async def test_asterisk_absent(settings: dict[str, str], tmp_path: Path) -> None:
    import socket

    nobody = f"http://127.0.0.1:{free_port(socket.SOCK_STREAM)}"
    log = await retries(service("ari-gateway", {**settings, "ASTERISK_ARI_URL": nobody}, tmp_path), "ASTERISK_ARI_URL")

    one_clear_line(log, nobody.removeprefix("http://"), "ASTERISK_ARI_URL")


@pytest.mark.parametrize("name", ["ari-gateway", "speech-worker", "dialog-fsm", "tts-player"])
async def test_redis_absent(name: str, settings: dict[str, str], tmp_path: Path) -> None:
    import socket

    nobody = f"redis://:s3cret@127.0.0.1:{free_port(socket.SOCK_STREAM)}/0"
    log = await retries(service(name, {**settings, "REDIS_URL": nobody}, tmp_path), "check REDIS_URL")

    one_clear_line(log, "not reachable", "check REDIS_URL", "trying again")
    assert "s3cret" not in log


async def test_bad_scenario(settings: dict[str, str], tmp_path: Path) -> None:
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    good = (ROOT / "scenarios" / "clinic-ru.yaml").read_text(encoding="utf-8")
    (scenarios / "clinic-ru.yaml").write_text(good + "\nnonsense_key: 1\n", encoding="utf-8")
    line_number = good.count("\n") + 2

    code, log = await ends(service("dialog-fsm", {**settings, "TRUNKLINE_SCENARIOS_DIR": str(scenarios)}, tmp_path))

    assert code == BAD_SETTING
    one_clear_line(log, f"clinic-ru.yaml:{line_number}:", "nonsense_key")


async def test_missing_scenarios_folder(settings: dict[str, str], tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    code, log = await ends(service("dialog-fsm", {**settings, "TRUNKLINE_SCENARIOS_DIR": nowhere}, tmp_path))

    assert code == BAD_SETTING
    one_clear_line(log, nowhere, "TRUNKLINE_SCENARIOS_DIR")


async def test_missing_sounds_folder(settings: dict[str, str], tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    code, log = await ends(service("tts-player", {**settings, "TRUNKLINE_SOUNDS_DIR": nowhere}, tmp_path))

    assert code == BAD_SETTING
    one_clear_line(log, nowhere, "TRUNKLINE_SOUNDS_DIR")


async def test_read_only_sounds_folder(settings: dict[str, str], tmp_path: Path) -> None:
    sounds = Path(settings["TRUNKLINE_SOUNDS_DIR"])
    sounds.chmod(stat.S_IRUSR | stat.S_IXUSR)
    if os.geteuid() == 0:
        sounds = Path("/proc")  # root may write everywhere else
    code, log = await ends(service("tts-player", {**settings, "TRUNKLINE_SOUNDS_DIR": str(sounds)}, tmp_path))

    assert code == BAD_SETTING
    one_clear_line(log, str(sounds), "TRUNKLINE_SOUNDS_DIR")


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("ari-gateway", "TRUNKLINE_MEDIA_ROUTE", "carrier-pigeon"),
        ("ari-gateway", "ASTERISK_ARI_PASSWORD", None),
        ("speech-worker", "TRUNKLINE_ASR", "telepathy"),
        ("tts-player", "TRUNKLINE_TTS", "telepathy"),
        ("dialog-fsm", "TRUNKLINE_HEALTH_PORT", "eighty"),
    ],
)
async def test_bad_setting(
    name: str, setting: str, value: str | None, settings: dict[str, str], tmp_path: Path
) -> None:
    changed = {key: text for key, text in {**settings, setting: value}.items() if text is not None}
    process = service(name, changed, tmp_path)
    if value is None:
        process.environment = {key: text for key, text in process.environment.items() if key != setting}
    if setting == "TRUNKLINE_HEALTH_PORT":
        process.health_port = value  # type: ignore[assignment]

    code, log = await ends(process)

    assert code == BAD_SETTING
    assert one_clear_line(log, setting).startswith(f"{name}: setting {setting}: ")


async def test_bad_api_key_falls_back_to_the_offline_voice(
    settings: dict[str, str], tmp_path: Path, redis: RedisServer
) -> None:
    """The key is refused: a clear line, and the sentence is spoken by the offline engine."""
    from callbus.commands import Say
    from callbus.hop import Hop
    from callbus.streams import Streams
    from tests.e2e.record import Bus
    from tests.fakes.elevenlabs import ElevenLabsEmulator

    async with ElevenLabsEmulator(api_keys=("the-right-key",)) as emulator:
        changed = {
            **settings,
            "TRUNKLINE_TTS": "auto",
            "ELEVENLABS_API_KEY": "the-wrong-key",
            "ELEVENLABS_BASE_URL": emulator.base_url,
        }
        process = service("tts-player", changed, tmp_path)
        await process.start()
        try:
            await process.wait_ready()
            client = connect(redis.url)
            say = Say(call_id="c1", say_id="c1-s1", text="Good afternoon, this is a test.", language="en")
            await Hop(client, Streams(), producer="dialog-fsm").commit([say])
            bus = Bus(redis.url)

            async def played() -> bool:
                return any(m.type == "Play" and m.call_id == "c1" for m in await bus.messages())

            await eventually(played, what="Play", within_seconds=20)
            await bus.redis.aclose()
            await client.aclose()
        finally:
            await process.stop()

    one_clear_line(process.log(), "ELEVENLABS_API_KEY")
    assert "the-wrong-key" not in process.log()
