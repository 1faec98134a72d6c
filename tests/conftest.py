"""Real servers for the tests: Redis in a container where there is an engine, else a local redis-server."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from callbus.connect import connect
from provision.cache import ProvisionError
from stack.redis_server import RedisServer
from tests.servers import container_redis, held_open

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


def _unavailable(reason: str) -> None:
    """A missing server is a failure in CI and a visible skip elsewhere."""
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def redis_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Redis for the whole run."""
    with ExitStack() as stack:
        url = stack.enter_context(container_redis())
        if url is None:
            try:
                server = stack.enter_context(held_open(RedisServer.start(workdir=tmp_path_factory.mktemp("redis"))))
            except ProvisionError as error:
                _unavailable(str(error))
                return
            url = server.url
        yield url


@pytest.fixture
async def redis_url(redis_server_url: str) -> str:
    """An empty real Redis."""
    client = connect(redis_server_url)
    await client.flushall()
    await client.aclose()
    return redis_server_url
