"""``GET /health/live`` and ``GET /health/ready``: whether the process runs, and whether it can do its work."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

Checks = Mapping[str, Callable[[], str]]
"""By name: a function that says what is wrong, or "" when all is well. Must not block."""


@asynccontextmanager
async def serve_health(port: int, checks: Checks) -> AsyncIterator[None]:
    """Answer on ``port`` while the context is open; port 0 switches it off."""
    if port == 0:
        yield
        return
    application = web.Application()
    application.router.add_get("/health/live", _live)
    application.router.add_get("/health/ready", _ready(checks))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "0.0.0.0", port).start()
        yield
    finally:
        await runner.cleanup()


async def _live(request: web.Request) -> web.Response:
    del request
    return web.json_response({"live": True})


def _ready(checks: Checks) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def ready(request: web.Request) -> web.Response:
        del request
        wrong = {name: reason for name, check in checks.items() if (reason := check())}
        return web.json_response({"ready": not wrong, "wrong": wrong}, status=503 if wrong else 200)

    return ready
