import base64
import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from speech_worker import g711
from speech_worker.scribe import ScribeStream, ScribeTiming
from speech_worker.scribe_errors import Problem
from speech_worker.scribe_parts import Recognition
from speech_worker.segmenter import Endpoint
from speech_worker.utterance import Utterance

TIMING = ScribeTiming()
SECOND = 8000


def tone(seconds: float) -> NDArray[np.int16]:
    return np.full(int(seconds * SECOND), 1000, np.int16)


class Speech:
    """An utterance in a stream's hands, with what was delivered of it."""

    def __init__(self, stream: ScribeStream, seconds: float = 0.0, name: str = "u0") -> None:
        self.utterance = Utterance(name, language="en")
        self.finals: list[str] = []
        self.partials: list[str] = []
        self.recognition = Recognition(self.utterance, self.finals.append, self.partials.append)
        stream.begin(self.recognition)
        self.say(seconds)

    def say(self, seconds: float) -> None:
        self.utterance.append(tone(seconds))

    def end(self) -> None:
        self.utterance.end(Endpoint(0, 0, 0, "silence"))


def frame(message_type: str, **fields: Any) -> str:
    return json.dumps({"message_type": message_type, **fields})


def committed(text: str) -> str:
    return frame("committed_transcript", text=text)


def started(timing: ScribeTiming = TIMING) -> ScribeStream:
    stream = ScribeStream("ulaw_8000", timing)
    stream.connected(0.0)
    stream.received(frame("session_started"), 0.0)
    return stream


def sent(messages: list[str]) -> tuple[float, int]:
    """Seconds of audio and number of commits in messages."""
    parsed = [json.loads(message) for message in messages]
    seconds = sum(len(base64.b64decode(one["audio_base_64"])) for one in parsed) / SECOND
    return seconds, sum(one["commit"] for one in parsed)


def test_nothing_is_sent_before_the_session_began() -> None:
    stream = ScribeStream("ulaw_8000")
    stream.connected(0.0)
    Speech(stream, 1.0)
    assert stream.outgoing(0.1) == []
    stream.received(frame("session_started", session_id="s", config={}), 0.2)
    assert sent(stream.outgoing(0.2)) == (1.0, 0)


def test_an_utterance_is_sent_as_it_grows_and_committed_at_its_end() -> None:
    stream = started()
    speech = Speech(stream)
    speech.say(0.02)
    assert stream.outgoing(1.0) == []
    speech.say(0.02)
    assert sent(stream.outgoing(1.0)) == (0.04, 0)
    speech.say(0.99)
    speech.end()
    assert sent(stream.outgoing(2.0)) == (0.99, 1)
    stream.received(committed(" Hello there. "), 2.3)
    assert speech.finals == ["Hello there."]
    assert stream.idle


def test_the_messages_are_as_documented() -> None:
    stream = started()
    speech = Speech(stream, 0.04)
    (message,) = stream.outgoing(1.0)
    audio = base64.b64encode(g711.encode(tone(0.04))).decode()
    assert json.loads(message) == {
        "message_type": "input_audio_chunk",
        "audio_base_64": audio,
        "commit": False,
        "sample_rate": 8000,
    }
    assert not speech.finals


def test_wideband_is_twice_the_samples() -> None:
    stream = ScribeStream("pcm_16000")
    stream.connected(0.0)
    stream.received(frame("session_started"), 0.0)
    Speech(stream, 0.04)
    (message,) = stream.outgoing(1.0)
    parsed = json.loads(message)
    assert parsed["sample_rate"] == 16000
    assert len(base64.b64decode(parsed["audio_base_64"])) == 16000 * 2 * 4 // 100


def test_a_short_word_is_padded() -> None:
    stream = started()
    speech = Speech(stream, 0.2)
    speech.end()
    seconds, commits = sent(stream.outgoing(1.0))
    assert seconds == pytest.approx(0.35)
    assert commits == 1


def test_keep_alive_is_real_silence() -> None:
    stream = started()
    assert stream.outgoing(4.9) == []
    assert stream.due_at() == 5.0
    (message,) = stream.outgoing(5.0)
    assert base64.b64decode(json.loads(message)["audio_base_64"]) == bytes([g711.SILENCE]) * 160
    assert stream.outgoing(5.1) == []
    assert stream.due_at() == 10.0


