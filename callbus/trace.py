"""W3C trace context as it crosses the bus: ``00-<32 hex trace>-<16 hex span>-<flags>``."""

import re
import secrets

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})")


def new_traceparent() -> str:
    """The beginning of a trace."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def child_of(traceparent: str) -> str:
    """A new span in the same trace; a new trace where ``traceparent`` is none."""
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return new_traceparent()
    return f"00-{match[1]}-{secrets.token_hex(8)}-{match[2]}"
