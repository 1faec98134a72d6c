"""What the service answers to an order; pure."""

import hashlib

from callbus import Message
from callbus.commands import Play, Say, StopPlayback, StopSpeaking
from callbus.events import PlaybackFailed, PlaybackFinished, SpeechSynthesised
from tts_player.cache import Prompt, PromptFailed
from tts_player.fallback import ENGINE as PREPARED
from tts_player.store import Sound


def playback_id(call_id: str, say_id: str) -> str:
    """The same for the same Say, however often its hop is repeated."""
    digest = hashlib.sha256(f"{call_id}\n{say_id}".encode()).hexdigest()
    return f"pb-{digest[:24]}"


def spoken_by_engine(say: Say, prompt: Prompt) -> list[Message]:
    """Play what was made, and the record of who made it."""
    return [
        _play(say, prompt.sound, engine=prompt.engine, cached=prompt.cached),
        SpeechSynthesised(
            call_id=say.call_id,
            say_id=say.say_id,
            engine=prompt.engine,
            cached=prompt.cached,
            audio_ms=prompt.sound.audio_ms,
            first_byte_ms=prompt.first_byte_ms,
            total_ms=prompt.total_ms,
        ),
    ]


def spoken_by_apology(say: Say, apology: Sound, failure: PromptFailed) -> list[Message]:
    """Play what was made ahead in its place."""
    return [
        _play(say, apology, engine=PREPARED, cached=True),
        SpeechSynthesised(
            call_id=say.call_id,
            say_id=say.say_id,
            engine=PREPARED,
            cached=True,
            substitute=True,
            audio_ms=apology.audio_ms,
            first_byte_ms=0.0,
            total_ms=0.0,
            failure=str(failure),
        ),
    ]


def not_spoken(say: Say, reason: str) -> list[Message]:
    """Nothing can be played: the dialog hears it as it would from Asterisk."""
    failed = PlaybackFailed(
        call_id=say.call_id, playback_id=playback_id(say.call_id, say.say_id), say_id=say.say_id, reason=reason
    )
    return [failed]


def stopped(stop: StopSpeaking, dropped: list[Say]) -> list[Message]:
    """End what was dropped before it played, and stop what may be playing."""
    ended: list[Message] = [
        PlaybackFinished(
            call_id=say.call_id,
            playback_id=playback_id(say.call_id, say.say_id),
            say_id=say.say_id,
            outcome="stopped",
            played_ms=0.0,
        )
        for say in dropped
    ]
    if stop.say_id is None:
        return [*ended, StopPlayback(call_id=stop.call_id, playback_id=None)]
    if ended:
        return ended
    return [StopPlayback(call_id=stop.call_id, playback_id=playback_id(stop.call_id, stop.say_id))]


def _play(say: Say, sound: Sound, *, engine: str, cached: bool) -> Play:
    return Play(
        call_id=say.call_id,
        playback_id=playback_id(say.call_id, say.say_id),
        say_id=say.say_id,
        media=sound.name.media,
        audio_ms=sound.audio_ms,
        interruptible=say.interruptible,
        protected_ms=say.protected_ms,
        engine=engine,
        cached=cached,
    )
