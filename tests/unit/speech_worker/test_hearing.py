import numpy as np

from speech_worker import g711
from speech_worker.hearing import STALL_SECONDS, AudioOver, Began, Heard, Hearing, MayBeOver
from speech_worker.segmenter import Timing

FRAME = g711.encode(np.full(160, 1000, np.int16))


class Ear:
    """A call heard with given probabilities, 20 ms frames and 32 ms windows."""

    def __init__(self, first_frame: int = 1) -> None:
        self.heard: list[Heard] = []
        self.hearing = Hearing("c1", timing=Timing(), language="ru", first_frame=first_frame, tell=self.heard.append)
        self.frame = first_frame
        self.now = 100.0

    def hear(self, seconds: float, probability: float) -> None:
        for _ in range(round(seconds * 50)):
            self.now += 0.02
            self.hearing.frame(self.frame, FRAME, self.now)
            self.frame += 1
            while (window := self.hearing.audio.window()) is not None:
                self.hearing.judged(window[0] - 32, window[0], probability)


def test_an_utterance_has_its_look_back_and_all_that_follows() -> None:
    ear = Ear()
    ear.hear(1.0, 0.0)
    ear.hear(0.64, 0.9)
    ear.hear(1.0, 0.0)
    began, may_be_over = ear.heard
    assert isinstance(began, Began)
    assert isinstance(may_be_over, MayBeOver)
    utterance = began.utterance
    assert utterance.utterance_id == f"u{began.onset.started_ms}"
    assert utterance.first_ms == began.onset.started_ms - 300
    endpoint = utterance.endpoint
    assert endpoint is not None
    assert abs(endpoint.ended_ms - 1640) <= 32
    assert 0 <= utterance.end_ms - endpoint.decided_ms < 20
    assert np.all(utterance.pcm() == utterance.pcm()[0])


def test_a_call_that_ends_in_mid_sentence_ends_the_utterance() -> None:
    ear = Ear()
    ear.hear(0.5, 0.9)
    ear.hearing.finish("hangup")
    ear.hearing.finish("hangup")
    began, over = ear.heard
    assert isinstance(began, Began)
    assert began.utterance.endpoint is not None
    assert began.utterance.endpoint.reason == "call_over"
    assert over == AudioOver("hangup")


def test_a_call_that_ends_in_silence_is_just_over() -> None:
    ear = Ear()
    ear.hear(0.5, 0.0)
    ear.hearing.finish("hangup")
    assert ear.heard == [AudioOver("hangup")]


def test_endpointing_of_the_dialog_applies_to_the_open_utterance() -> None:
    ear = Ear()
    ear.hear(0.5, 0.9)
    ear.hearing.end_after(1000)
    ear.hear(0.9, 0.0)
    assert isinstance(ear.heard[0], Began)
    assert not ear.heard[0].utterance.ended
    ear.hear(0.2, 0.0)
    assert ear.heard[0].utterance.ended


def test_audio_that_stops_ends_the_utterance() -> None:
    ear = Ear()
    ear.hear(0.5, 0.9)
    ear.hearing.check_stall(ear.now + STALL_SECONDS - 0.1)
    (began,) = ear.heard
    assert isinstance(began, Began)
    assert not began.utterance.ended
    ear.hearing.check_stall(ear.now + STALL_SECONDS)
    assert began.utterance.endpoint is not None
    assert began.utterance.endpoint.reason == "no_audio"
    ear.hear(0.5, 0.9)
    assert len(ear.heard) == 2, "what comes then is another utterance"


def test_a_successor_hears_on_from_the_middle() -> None:
    ear = Ear(first_frame=501)
    ear.hear(0.3, 0.9)
    assert isinstance(ear.heard[0], Began)
    assert ear.heard[0].onset.started_ms == 10_000
    assert ear.heard[0].utterance.first_ms == 10_000
