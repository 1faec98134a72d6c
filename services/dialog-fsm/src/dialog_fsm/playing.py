"""What the end and the beginning of playbacks do: silence is counted from the last word, and so is the leaving."""

from callbus.events import SpeechSynthesised
from dialog_fsm.flow import depart
from dialog_fsm.turn import Turn


def playback_started(turn: Turn, say_id: str) -> None:
    """The voice is heard: its end is awaited from now on."""
    for said in turn.state.outstanding:
        if said.say_id == say_id:
            said.started = True
            turn.expect_playback()


def synthesised(turn: Turn, event: SpeechSynthesised) -> None:
    """How long the words really are."""
    for said in turn.state.outstanding:
        if said.say_id == event.say_id and event.audio_ms > 0:
            said.expected_ms = event.audio_ms
            turn.expect_playback()


def playback_ended(turn: Turn, say_id: str, *, stopped: bool) -> None:
    """Words were played, stopped, or could not be played; what was given up already is nobody's any more."""
    state = turn.state
    rest = [said for said in state.outstanding if said.say_id != say_id]
    if len(rest) == len(state.outstanding):
        return
    state.outstanding = rest
    if stopped:
        # The caller spoke over it: what was to follow is not wanted either.
        state.interrupted = True
        if any(said.interruptible for said in rest):
            turn.stop_speaking("barge_in")
    silent(turn)


def silent(turn: Turn) -> None:
    """When nothing plays any more, wait for the caller, or leave."""
    if turn.state.outstanding:
        return
    turn.disarm("playback")
    if turn.state.phase == "leaving":
        depart(turn)
    else:
        turn.await_input()
