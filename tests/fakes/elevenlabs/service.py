"""What the endpoints share: one emulated account with its settings, record, faults, tokens and clock."""

import itertools
import random
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from .audio import Samples
from .clock import Clock
from .errors import Problem, ProblemRaised, invalid_api_key, missing_api_key
from .faults import Plan, RealtimeFault, SpeechFault
from .record import Record
from .settings import Delays, RealtimeBehaviour, SpeechBehaviour
from .transcriber import Transcriber
from .voice import Synthesise

if TYPE_CHECKING:
    from .realtime import RealtimeSocket

TOKEN_TYPES = ("realtime_scribe", "batch_scribe", "tts_websocket")
TOKEN_SECONDS = 15 * 60


@dataclass
class Service:
    """The state behind all endpoints of one emulator."""

    api_keys: tuple[str, ...]
    transcriber: Transcriber
    synthesise: Synthesise
    clock: Clock
    delays: Delays
    realtime: RealtimeBehaviour
    speech: SpeechBehaviour
    keep_audio: bool
    dice: random.Random
    record: Record = field(default_factory=Record)
    realtime_faults: Plan[RealtimeFault] = field(default_factory=Plan)
    speech_faults: Plan[SpeechFault] = field(default_factory=Plan)
    batch_faults: Plan[SpeechFault] = field(default_factory=Plan)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    sockets: "set[RealtimeSocket]" = field(default_factory=set)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def identifier(self) -> str:
        """32 hexadecimal digits, as the service names sessions and requests."""
        return f"{next(self._numbers):08x}{self.dice.getrandbits(96):024x}"

    async def spoken(self, text: str, rate_hz: int, voice_id: str) -> Samples:
        """The sound of `text`, int16 mono."""
        made = self.synthesise(text, rate_hz, voice_id)
        return await made if isinstance(made, Awaitable) else made

    def issue_token(self, kind: str) -> str:
        token = f"sutkn_{self.identifier()}"
        self.tokens[token] = (kind, self.clock.now() + TOKEN_SECONDS)
        return token

    def spend_token(self, token: str, kind: str) -> bool:
        """Whether `token` was good; it is good once."""
        issued_kind, expires_at = self.tokens.pop(token, ("", 0.0))
        return issued_kind == kind and self.clock.now() < expires_at

    def key_problem(self, request: web.Request) -> Problem | None:
        """Why the request's `xi-api-key` is refused, None when it is good."""
        key = request.headers.get("xi-api-key")
        if not key:
            return missing_api_key()
        return None if key in self.api_keys else invalid_api_key()

    def check_key(self, request: web.Request) -> None:
        if problem := self.key_problem(request):
            raise ProblemRaised(problem)

    def jittered(self, delay_ms: float, jitter_ms: float) -> float:
        """Seconds: the delay, moved by at most the jitter to either side."""
        return max(0.0, delay_ms + self.dice.uniform(-jitter_ms, jitter_ms)) / 1000


SERVICE = web.AppKey("service", Service)
