"""The emulator as one HTTP server on loopback."""

import random
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType

from aiohttp import web

from . import account
from .batch import batch
from .clock import Clock, WallClock
from .errors import ProblemRaised
from .faults import Plan, RealtimeFault, SpeechFault
from .realtime import RealtimeSocket, realtime
from .record import Record
from .service import SERVICE, Service
from .settings import Delays, RealtimeBehaviour, SpeechBehaviour
from .slots import Slots
from .sockets import abort
from .speech import SLOTS, speech
from .stream_input import stream_input
from .transcriber import Script, Transcriber
from .voice import Synthesise, speechlike

API_KEY = "sk_emulator"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ElevenLabsEmulator:
    """`async with ElevenLabsEmulator(script=["да"]) as emulator:` then point a client at `emulator.base_url`.

    Give either `script` (texts in the order of the commits) or a `transcriber` (Fingerprints, Codebook).
    """

    def __init__(
        self,
        *,
        script: Iterable[str] = (),
        transcriber: Transcriber | None = None,
        synthesise: Synthesise = speechlike,
        clock: Clock | None = None,
        delays: Delays | None = None,
        realtime: RealtimeBehaviour | None = None,
        speech: SpeechBehaviour | None = None,
        api_keys: tuple[str, ...] = (API_KEY,),
        keep_audio: bool = True,
        seed: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.service = Service(
            api_keys=api_keys,
            transcriber=transcriber or Script(script),
            synthesise=synthesise,
            clock=clock or WallClock(),
            delays=delays or Delays(),
            realtime=realtime or RealtimeBehaviour(),
            speech=speech or SpeechBehaviour(),
            keep_audio=keep_audio,
            dice=random.Random(seed),
        )
        self.api_key = api_keys[0]
        self._host = host
        self._port = port

    @property
    def base_url(self) -> str:
        """For HTTP; the socket's URL has `ws` for `http`, as the official client derives it."""
        return f"http://{self._host}:{self._port}"

    @property
    def record(self) -> Record:
        return self.service.record

    @property
    def realtime_faults(self) -> Plan[RealtimeFault]:
        return self.service.realtime_faults

    @property
    def speech_faults(self) -> Plan[SpeechFault]:
        return self.service.speech_faults

    @property
    def batch_faults(self) -> Plan[SpeechFault]:
        """Refuse and LateHeaders for whole-file transcription; the other faults do nothing there."""
        return self.service.batch_faults

    @property
    def sockets(self) -> list[RealtimeSocket]:
        """The realtime sockets that are open now, oldest first; each can `fail`, `drop` and `push` on demand."""
        return sorted(self.service.sockets, key=lambda socket: socket.connection.number)

    async def __aenter__(self) -> "ElevenLabsEmulator":
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for socket in self.sockets:
            abort(socket.request)
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[_problems], client_max_size=64 * 1024 * 1024)
        service = self.service
        application[SERVICE] = service
        application[SLOTS] = Slots(service.clock, service.speech.max_concurrent, service.speech.queue_ms / 1000)
        application.add_routes(ROUTES)
        return application


async def _served_record(request: web.Request) -> web.Response:
    return web.json_response(request.app[SERVICE].record.summary())


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ProblemRaised as raised:
        request.app[SERVICE].record.refusals.append((request.path, raised.problem.status))
        return web.json_response(raised.problem.body, status=raised.problem.status)


ROUTES = [
    web.get("/v1/speech-to-text/realtime", realtime),
    web.post("/v1/speech-to-text", batch),
    web.post("/v1/text-to-speech/{voice_id}", speech),
    web.post("/v1/text-to-speech/{voice_id}/stream", speech),
    web.post("/v1/text-to-speech/{voice_id}/with-timestamps", speech),
    web.post("/v1/text-to-speech/{voice_id}/stream/with-timestamps", speech),
    web.get("/v1/text-to-speech/{voice_id}/stream-input", stream_input),
    web.post("/v1/single-use-token/{token_type}", account.token),
    web.get("/v1/user/subscription", account.subscription),
    web.get("/v1/voices", account.voices),
    web.get("/v1/models", account.models),
    web.get("/emulator/record", _served_record),
]
