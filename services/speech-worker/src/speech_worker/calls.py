"""The calls of this worker: each is heard in a task of its own, and acknowledged at its end."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from callbus.delivery import Delivery
from callbus.events import CallEnded, CallStarted, SpeechFailed
from callbus.hop import Hop
from callbus.media import END_TTL_SECONDS
from callbus.secrets import SecretStore
from callbus.streams import Streams
from speech_worker.call_speech import CallSpeech
from speech_worker.ears import Ears
from speech_worker.hearing import Hearing
from speech_worker.listening import ListenKey
from speech_worker.ownership import Ownership
from speech_worker.publishing import Publisher
from speech_worker.recogniser import Recogniser
from speech_worker.segmenter import Timing

log = logging.getLogger(__name__)

_MOST_ATTEMPTS = 3


class Keeper(Protocol):
    """The consumer's side of a delivery."""

    async def ack(self, delivery: Delivery) -> None:
        """Acknowledge it."""

    def hold(self, delivery: Delivery) -> None:
        """Keep it as one's own."""

    def release(self, delivery: Delivery) -> None:
        """Let it come again."""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """How calls are heard; ``media_lost_seconds`` without a frame end a call's hearing."""

    language: str
    timing: Timing
    media_check_seconds: float = 10.0
    media_lost_seconds: float = 600.0
    end_grace_seconds: float = 2.0


class Calls:
    """Every call that this worker owns."""

    def __init__(
        self,
        redis: Redis,
        streams: Streams,
        hop: Hop,
        ears: Ears,
        recogniser: Recogniser,
        settings: CallSettings,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._redis = redis
        self._streams = streams
        self._hop = hop
        self._ears = ears
        self._recogniser = recogniser
        self._settings = settings
        self._tasks = tasks
        self._owned: dict[str, asyncio.Task[None]] = {}
        self._guards: set[asyncio.Task[None]] = set()

    async def take(self, delivery: Delivery, keeper: Keeper) -> None:
        """Begin to hear a call that started; make sure that one which ended has an end."""
        match delivery.message:
            case CallStarted(call_id=call_id) as call:
                keeper.hold(delivery)
                if call_id not in self._owned:
                    work = self._serve(call, delivery, keeper)
                    self._owned[call_id] = self._tasks.create_task(work, name=f"call:{call_id}")
            case CallEnded(call_id=call_id):
                await keeper.ack(delivery)
                guard = self._tasks.create_task(self._ensure_end(call_id), name=f"end:{call_id}")
                self._guards.add(guard)
                guard.add_done_callback(self._guards.discard)
            case _:
                await keeper.ack(delivery)

    def stop(self) -> None:
        """Leave all calls to a successor: they are not acknowledged, and what has no text yet is heard again."""
        for task in (*self._owned.values(), *self._guards):
            task.cancel()

    async def _serve(self, call: CallStarted, delivery: Delivery, keeper: Keeper) -> None:
        """The call's border: what goes wrong inside costs this call a new start, and the others nothing."""
        try:
            await self._hear(call, Ownership(self._redis, self._streams, self._hop, delivery))
        except Exception:
            log.exception("the call's speech failed (attempt %d)", delivery.attempts, extra={"call_id": call.call_id})
            await self._recover(delivery, keeper)
        finally:
            self._owned.pop(call.call_id, None)

    async def _recover(self, delivery: Delivery, keeper: Keeper) -> None:
        """Let the call come again, or, after several times, say that it cannot be heard."""
        keeper.release(delivery)
        if delivery.attempts < _MOST_ATTEMPTS:
            return
        failure = SpeechFailed(
            call_id=delivery.message.call_id,
            engine=self._recogniser.engine,
            meaning="bug",
            detail=f"the call cannot be heard after {delivery.attempts} attempts; see the worker's log",
        )
        try:
            await self._hop.commit([failure], acks=[delivery])
        except (RedisError, OSError) as error:
            log.warning("failure not published: %s", error, extra={"call_id": failure.call_id})

    async def _hear(self, call: CallStarted, ownership: Ownership) -> None:
        extra = {"call_id": call.call_id}
        publisher = Publisher(self._redis, self._streams, ownership)
        speech = CallSpeech(
            call,
            publisher,
            ListenKey(self._redis, self._streams),
            SecretStore(self._redis, self._streams),
            language=call.language or self._settings.language,
            endpointing_ms=self._settings.timing.endpointing_ms,
        )
        heard_frames = await ownership.heard_frames()
        hearing = Hearing(
            call.call_id,
            timing=self._settings.timing,
            language=call.language or self._settings.language,
            first_frame=heard_frames + 1,
            tell=speech.tell,
        )
        log.info("Hearing the call from %.1f s on, by %s", heard_frames / 50, self._recogniser.engine, extra=extra)
        self._ears.add(hearing)
        watch = self._tasks.create_task(self._watch_media(hearing, ownership), name=f"media-watch:{call.call_id}")
        try:
            reason = await speech.run(hearing, self._recogniser)
        finally:
            watch.cancel()
            self._ears.remove(hearing)
        await ownership.release()
        log.info("The call's audio is over (%s) after %.1f s", reason, hearing.audio.end_ms / 1000, extra=extra)

    async def _watch_media(self, hearing: Hearing, ownership: Ownership) -> None:
        """End the hearing of a call whose audio vanished without an end."""
        silent_seconds, last_frame = 0.0, -1
        while True:
            await asyncio.sleep(self._settings.media_check_seconds)
            if hearing.audio.next_frame != last_frame:
                silent_seconds, last_frame = 0.0, hearing.audio.next_frame
                continue
            silent_seconds += self._settings.media_check_seconds
            try:
                gone = not await ownership.audio_exists()
            except (RedisError, OSError):
                continue
            if gone or silent_seconds >= self._settings.media_lost_seconds:
                hearing.finish("media_lost")
                return

    async def _ensure_end(self, call_id: str) -> None:
        """A call that ended gets an end mark in its audio where the gateway could not write it any more."""
        stream = self._streams.media(call_id)
        await asyncio.sleep(self._settings.end_grace_seconds)
        try:
            newest: Any = await self._redis.xrevrange(stream, count=1)
            if newest and b"end" not in newest[0][1]:
                await self._redis.xadd(stream, {"end": "call_ended"}, nomkstream=True)
                await self._redis.expire(stream, END_TTL_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("end of the audio not marked: %s", error, extra={"call_id": call_id})
