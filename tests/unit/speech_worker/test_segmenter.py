from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from speech_worker.segmenter import Endpoint, Onset, Paused, Resumed, Segmenter, SpeechEvent, Timing

WINDOW_MS = 32
TIMING = Timing(sure_probability=1.0)


def hear(segmenter: Segmenter, probabilities: Iterable[float], start_ms: int = 0) -> list[SpeechEvent]:
    found = []
    for index, probability in enumerate(probabilities):
        at = start_ms + index * WINDOW_MS
        event = segmenter.window(at, at + WINDOW_MS, probability)
        if event is not None:
            found.append(event)
    return found


def words(*spans: tuple[int, float]) -> list[float]:
    """Probabilities of windows: (how many, how likely)."""
    return [probability for count, probability in spans for _ in range(count)]


def test_an_utterance_from_onset_to_endpoint() -> None:
    events = hear(Segmenter(TIMING), words((20, 0.0), (10, 0.9), (20, 0.1)))
    assert events == [
        Onset(started_ms=640, from_ms=340, decided_ms=704),
        Paused(ended_ms=960, decided_ms=1184),
        Endpoint(started_ms=640, ended_ms=960, decided_ms=1472, reason="silence"),
    ]


def test_a_click_is_no_onset() -> None:
    assert hear(Segmenter(TIMING), words((5, 0.0), (1, 0.9), (5, 0.0), (1, 0.9), (9, 0.2))) == []


def test_a_window_that_is_sure_needs_no_second() -> None:
    assert hear(Segmenter(Timing()), words((5, 0.0), (1, 0.7))) == [Onset(started_ms=160, from_ms=0, decided_ms=192)]


def test_hysteresis_keeps_a_fading_voice() -> None:
    events = hear(Segmenter(TIMING), words((3, 0.9), (40, 0.4)))
    assert [type(event) for event in events] == [Onset]


def test_the_weaker_threshold_does_not_begin_an_utterance() -> None:
    assert hear(Segmenter(TIMING), words((40, 0.45))) == []


def test_a_pause_that_was_none() -> None:
    events = hear(Segmenter(TIMING), words((4, 0.9), (8, 0.0), (4, 0.9), (17, 0.0)))
    assert [type(event) for event in events] == [Onset, Paused, Resumed, Paused, Endpoint]
    assert events[-1] == Endpoint(started_ms=0, ended_ms=512, decided_ms=1024, reason="silence")


def test_endpointing_can_be_changed_while_the_caller_pauses() -> None:
    segmenter = Segmenter(TIMING)
    hear(segmenter, words((4, 0.9), (8, 0.0)))
    segmenter.end_after(1000)
    events = hear(segmenter, words((30, 0.0)), start_ms=12 * WINDOW_MS)
    assert events == [Endpoint(started_ms=0, ended_ms=128, decided_ms=1152, reason="silence")]


def test_look_back_never_reaches_into_the_utterance_before() -> None:
    segmenter = Segmenter(replace(TIMING, endpointing_ms=100))
    events = hear(segmenter, words((4, 0.9), (4, 0.0), (4, 0.9)))
    assert events[1] == Endpoint(started_ms=0, ended_ms=128, decided_ms=256, reason="silence")
    assert events[2] == Onset(started_ms=256, from_ms=128 + TIMING.tail_ms, decided_ms=320)


def test_an_endless_utterance_is_cut_without_a_hole() -> None:
    segmenter = Segmenter(replace(TIMING, max_utterance_ms=320))
    first, cut, second = hear(segmenter, words((13, 0.9)))
    assert isinstance(first, Onset)
    assert isinstance(cut, Endpoint)
    assert cut.reason == "too_long"
    assert isinstance(second, Onset)
    assert second.from_ms == cut.decided_ms


def test_the_end_of_the_call_closes_the_utterance() -> None:
    segmenter = Segmenter(TIMING)
    hear(segmenter, words((4, 0.9)))
    assert segmenter.finish(140, "call_over") == Endpoint(
        started_ms=0, ended_ms=128, decided_ms=140, reason="call_over"
    )
    assert segmenter.finish(140, "call_over") is None


def test_a_hole_in_the_audio_does_not_join_two_clicks() -> None:
    segmenter = Segmenter(TIMING)
    assert segmenter.window(0, 32, 0.9) is None
    assert segmenter.window(5000, 5032, 0.9) is None
    assert segmenter.window(5032, 5064, 0.9) == Onset(started_ms=5000, from_ms=4700, decided_ms=5064)


@given(st.lists(st.floats(0, 1), max_size=300), st.integers(64, 2000))
def test_events_alternate_and_positions_never_go_back(probabilities: list[float], endpointing_ms: int) -> None:
    segmenter = Segmenter(replace(TIMING, endpointing_ms=endpointing_ms, max_utterance_ms=2000))
    events = hear(segmenter, probabilities)
    last = segmenter.finish(len(probabilities) * WINDOW_MS, "call_over")
    events += [last] if last else []
    opened = [event for event in events if isinstance(event, Onset | Endpoint)]
    assert all(isinstance(event, Onset) == (index % 2 == 0) for index, event in enumerate(opened))
    assert len(opened) % 2 == 0
    decided = [event.decided_ms for event in events]
    assert decided == sorted(decided)
    for onset, end in zip(opened[::2], opened[1::2], strict=True):
        assert isinstance(onset, Onset)
        assert isinstance(end, Endpoint)
        assert 0 <= onset.from_ms <= onset.started_ms == end.started_ms < end.ended_ms <= end.decided_ms
