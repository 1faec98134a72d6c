"""Packets, telephone events, mu-law, WAV files, impairments."""

from pathlib import Path

import numpy as np
import pytest

from simcaller import audio, rtp, timeline
from simcaller.impairments import Fate, Network
from simcaller.media import Frame


def tone(seconds: float, *, hz: float = 440.0, amplitude: int = 8000) -> audio.Pcm16:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * 8000)) / 8000)).astype(np.int16)


def packetizer(event_payload_type: int | None = 101) -> rtp.Packetizer:
    return rtp.Packetizer(ssrc=1, sequence=65535, timestamp=2**32 - 160, event_payload_type=event_payload_type)


def test_a_packet_is_parsed_back() -> None:
    packet = rtp.Packet(0, 65535, 4_000_000_000, 42, b"payload", marker=True)

    assert rtp.Packet.parse(packet.encode()) == packet


def test_extension_contributors_and_padding_are_left_out() -> None:
    plain = rtp.Packet(0, 1, 2, 3, b"").encode()
    datagram = (
        bytes([0x80 | 0x20 | 0x10 | 1]) + plain[1:] + b"CSRC" + b"\xbe\xde\x00\x01EXT!" + b"payload" + b"\x00\x02"
    )

    assert rtp.Packet.parse(datagram).payload == b"payload"


@pytest.mark.parametrize("datagram", [b"", b"\x80\x00", b"\x00" * 12, b"\x8f" + b"\x00" * 11, b"\xa0" + b"\xff" * 11])
def test_what_is_no_rtp_is_refused(datagram: bytes) -> None:
    with pytest.raises(rtp.RtpSyntaxError):
        rtp.Packet.parse(datagram)


def test_audio_is_cut_into_ticks_of_20_ms_and_filled_up() -> None:
    ticks = list(rtp.audio_ticks(b"\x00" * 161))

    assert [len(tick.payloads[0]) for tick in ticks] == [160, 160]
    assert ticks[1].payloads[0] == b"\x00" + b"\xff" * 159


def test_sequence_and_clock_go_on_over_their_ends() -> None:
    numbering = packetizer()

    (first,) = numbering.packets(rtp.Tick((rtp.SILENCE,)))
    (second,) = numbering.packets(rtp.Tick((rtp.SILENCE,)))

    assert (first.sequence, first.timestamp, first.marker) == (65535, 2**32 - 160, True)
    assert (second.sequence, second.timestamp, second.marker) == (0, 0, False)


def test_a_key_is_one_event_with_a_growing_duration_and_three_ends() -> None:
    numbering = packetizer()
    numbering.packets(rtp.Tick((rtp.SILENCE,)))

    packets = [packet for tick in rtp.dtmf_ticks("#", duration_ms=60) for packet in numbering.packets(tick)]
    (after,) = numbering.packets(rtp.Tick((rtp.SILENCE,)))

    assert [packet.payload.hex() for packet in packets] == ["0b0a00a0", "0b0a0140", *["0b8a01e0"] * 3]
    assert {packet.timestamp for packet in packets} == {0}
    assert [packet.marker for packet in packets] == [True, False, False, False, False]
    assert (after.timestamp, after.payload_type) == (480, 0)


def test_a_key_that_was_not_agreed_to_is_not_sent() -> None:
    numbering = packetizer(event_payload_type=None)

    assert [numbering.packets(tick) for tick in rtp.dtmf_ticks("1", duration_ms=40)] == [[], []]


@pytest.mark.parametrize("digit", ["", "x", "12"])
def test_what_is_no_key_is_refused(digit: str) -> None:
    with pytest.raises(ValueError, match="is none of"):
        list(rtp.dtmf_ticks(digit))


def test_every_code_of_mulaw_survives() -> None:
    codes = bytes(range(256))

    again = audio.encode_mulaw(audio.decode_mulaw(codes))

    assert again == codes.replace(b"\x7f", b"\xff")  # two codes mean zero


def test_mulaw_is_within_its_step_everywhere() -> None:
    samples = np.arange(-32768, 32768).astype(np.int16)

    error = np.abs(audio.decode_mulaw(audio.encode_mulaw(samples)).astype(int) - samples)

    assert np.all(error <= (np.abs(samples.astype(int)) + 132) / 32)


