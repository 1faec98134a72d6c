import pytest

from tts_player.rhvoice_frames import HEADER, BadFrame, frame, parse_header


@pytest.mark.parametrize("payload", [b"", b"x", b"\0" * 3200])
def test_a_frame_says_its_kind_and_length(payload: bytes) -> None:
    one = frame(b"A", payload)

    assert parse_header(one[: HEADER.size]) == (b"A", len(payload))
    assert one[HEADER.size :] == payload


@pytest.mark.parametrize("length", [0, 1 << 21, 0xFFFFFFFF])
def test_an_impossible_length_is_refused(length: int) -> None:
    with pytest.raises(BadFrame):
        parse_header(HEADER.pack(length, b"A"))
