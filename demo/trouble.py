"""What can keep the stack or the call from running, as one line for a person."""

from collections.abc import Iterator

from redis.exceptions import RedisError

from demo.story import StoryError
from provision.cache import ProvisionError
from simcaller.rhvoice import VoiceError
from stack.server_process import ServerError
from stack.services import ServiceFailed

EXPECTED = (ProvisionError, ServerError, ServiceFailed, StoryError, VoiceError, RedisError, OSError)


def explain(error: Exception) -> str:
    """One line for an expected error, alone or in groups of such; raises any other again."""
    leaves = list(_leaves(error))
    for leaf in leaves:
        if not isinstance(leaf, EXPECTED):
            raise error
    first, *rest = str(leaves[0]).strip().splitlines() or [type(leaves[0]).__name__]
    return f"{first}: {rest[-1].strip()}" if rest else first


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for member in error.exceptions:
            yield from _leaves(member)
    else:
        yield error