def test_after_a_lost_connection_all_without_an_answer_is_sent_again() -> None:
    stream = started()
    first = Speech(stream, 1.0)
    stream.outgoing(1.0)
    first.end()
    stream.outgoing(1.1)
    second = Speech(stream, 2.0, "u1")
    assert sent(stream.outgoing(1.2)) == (2.0, 0)
    stream.connected(2.0)
    assert stream.outgoing(2.0) == []
    stream.received(frame("session_started"), 2.1)
    assert sent(stream.outgoing(2.1)) == (3.0, 1)
    stream.received(committed("one"), 2.4)
    second.end()
    assert sent(stream.outgoing(2.5)) == (0.0, 1)
    stream.received(committed("two"), 2.8)
    assert (first.finals, second.finals) == (["one"], ["two"])


def test_what_was_answered_is_not_sent_again() -> None:
    stream = started()
    speech = Speech(stream, 1.0)
    speech.end()
    stream.outgoing(1.0)
    stream.received(committed("one"), 1.3)
    stream.connected(2.0)
    stream.received(frame("session_started"), 2.0)
    assert stream.outgoing(2.0) == []


def test_a_long_utterance_is_committed_before_the_vendor_does_it() -> None:
    stream = started()
    speech = Speech(stream)
    commits = 0
    for second in range(60):
        speech.say(1.0)
        commits += sent(stream.outgoing(float(second)))[1]
        if commits and not stream.answers:
            stream.received(committed("first"), float(second))
    assert commits == 2
    speech.end()
    assert sent(stream.outgoing(61.0))[1] == 1
    stream.received(committed("second"), 61.2)
    assert speech.finals == []
    stream.received(committed("third"), 61.4)
    assert speech.finals == ["first second third"]


def test_a_pause_is_the_better_place_to_cut() -> None:
    stream = started()
    speech = Speech(stream, 16.0)
    assert sent(stream.outgoing(1.0)) == (16.0, 0)
    speech.utterance.pause()
    assert sent(stream.outgoing(1.1)) == (0.0, 1)
    speech.say(0.3)
    stream.received(committed("all of it"), 1.4)
    stream.outgoing(1.4)
    assert speech.finals == []
    speech.end()
    assert sent(stream.outgoing(1.5)) == (0.0, 0), "the silence since the cut is no part of its own"
    assert speech.finals == ["all of it"]


def test_the_caller_went_on_after_the_cut() -> None:
    stream = started()
    speech = Speech(stream, 16.0)
    speech.utterance.pause()
    assert sent(stream.outgoing(1.0)) == (16.0, 1)
    speech.utterance.resume()
    speech.say(1.0)
    speech.end()
    assert sent(stream.outgoing(2.0)) == (1.0, 1)
    stream.received(committed("one"), 2.1)
    stream.received(committed("two"), 2.2)
    assert speech.finals == ["one two"]


def test_the_end_comes_before_the_answer_to_the_cut() -> None:
    stream = started()
    speech = Speech(stream, 16.0)
    speech.utterance.pause()
    stream.outgoing(1.0)
    speech.end()
    stream.outgoing(1.1)
    stream.received(committed("one"), 1.2)
    assert speech.finals == ["one"]
    assert stream.idle


def test_echoed_stale_and_empty_partials_are_dropped() -> None:
    stream = started()
    speech = Speech(stream, 3.0)
    stream.outgoing(1.0)
    for text in ("Hi", "Hi", "", "Hi there", "Hi there"):
        stream.received(frame("partial_transcript", text=text), 1.1)
    assert speech.partials == ["Hi", "Hi there"]
    speech.end()
    stream.outgoing(1.2)
    stream.received(committed("Hi there."), 1.5)
    stream.received(frame("partial_transcript", text="Hi there."), 1.5)
    following = Speech(stream, 1.0, "u1")
    stream.outgoing(1.6)
    stream.received(frame("partial_transcript", text="Hi there."), 1.7)
    assert following.partials == []


def test_a_partial_without_an_utterance_is_dropped() -> None:
    stream = started()
    assert stream.received(frame("partial_transcript", text="ghost"), 1.0) is None


def test_partials_of_a_later_part_hold_the_parts_before() -> None:
    stream = started()
    speech = Speech(stream, 26.0)
    stream.outgoing(1.0)
    stream.received(committed("one"), 1.1)
    speech.say(1.0)
    stream.outgoing(1.2)
    stream.received(frame("partial_transcript", text="two"), 1.3)
    assert speech.partials == ["one two"]


