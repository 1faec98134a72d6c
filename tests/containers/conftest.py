"""The stack of compose.yaml, built and started once for these tests."""

import os
from collections.abc import Iterator

import pytest

from tests.containers.compose_stack import ComposeStack, compose_stack, engine_answers

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine; without one the tests are skipped, in CI they fail."""
    if not engine_answers():
        reason = "no Docker engine with compose answers"
        if IN_CI:
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def stack(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    """All containers, healthy."""
    del engine
    with compose_stack(tmp_path_factory.mktemp("compose")) as running:
        yield running
