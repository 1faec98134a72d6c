"""ElevenLabs' voices over HTTP streaming (``/v1/text-to-speech/{voice_id}/stream``)."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

import aiohttp

from tts_player.elevenlabs_errors import ENGINE, classify
from tts_player.voice import (
    EngineBug,
    EngineUnavailable,
    RateLimited,
    Rendition,
    TextRejected,
    base_language,
    whole_samples,
)

log = logging.getLogger(__name__)

DEFAULT_URL = "https://api.elevenlabs.io"
DEFAULT_MODEL = "eleven_flash_v2_5"
OUTPUT_FORMAT = "pcm_16000"
LONGEST_TEXT = 5000
LONGEST_ERROR_BODY = 64 * 1024
# Models that take no language_code.
_GUESS_LANGUAGE = frozenset({"eleven_multilingual_v2", "eleven_monolingual_v1", "eleven_flash_v2", "eleven_turbo_v2"})
_VOICE_ID = re.compile(r"[A-Za-z0-9]{20}")

IDLE_SECONDS = 60.0

Sleep = Callable[[float], Awaitable[None]]


class ConnectionWasStale(EngineUnavailable):
    """A connection kept open had been closed by the other side, which shows only on use."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller may be kept waiting by each part of a request, in seconds."""

    connect_seconds: float = 1.5
    first_byte_seconds: float = 2.5
    next_byte_seconds: float = 1.5
    tries: int = 3
    back_off_seconds: float = 0.15
    """Before the second try; doubles with each. A ``Retry-After`` beyond ``longest_wait_seconds`` is not waited for."""
    longest_wait_seconds: float = 1.0

    def wait_seconds(self, attempt: int, error: "RateLimited | ConnectionWasStale") -> float | None:
        """How long to wait after this attempt (from 1); None when it was the last one."""
        if isinstance(error, ConnectionWasStale):
            return 0.0 if attempt == 1 else None
        wanted = error.retry_after_seconds or self.back_off_seconds * 2 ** (attempt - 1)
        return wanted if attempt < self.tries and wanted <= self.longest_wait_seconds else None


@dataclass(frozen=True, slots=True)
class ElevenLabsOptions:
    """One account, its model, its voice per language and the settings of the voices."""

    api_key: str = field(repr=False)
    voices: Mapping[str, str]
    base_url: str = DEFAULT_URL
    model: str = DEFAULT_MODEL
    voice_settings: Mapping[str, float] = field(default_factory=dict)
    concurrency: int = 4
    patience: Patience = Patience()


class ElevenLabsVoice:
    """A :class:`tts_player.voice.Voice`; connections are kept open between sentences."""

    engine = ENGINE

    def __init__(self, options: ElevenLabsOptions, *, sleep: Sleep = asyncio.sleep) -> None:
        self._options = options
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        self.concurrency = options.concurrency

    def rendition(self, language: str, voice: str | None) -> Rendition:
        """``voice`` where it is an ElevenLabs voice id, else the language's default, else any default."""
        language = base_language(language)
        defaults = self._options.voices
        default = defaults.get(language) or next(iter(defaults.values()))
        chosen = voice if voice and _VOICE_ID.fullmatch(voice) else default
        settings = json.dumps(dict(self._options.voice_settings), sort_keys=True)
        return Rendition(ENGINE, self._options.model, chosen, language, settings)

    async def synthesise(self, text: str, rendition: Rendition) -> AsyncGenerator[bytes]:
        """See :class:`tts_player.voice.Voice`; a refusal that passes is waited out while that is short."""
        if len(text) > LONGEST_TEXT:
            raise TextRejected(ENGINE, f"the text has {len(text)} characters, {LONGEST_TEXT} are allowed")
        for attempt in range(1, self._options.patience.tries + 1):
            try:
                # Both errors come before the first sound, so nothing is spoken twice.
                async with aclosing(self._streamed(text, rendition)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except (RateLimited, ConnectionWasStale) as error:
                wait_seconds = self._options.patience.wait_seconds(attempt, error)
                if wait_seconds is None:
                    raise
                log.info("%s; trying again in %.2f s", error, wait_seconds)
            await self._sleep(wait_seconds)

    async def warm(self) -> None:
        """Open a connection, TLS included, so that the next sentence does not wait for it."""
        try:
            async with asyncio.timeout(self._options.patience.first_byte_seconds):
                async with self._client().head(self._options.base_url, allow_redirects=False) as answer:
                    await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("ElevenLabs at %s is not reachable (%s)", self._options.base_url, _cause(error))

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _streamed(self, text: str, rendition: Rendition) -> AsyncGenerator[bytes]:
        patience = self._options.patience
        try:
            async with await self._asked(text, rendition) as answer:
                await _check(answer)
                rest, piece_seconds = b"", patience.first_byte_seconds
                while chunk := await _next(answer, piece_seconds):
                    piece_seconds = patience.next_byte_seconds
                    samples, rest = whole_samples(rest, chunk)
                    if samples:
                        yield samples
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise EngineUnavailable(ENGINE, _cause(error)) from None
        if rest:
            raise EngineUnavailable(ENGINE, "the audio ended in the middle of a sample")

    async def _asked(self, text: str, rendition: Rendition) -> aiohttp.ClientResponse:
        """The answer once its headers are here."""
        patience = self._options.patience
        try:
            async with asyncio.timeout(patience.connect_seconds + patience.first_byte_seconds):
                return await self._client().post(
                    f"{self._options.base_url}/v1/text-to-speech/{rendition.voice}/stream",
                    params={"output_format": OUTPUT_FORMAT},
                    json=request_body(text, rendition),
                    headers={"xi-api-key": self._options.api_key},
                    # A redirect would carry the key to another host.
                    allow_redirects=False,
                )
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionResetError):
            raise ConnectionWasStale(ENGINE, "the connection was closed before an answer") from None

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._options.concurrency + 1, keepalive_timeout=IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self._options.patience.connect_seconds, sock_read=None
                ),
            )
        return self._session


async def _check(answer: aiohttp.ClientResponse) -> None:
    """Raise what an answer without audio stands for."""
    if answer.status != 200:
        raise classify(answer.status, answer.headers, await answer.content.read(LONGEST_ERROR_BODY))
    if answer.content_type.endswith("json"):
        raise EngineBug(ENGINE, f"answered with {answer.content_type} in place of audio")


async def _next(answer: aiohttp.ClientResponse, patience_seconds: float) -> bytes:
    # No time-out may span a yield: it would cancel whoever reads the generator.
    async with asyncio.timeout(patience_seconds):
        return await answer.content.readany()


def request_body(text: str, rendition: Rendition) -> dict[str, object]:
    body: dict[str, object] = {"text": text, "model_id": rendition.model}
    if rendition.model not in _GUESS_LANGUAGE:
        body["language_code"] = rendition.language
    if settings := json.loads(rendition.settings):
        body["voice_settings"] = settings
    return body


def _cause(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ClientPayloadError():
            return "the audio broke off"
        case aiohttp.ClientConnectorError():
            return "no connection"
        case _:
            return type(error).__name__