def test_level_is_measured_against_full_scale() -> None:
    assert audio.level_dbfs(tone(1, amplitude=32767)) == pytest.approx(-3.01, abs=0.05)
    assert audio.level_dbfs(np.zeros(800, dtype=np.int16)) == audio.SILENT_DBFS
    assert audio.level_dbfs(np.zeros(0, dtype=np.int16)) == audio.SILENT_DBFS


def test_a_clip_is_brought_to_a_level_whatever_silence_is_around_it() -> None:
    silence = np.zeros(4000, dtype=np.int16)

    clip = audio.at_level(np.concatenate([silence, tone(1, amplitude=300), silence]), -20.0)

    assert audio.level_dbfs(clip[4000:12000]) == pytest.approx(-20.0, abs=0.5)
    assert audio.at_level(silence, -20.0) is silence


def test_resampling_keeps_length_and_level() -> None:
    again = audio.resample(tone(1), 8000, 16000)

    assert again.size == 16000
    assert audio.level_dbfs(again) == pytest.approx(audio.level_dbfs(tone(1)), abs=0.1)


def test_a_stereo_file_is_read_back(tmp_path: Path) -> None:
    both = audio.stereo(tone(0.1), tone(0.2))

    audio.write_wav(tmp_path / "new" / "call.wav", both, 8000)
    samples, rate_hz = audio.read_wav(tmp_path / "new" / "call.wav")

    assert rate_hz == 8000
    assert np.array_equal(samples, both)
    assert not samples[800:, 0].any()


def test_a_perfect_network_changes_nothing() -> None:
    fate = Fate(Network())

    assert [fate.delays_ms() for _ in range(100)] == [[0.0]] * 100


def test_a_bad_network_does_what_it_was_told() -> None:
    fate = Fate(Network(loss=0.1, duplicates=0.1, reordered=0.1, jitter_ms=10.0, seed=1))

    delays = [fate.delays_ms() for _ in range(5000)]

    assert sum(not copies for copies in delays) / 5000 == pytest.approx(0.1, abs=0.02)
    assert sum(len(copies) == 2 for copies in delays) / 5000 == pytest.approx(0.09, abs=0.02)
    assert sum(copies[0] >= 30 for copies in delays if copies) / 5000 == pytest.approx(0.09, abs=0.02)
    assert max(copy for copies in delays for copy in copies) <= 40.0


def test_a_share_is_between_0_and_1() -> None:
    with pytest.raises(ValueError, match="loss 5"):
        Network(loss=5)


def frames(pcmu: bytes, *, at: float, timestamp: int = 0) -> list[Frame]:
    return [
        Frame(at + start / 8000, start // 160, (timestamp + start) % 2**32, 0, pcmu[start : start + 160])
        for start in range(0, len(pcmu), 160)
    ]


def test_late_packets_lie_where_their_timestamps_say() -> None:
    clip = tone(0.2)
    sent = frames(audio.encode_mulaw(clip), at=100.0, timestamp=2**32 - 320)
    jittered = [frame._replace(at=frame.at + 0.007 * (index % 3)) for index, frame in enumerate(sent)]

    samples = timeline.lay_out(jittered, 99.5)

    assert not samples[:4000].any()
    assert np.array_equal(samples[4000:], audio.decode_mulaw(audio.encode_mulaw(clip)))


def test_a_pause_without_packets_is_silence_of_its_length() -> None:
    pcmu = audio.encode_mulaw(tone(0.1))
    # as Asterisk does it: the timestamp goes on as if no time had passed
    received = frames(pcmu, at=10.0) + frames(pcmu, at=12.0, timestamp=800)

    samples = timeline.lay_out(received, 10.0)

    assert samples.size == 2 * 8000 + 800
    assert not samples[800:16000].any()
    assert samples[16000:].any()


def test_the_recording_has_the_caller_left_and_the_bot_right(tmp_path: Path) -> None:
    pcmu = audio.encode_mulaw(tone(0.1))

    began_at = timeline.record(tmp_path / "call.wav", frames(pcmu, at=10.0), frames(pcmu, at=10.5))
    samples, _ = audio.read_wav(tmp_path / "call.wav")

    assert began_at == 10.0
    assert samples[:800, 0].any()
    assert not samples[:4000, 1].any()
    assert samples[4000:, 1].any()


def test_a_call_without_any_packet_leaves_an_empty_recording(tmp_path: Path) -> None:
    assert timeline.record(tmp_path / "call.wav", [], []) == 0.0