def test_an_empty_answer_waits_for_a_better_one() -> None:
    stream = started()
    speech = Speech(stream, 1.0)
    speech.end()
    stream.outgoing(1.0)
    stream.received(committed(""), 1.1)
    assert speech.finals == []
    stream.received(committed("yes"), 1.3)
    assert speech.finals == ["yes"]


def test_an_empty_answer_is_taken_after_a_while() -> None:
    stream = started()
    speech = Speech(stream, 1.0)
    speech.end()
    stream.outgoing(1.0)
    stream.received(committed(""), 1.1)
    assert stream.due_at() == pytest.approx(1.6)
    assert stream.overdue(1.59) is None
    assert speech.finals == []
    assert stream.overdue(1.6) is None
    assert speech.finals == [""]


def test_commits_that_nobody_asked_for() -> None:
    stream = started()
    stream.received(committed(""), 1.0)
    stream.received(committed("ghost"), 1.0)
    speech = Speech(stream, 5.0)
    stream.outgoing(2.0)
    stream.received(committed("by itself"), 2.1)
    stream.received(committed(""), 2.1)
    speech.say(1.0)
    speech.end()
    stream.outgoing(3.0)
    stream.received(committed("and the rest"), 3.3)
    assert speech.finals == ["by itself and the rest"]


def test_a_final_that_comes_twice_is_heard_once() -> None:
    stream = started()
    speech = Speech(stream, 2.0)
    speech.end()
    stream.outgoing(1.0)
    stream.received(committed("yes"), 1.1)
    following = Speech(stream, 2.0, "u1")
    stream.outgoing(1.2)
    stream.received(committed("yes"), 1.3)
    following.end()
    stream.outgoing(1.4)
    stream.received(committed("no"), 1.5)
    assert (speech.finals, following.finals) == (["yes"], ["no"])


def test_the_second_transcript_with_time_stamps_is_ignored() -> None:
    stream = started()
    speech = Speech(stream, 1.0)
    speech.end()
    stream.outgoing(1.0)
    stream.received(frame("committed_transcript_with_timestamps", text="yes", words=None), 1.1)
    stream.received(committed("yes"), 1.1)
    assert speech.finals == ["yes"]


def test_a_commit_without_an_answer_is_a_broken_connection() -> None:
    stream = started()
    Speech(stream, 1.0).end()
    stream.outgoing(1.0)
    due = stream.due_at()
    assert due == pytest.approx(3.6)
    assert stream.overdue(due - 0.01) is None
    problem = stream.overdue(due)
    assert isinstance(problem, Problem)
    assert problem.remedy == "reconnect"


def test_a_throttled_commit_is_padded_more_the_next_time() -> None:
    stream = started()
    Speech(stream, 0.2).end()
    stream.outgoing(1.0)
    problem = stream.received(frame("commit_throttled", error="only 0.20s of uncommitted audio"), 1.1)
    assert isinstance(problem, Problem)
    assert (problem.rule.meaning, problem.remedy) == ("bug", "reconnect")
    stream.connected(1.2)
    stream.received(frame("session_started"), 1.2)
    seconds, commits = sent(stream.outgoing(1.2))
    assert seconds == pytest.approx(0.65)
    assert commits == 1


def test_an_abandoned_utterance_taints_no_other() -> None:
    stream = started()
    given_up = Speech(stream, 1.0)
    stream.outgoing(1.0)
    stream.abandon(given_up.recognition)
    following = Speech(stream, 1.0, "u1")
    following.end()
    assert sent(stream.outgoing(1.1)) == (1.0, 2)
    stream.received(committed("nobody waits"), 1.2)
    stream.received(committed("mine"), 1.3)
    assert (given_up.finals, following.finals) == ([], ["mine"])


def test_an_abandoned_utterance_is_not_sent_again() -> None:
    stream = started()
    given_up = Speech(stream, 1.0)
    stream.outgoing(1.0)
    stream.abandon(given_up.recognition)
    stream.connected(2.0)
    assert stream.idle


@pytest.mark.parametrize(
    "raw", ["", "no json", "[]", "null", '{"message_type": "warning", "warning": "x"}', b"\xff", "{}"]
)
def test_frames_that_are_not_known_are_ignored(raw: str | bytes) -> None:
    assert started().received(raw, 1.0) is None


def test_errors_are_problems_with_their_text() -> None:
    problem = started().received(frame("quota_exceeded", error="No credits"), 1.0)
    assert problem == Problem(problem.rule, "quota_exceeded: No credits") if problem else False
    assert problem is not None
    assert (problem.rule.meaning, problem.remedy) == ("quota", "give_up")
