"""One call from its first ring to its end: the caller follows a story, the watcher shows it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from callbus import Message
from demo.story import Move, Story
from demo.watch import Watch
from demo.words import Note, Spoken
from simcaller import CallError
from simcaller.script import Caller, InterruptAfter, Press, Turn, WaitForBotToFinish

ANSWER_WITHIN_SECONDS = 15.0
HANGS_UP_WITHIN_SECONDS = 20.0
PATIENT = WaitForBotToFinish(silence_ms=400.0, timeout_seconds=20.0)
INTERRUPTING = InterruptAfter(600, timeout_seconds=20.0)
# A person says a sentence that was not understood so often.
TRIES = 3
# The bus tells the end of a call a moment after the caller hears it.
AFTERMATH_SECONDS = 10.0


@dataclass(slots=True)
class Scene:
    """A caller who follows a story, and says again what was not understood."""

    story: Story
    caller: Caller
    watch: Watch

    async def play(self, messages: AsyncIterator[Message]) -> str:
        """Hold the conversation; returns what kept the caller from it, or nothing."""
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self.watch.run(messages), name="watch")
            trouble = await self._call()
            await self.watch.call.hang_up()
            await asyncio.wait([watching], timeout=AFTERMATH_SECONDS)
            watching.cancel()
        return trouble

    async def _call(self) -> str:
        call = self.watch.call
        await asyncio.wait([call.answered], timeout=ANSWER_WITHIN_SECONDS)
        if not call.answered.done():
            return f"the call was not answered within {ANSWER_WITHIN_SECONDS:.0f} s"
        try:
            await call.answered
            await self._converse()
            await call.wait_hang_up(timeout_seconds=HANGS_UP_WITHIN_SECONDS)
        except CallError as error:
            return str(error)
        except TimeoutError:
            return f"the bot did not hang up within {HANGS_UP_WITHIN_SECONDS:.0f} s after the caller's last words"
        return ""

    async def _converse(self) -> None:
        moves = self.story.moves
        for move, following in zip(moves, (*moves[1:], None), strict=True):
            await self._until_understood(move, listens=following is None or not following.interrupts)

    async def _until_understood(self, move: Move, *, listens: bool) -> None:
        opening = INTERRUPTING if move.interrupts else PATIENT
        for _ in range(TRIES):
            says_before = len(self.watch.conversation.says)
            await self.caller.run(self.watch.call, [opening, move.step], spoken=self._show)
            if isinstance(move.step, Press):
                self.watch.show([Note(self.watch.call.caller_last_voiced_at(), f"the caller keys {move.step.digits}")])
            if not listens:
                return
            await self.caller.run(self.watch.call, [PATIENT])
            if not self._asked_again(says_before):
                return
            opening = PATIENT

    def _asked_again(self, says_before: int) -> bool:
        answers = list(self.watch.conversation.says.values())[says_before:]
        return any(say.text in self.story.misunderstandings for say in answers)

    def _show(self, turn: Turn) -> None:
        spoken = Spoken("caller", turn.began_at, turn.text)
        self.watch.conversation.spoken.append(spoken)
        self.watch.show([spoken])
