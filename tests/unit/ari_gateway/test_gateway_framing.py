"""Whole frames from pieces."""

import random

from ari_gateway.framing import Framer, frames_in, silence


def test_a_whole_frame_passes() -> None:
    assert Framer().feed(b"\x01" * 160) == b"\x01" * 160


def test_pieces_of_any_size_lose_nothing() -> None:
    chance = random.Random(1)
    audio = bytes(chance.randrange(256) for _ in range(160 * 50))
    framer, out, start = Framer(), b"", 0
    while start < len(audio):
        size = chance.randrange(1, 500)
        piece = framer.feed(audio[start : start + size])
        assert len(piece) % 160 == 0
        out += piece
        start += size

    assert out == audio


def test_silence_is_mu_law_zero() -> None:
    assert silence(2) == b"\xff" * 320
    assert frames_in(0.099) == 4
