"""Following one live call: bus messages and the caller's ear together become the lines that are shown."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from callbus import Message
from callbus.commands import Play
from callbus.events import CallEnded, CallStarted, FinalTranscript, PlaybackFinished, PlaybackStarted
from demo.conversation import Conversation
from demo.words import Line, Note
from simcaller import CallError, SipCall
from simcaller.measure import voicing

# A prompt begins to sound within this after Asterisk began to play it.
AUDIBLE_WITHIN_SECONDS = 2.0
WORD_GAP_MS = 60.0

Show = Callable[[Sequence[Line]], None]


@dataclass(slots=True)
class Watch:
    """Shows the call of `call` as it goes; `conversation` is what was seen so far."""

    call: SipCall
    show: Show
    conversation: Conversation = field(default_factory=Conversation)
    call_id: str = ""
    _played_at: dict[str, float] = field(default_factory=dict)
    _silent_since: float = 0.0

    async def run(self, messages: AsyncIterator[Message]) -> None:
        """Until the end of the call is on the bus; cancelling it is the only other way out."""
        async for message in messages:
            if isinstance(message, CallStarted) and message.sip_call_id == self.call.call_id:
                self.call_id = message.call_id
            if self.call_id and message.call_id == self.call_id:
                await self._take(message)
            if isinstance(message, CallEnded) and message.call_id == self.call_id:
                return

    async def _take(self, message: Message) -> None:
        self.show(self.conversation.take(message, caller_ended_at=self._caller_ended_at(message)))
        match message:
            case Play():
                self._played_at[message.say_id] = message.at
            case PlaybackFinished():
                self._silent_since = message.at
            case PlaybackStarted():
                await self._wait_audible(message)
            case _:
                return

    def _caller_ended_at(self, message: Message) -> float | None:
        """The end of the caller's sound that the message is about; for the start of the call the answer."""
        if isinstance(message, CallStarted):
            answered = self.call.answered
            return answered.result() if answered.done() and not answered.exception() else None
        ends = [spurt.ended_at for spurt in voicing(self.call.sent).spurts(WORD_GAP_MS)]
        if isinstance(message, FinalTranscript):
            # The caller may speak on while the words before are recognised.
            claimed_at = message.at - (message.recogniser_ms + message.endpointing_ms) / 1000
            return min(ends, key=lambda end: abs(end - claimed_at), default=None)
        return max((end for end in ends if end <= message.at), default=None)

    async def _wait_audible(self, started: PlaybackStarted) -> None:
        since = max(self._played_at.get(started.say_id, started.at), self._silent_since)
        try:
            await self.call.wait_bot_speech(since=since, timeout_seconds=AUDIBLE_WITHIN_SECONDS)
        except CallError:
            self.show([Note(started.at, "the caller heard nothing of what was played")])
            return
        heard_at = voicing(self.call.received).first_after(since)
        assert heard_at is not None
        self.show(self.conversation.audible(started.say_id, heard_at))
