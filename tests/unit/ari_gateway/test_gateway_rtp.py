"""RTP to audio time."""

import pytest

from ari_gateway.framing import SILENT_FRAME
from ari_gateway.rtp import LONGEST_GAP, REORDER_FRAMES, Sequencer, parse
from tests.fakes.asterisk.media import rtp_packet


def frame(number: int) -> bytes:
    return bytes([number % 200]) * 160


def heard(packets: list[bytes], *, every_seconds: float = 0.02) -> tuple[list[int | None], Sequencer]:
    """The frames that came out, as numbers; None for silence that was put in."""
    sequencer = Sequencer()
    audio = b"".join(sequencer.feed(packet, now * every_seconds) for now, packet in enumerate(packets, 1))
    frames = [audio[start : start + 160] for start in range(0, len(audio), 160)]
    return [None if one == SILENT_FRAME else one[0] for one in frames], sequencer


def test_in_order() -> None:
    assert heard([rtp_packet(n, frame(n)) for n in (7, 8, 9)])[0] == [7, 8, 9]


def test_the_sequence_number_wraps() -> None:
    numbers = [65534, 65535, 65536, 65537]

    assert heard([rtp_packet(n, frame(n)) for n in numbers])[0] == [n % 200 for n in numbers]


def test_reordered_and_doubled() -> None:
    frames, sequencer = heard([rtp_packet(n, frame(n)) for n in (1, 3, 2, 2, 4)])

    assert frames == [1, 2, 3, 4]
    assert sequencer.counts.late == 1


def test_a_lost_packet_becomes_silence_of_its_length() -> None:
    frames, sequencer = heard([rtp_packet(n, frame(n)) for n in (1, 2, 4, 5, 6, 7)])

    assert frames == [1, 2, None, 4, 5, 6, 7]
    assert sequencer.counts.lost == 1


def test_a_packet_is_waited_for_no_longer_than_it_may_be_late() -> None:
    waiting = [1, *range(3, 3 + REORDER_FRAMES)]
    assert heard([rtp_packet(n, frame(n)) for n in waiting])[0] == [1]

    late = [*waiting, 3 + REORDER_FRAMES, 2]
    frames, sequencer = heard([rtp_packet(n, frame(n)) for n in late])
    assert frames == [1, None, *range(3, 4 + REORDER_FRAMES)]
    assert sequencer.counts.late == 1


def test_a_pause_with_its_sequence_numbers_keeps_audio_time() -> None:
    sequencer = Sequencer()
    sequencer.feed(rtp_packet(1, frame(1)), 0.0)
    out = b"".join(sequencer.feed(rtp_packet(n, frame(9)), 2.0 + n * 0.001) for n in range(101, 106))

    assert out[: 99 * 160] == SILENT_FRAME * 99
    assert len(out) == 104 * 160


def test_a_sequence_that_jumped_without_a_pause_loses_nothing() -> None:
    frames, _ = heard([rtp_packet(n, frame(n)) for n in (1, 2, 500, 501, 502, 503)])

    assert frames == [1, 2, 100, 101, 102, 103]


def test_a_restarted_sequence() -> None:
    numbers = [1, 2, 2 + LONGEST_GAP + 10, 3 + LONGEST_GAP + 10]
    frames, sequencer = heard([rtp_packet(n, frame(n)) for n in numbers])

    assert frames == [n % 200 for n in numbers]
    assert sequencer.counts.restarts == 1


def test_another_source_goes_on_where_the_old_one_ended() -> None:
    packets = [rtp_packet(1, frame(1)), rtp_packet(3, frame(3)), rtp_packet(40000, frame(5), ssrc=9)]
    frames, sequencer = heard([*packets, rtp_packet(40001, frame(6), ssrc=9)])

    assert frames == [1, 3, 5, 6]
    assert sequencer.counts.restarts == 1


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x80\x00",
        b"\x00" * 172,
        rtp_packet(1, b"\x01\x00\x00\xa0", payload_type=101),
        rtp_packet(1, b"\xff" * 159),
        b"\x8f" + rtp_packet(1, b"")[1:],
    ],
    ids=["empty", "short", "version 0", "telephone event", "odd length", "sources cut off"],
)
def test_what_is_no_frame_is_counted(datagram: bytes) -> None:
    sequencer = Sequencer()

    assert sequencer.feed(datagram, 0.0) == b""
    assert sequencer.counts.foreign == 1


def test_header_extras_are_skipped() -> None:
    plain = rtp_packet(5, frame(5))
    with_source = b"\x81" + plain[1:12] + b"\x00\x00\x00\x01" + plain[12:]
    with_extension = b"\x90" + plain[1:12] + b"\xbe\xde\x00\x01\x00\x00\x00\x00" + plain[12:]
    with_padding = b"\xa0" + plain[1:] + b"\x00\x00\x00\x04"

    for datagram in (with_source, with_extension, with_padding):
        packet = parse(datagram)
        assert packet is not None
        assert packet.payload == frame(5)


def test_an_extension_that_is_cut_off() -> None:
    assert parse(b"\x90" + rtp_packet(5, b"\xbe\xde")[1:]) is None
