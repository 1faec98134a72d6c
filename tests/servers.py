"""Holding asynchronous servers open for synchronous fixtures, and Redis by testcontainers."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

T = TypeVar("T")

REDIS_IMAGE = "redis:8"


@contextmanager
def held_open(server: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Run an asynchronous context manager in an event loop of its own thread until the block is left."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="held-open", daemon=True)
    thread.start()
    try:
        value = asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
        try:
            yield value
        finally:
            asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def container_redis() -> Iterator[str | None]:
    """The address of a Redis in a container, or None where no engine with the image answers.

    ``TRUNKLINE_TEST_REDIS=local`` passes the engine over.
    """
    if os.environ.get("TRUNKLINE_TEST_REDIS") == "local" or not _engine_has(REDIS_IMAGE):
        yield None
        return
    from testcontainers.community.redis import RedisContainer
    from testcontainers.core.config import ConnectionMode, testcontainers_config

    # The container is removed here; the reaper would need an image of its own.
    testcontainers_config.ryuk_disabled = True
    if "TESTCONTAINERS_CONNECTION_MODE" not in os.environ:
        # Published ports are the tests' own loopback, whatever the machine looks like to the library.
        testcontainers_config.connection_mode_override = ConnectionMode.docker_host
    with RedisContainer(REDIS_IMAGE) as container:
        yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"


def _engine_has(image: str) -> bool:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=5)
    except DockerException:
        return False
    try:
        client.images.get(image)
    except DockerException:
        return False
    finally:
        client.close()
    return True
