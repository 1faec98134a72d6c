"""What was heard when."""

import numpy as np
import pytest

from simcaller import measure
from simcaller.audio import Pcm16, decode_mulaw, encode_mulaw
from simcaller.ear import Ear
from simcaller.media import Frame


def sound(*parts: tuple[float, int]) -> Pcm16:
    """Tones of (seconds, amplitude), one after another."""
    pieces = [
        amplitude * np.sin(2 * np.pi * 400 * np.arange(round(seconds * 8000)) / 8000) for seconds, amplitude in parts
    ]
    return np.concatenate(pieces).astype(np.int16)


def frames(samples: Pcm16, *, at: float = 0.0) -> list[Frame]:
    pcmu = encode_mulaw(samples)
    return [
        Frame(at + start / 8000, start // 160, start, 0, pcmu[start : start + 160])
        for start in range(0, len(pcmu), 160)
    ]


def test_first_and_last_voiced_5_ms_are_found_inside_a_packet() -> None:
    heard = measure.voicing(frames(sound((0.105, 0), (0.250, 8000), (0.245, 0)), at=50.0))

    assert heard.first_after(0.0) == pytest.approx(50.105)
    assert heard.last_before(100.0) == pytest.approx(50.355)


def test_what_is_quieter_than_the_threshold_is_silence() -> None:
    assert not measure.voiced_blocks(sound((0.1, 200))).any()
    assert measure.voiced_blocks(sound((0.1, 400))).all()


def test_nothing_heard_is_no_voice() -> None:
    heard = measure.voicing([])

    assert (heard.first_after(0.0), heard.last_before(1.0), heard.spurts()) == (None, None, [])


def test_keys_and_odd_packets_are_no_voice() -> None:
    odd = [Frame(0.0, 0, 0, 101, b"\x00" * 160), Frame(0.0, 0, 0, 0, b"\x00" * 80)]

    assert measure.voicing(odd).first_after(0.0) is None


def test_pauses_within_a_sentence_do_not_part_it() -> None:
    heard = measure.voicing(frames(sound((0.2, 8000), (0.2, 0), (0.2, 8000), (0.4, 0), (0.2, 8000))))

    spurts = heard.spurts(gap_ms=300)

    assert [(round(spurt.began_at, 3), round(spurt.ended_at, 3)) for spurt in spurts] == [(0.0, 0.6), (1.0, 1.2)]
    assert measure.gaps_ms(heard, longer_than_ms=300) == [pytest.approx(400)]
    assert measure.gaps_ms(heard) == [pytest.approx(200), pytest.approx(400)]


def test_an_answer_counts_from_the_end_of_the_callers_words() -> None:
    caller = measure.voicing(frames(sound((0.4, 8000), (2.0, 0), (0.4, 8000), (0.4, 0))))
    bot = measure.voicing(frames(sound((0.35, 0), (0.1, 8000), (0.1, 0), (0.1, 8000)), at=0.1))

    assert measure.answer_latencies_ms(caller, bot) == [pytest.approx(50, abs=0.01), None]


def test_a_bot_that_is_interrupted_stops_after_a_while() -> None:
    bot = measure.voicing(frames(sound((1.0, 8000), (1.0, 0), (1.0, 8000))))

    assert measure.silenced_after_ms(bot, 0.9) == pytest.approx(100)
    assert measure.silenced_after_ms(bot, 1.5) is None


def test_packets_that_arrive_out_of_order_count_in_the_order_of_time() -> None:
    heard = frames(sound((0.1, 8000)))

    assert np.all(np.diff(measure.voicing(heard[::-1]).times) > 0)


def test_a_clip_is_found_through_mulaw_and_another_loudness() -> None:
    noise = np.random.default_rng(1)
    clip = (4000 * noise.standard_normal(4000)).astype(np.int16)
    heard = np.concatenate([np.zeros(1234), clip * 0.5, np.zeros(999)]).astype(np.int16)

    match = measure.find_clip(clip, decode_mulaw(encode_mulaw(heard)))

    assert match.offset_ms == pytest.approx(1234 / 8)
    assert match.score > 0.99


def test_another_clip_is_not_found() -> None:
    noise = np.random.default_rng(2)
    clip, heard = (noise.standard_normal((2, 4000)) * 4000).astype(np.int16)

    assert measure.find_clip(clip[:2000], heard).score < 0.2


def test_a_clip_longer_than_what_was_heard_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be in"):
        measure.find_clip(np.zeros(10, dtype=np.int16), np.zeros(9, dtype=np.int16))


def test_an_ear_hears_what_is_added() -> None:
    growing = frames(sound((0.1, 0)))
    ear = Ear(growing)
    assert ear.last_voiced_at() is None

    growing += frames(sound((0.1, 8000), (0.1, 0)), at=5.0)
    assert ear.first_voiced_at() == pytest.approx(5.0)
    assert ear.last_voiced_at() == pytest.approx(5.1)

    growing += [Frame(6.0, 1, 1, 101, b"\x01\x0a\x00\xa0")]
    assert ear.first_voiced_at() == pytest.approx(5.0)
    assert ear.last_voiced_at() == 6.0
