import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from speech_worker import g711
from speech_worker.callaudio import CallAudio


def frame(number: int) -> bytes:
    """A frame whose samples all name its number."""
    return g711.encode(np.full(160, number * 64, np.int16))


def heard(number: int) -> int:
    return int(g711.decode(frame(number))[0])


def test_windows_of_32_ms_out_of_frames_of_20_ms() -> None:
    audio = CallAudio()
    ends = []
    for number in range(1, 9):
        audio.push(number, frame(number))
        while (window := audio.window()) is not None:
            ends.append(window[0])
            assert len(window[1]) == 256
    assert ends == [32, 64, 96, 128, 160]
    assert audio.end_ms == 160


def test_a_frame_that_comes_twice_is_dropped() -> None:
    audio = CallAudio()
    assert len(audio.push(1, frame(1))) == 160
    assert len(audio.push(1, frame(1))) == 0
    assert audio.next_frame == 2


def test_many_frames_at_once_are_as_many_frames() -> None:
    audio = CallAudio()
    assert len(audio.push(1, frame(1) + frame(2) + frame(3))) == 3 * 160
    assert audio.next_frame == 4
    assert audio.push(3, frame(3) + frame(4)).tolist() == [heard(4)] * 160
    assert len(audio.push(2, frame(2))) == 0
    assert len(audio.push(6, frame(6) + frame(7))) == 3 * 160
    assert audio.end_ms == 140


def test_half_a_frame_is_no_frame() -> None:
    audio = CallAudio()
    assert len(audio.push(1, frame(1)[:80])) == 0
    assert len(audio.push(1, frame(1) + b"\xff")) == 160


def test_missing_frames_are_silence() -> None:
    audio = CallAudio()
    audio.push(1, frame(1))
    gained = audio.push(4, frame(4))
    assert len(gained) == 3 * 160
    assert gained[:320].tolist() == [0] * 320
    assert audio.end_ms == 80


def test_a_long_hole_moves_the_time_line_without_minutes_of_silence() -> None:
    audio = CallAudio()
    audio.push(1, frame(1))
    assert len(audio.push(1001, frame(1))) == 101 * 160
    assert audio.end_ms == 1001 * 20
    window = audio.window()
    assert window is not None
    assert window[0] == 18_000 + 32


def test_a_successor_begins_in_the_middle() -> None:
    audio = CallAudio(first_frame=51)
    audio.push(51, frame(1))
    assert audio.end_ms == 1020
    audio.push(52, frame(2))
    window = audio.window()
    assert window is not None
    assert window[0] == 1032


def test_the_past_is_readable_as_far_as_it_is_kept() -> None:
    audio = CallAudio(kept_ms=100)
    for number in range(1, 101):
        audio.push(number, frame(number % 50))
        audio.window()
    assert audio.since(1980).tolist() == [heard(0)] * 160
    assert audio.since(1970)[:80].tolist() == [heard(49)] * 80
    assert audio.since(1990).tolist() == [heard(0)] * 80
    assert 100 * 8 <= len(audio.since(0)) < 1000 * 8


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_windows_are_the_time_line_cut_in_pieces(arrives: list[bool]) -> None:
    audio = CallAudio(kept_ms=10_000)
    gained = []
    windows = []
    for number, here in enumerate(arrives, start=1):
        if here:
            gained.append(audio.push(number, frame(number)))
        while (window := audio.window()) is not None:
            windows.append(window[1])
    line = np.concatenate(gained) if gained else np.empty(0, np.int16)
    whole = np.concatenate(windows) if windows else np.empty(0, np.int16)
    assert np.array_equal(whole, line[: len(whole)])
    assert len(line) - len(whole) < 256
    assert np.array_equal(audio.since(0), line)
