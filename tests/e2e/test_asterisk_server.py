"""A real Asterisk with the shipped configuration: it starts clean, answers, restarts, and takes a provider's trunk."""

import asyncio
import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from provision import asterisk as provided
from stack.asterisk_server import AsteriskServer

DEADLINE_SECONDS = 15.0


async def ari(server: AsteriskServer, method: str, path: str, password: str | None = None) -> tuple[int, Any]:
    """Make one ARI request; returns the status and the decoded body."""
    login = f"{server.ari_username}:{server.ari_password if password is None else password}"
    token = base64.b64encode(login.encode()).decode()
    request = urllib.request.Request(f"{server.ari_url}/ari{path}", method=method)  # noqa: S310
    request.add_header("Authorization", f"Basic {token}")

    def send() -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:  # noqa: S310
                return reply.status, json.loads(reply.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, None

    return await asyncio.to_thread(send)


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Poll until the condition holds; fails the test when it does not in time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not await condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.05)


@pytest.fixture
async def asterisk() -> AsyncIterator[AsteriskServer]:
    async with AsteriskServer.start() as server:
        yield server


async def test_answers_ari_and_loads_without_a_warning(asterisk: AsteriskServer) -> None:
    status, info = await ari(asterisk, "GET", "/asterisk/info")

    assert status == 200
    assert info["system"]["version"].startswith(asterisk.version)
    assert asterisk.warnings() == []
    assert (asterisk.sounds_dir / "trunkline").is_dir()


async def test_refuses_a_wrong_password_and_keeps_its_own_private(asterisk: AsteriskServer) -> None:
    status, _ = await ari(asterisk, "GET", "/asterisk/info", password="wrong")

    assert status == 401
    assert (asterisk.workdir / "etc" / "ari.conf").stat().st_mode & 0o077 == 0


async def test_a_password_may_hold_what_the_configuration_gives_a_meaning() -> None:
    password = r"a;b\c\;d--e=f [g] ${EXTEN}#h"
    async with AsteriskServer.start(ari_password=password) as server:
        assert (await ari(server, "GET", "/asterisk/info"))[0] == 200
        assert (await ari(server, "GET", "/asterisk/info", password="a"))[0] == 401


async def test_every_module_of_the_list_is_running(asterisk: AsteriskServer) -> None:
    wanted = provided.modules_wanted(provided.MODULES_CONF.read_text(encoding="utf-8"))

    loaded = await asterisk.command("module show")

    assert [name for name in wanted if name not in loaded] == []
    assert "Not Running" not in loaded


async def test_two_at_once_share_nothing(asterisk: AsteriskServer, tmp_path: Path) -> None:
    async with AsteriskServer.start(workdir=tmp_path) as other:
        assert {other.http_port, other.sip_port}.isdisjoint({asterisk.http_port, asterisk.sip_port})
        assert other.sounds_dir != asterisk.sounds_dir
        assert (await ari(other, "GET", "/channels"))[0] == 200
        assert (await ari(other, "GET", "/channels", password=asterisk.ari_password))[0] == 401
        assert other.warnings() == []


async def test_comes_back_on_the_same_ports_after_a_crash(asterisk: AsteriskServer) -> None:
    first = asterisk.pid
    await asterisk.kill()
    assert not asterisk.running

    await asterisk.restart()

    assert asterisk.pid != first
    assert (await ari(asterisk, "GET", "/asterisk/info"))[0] == 200
    assert asterisk.warnings() == []


async def test_leaves_no_process_and_no_folder_behind() -> None:
    async with AsteriskServer.start() as server:
        pid, workdir = server.pid, server.workdir

    assert not Path(f"/proc/{pid}").exists()
    assert not workdir.exists()


async def test_registers_at_a_provider_and_takes_its_calls_into_the_fallback_while_no_bot_is_connected(
    asterisk: AsteriskServer,
) -> None:
    trunk = {
        "NOVOFON_HOST": f"127.0.0.1:{asterisk.sip_port}",
        "NOVOFON_LOGIN": "softphone",
        "NOVOFON_PASSWORD": asterisk.softphone_password,
        "NOVOFON_NUMBER": "74951234567",
    }
    async with AsteriskServer.start(trunk=trunk) as customer:
        assert customer.warnings() == []

        async def registered() -> bool:
            return "Registered" in await customer.command("pjsip show registrations")

        async def refused() -> bool:
            return "+79990001122 takes the fallback" in customer.log_path.read_text(encoding="utf-8")

        await until(registered, "the trunk's registration")
        call = "/channels?endpoint=PJSIP/softphone&context=operator&extension=s&priority=1&callerId=%2B79990001122"
        assert (await ari(asterisk, "POST", call))[0] == 200
        await until(refused, "the provider's call in the dialplan")

        assert "[74951234567@from-novofon:1] Stasis" in customer.log_path.read_text(encoding="utf-8")
        assert "PJSIP/novofon-" in customer.log_path.read_text(encoding="utf-8")
