import hashlib
import warnings

import numpy as np
import pytest

from speech_worker import g711

ALL_CODES = bytes(range(256))
ALL_SAMPLES = np.arange(-32768, 32768).astype(np.int16)


def test_the_decoding_table_is_that_of_the_itu() -> None:
    table = g711.decode(ALL_CODES).astype("<i2").tobytes()
    assert hashlib.sha256(table).hexdigest() == "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"


def test_every_code_survives_the_round_trip() -> None:
    back = g711.encode(g711.decode(ALL_CODES))
    # The code of minus zero comes back as that of zero.
    assert back == ALL_CODES.replace(b"\x7f", b"\xff")


def test_silence_is_zero() -> None:
    assert g711.decode(bytes([g711.SILENCE])).tolist() == [0]


@pytest.mark.parametrize(("code", "sample"), [(0x00, -32124), (0x80, 32124), (0x7E, -8), (0xFE, 8), (0xEF, 132)])
def test_known_values(code: int, sample: int) -> None:
    assert g711.decode(bytes([code])).tolist() == [sample]


def test_it_agrees_with_the_former_standard_library() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = pytest.importorskip("audioop")
    assert g711.decode(ALL_CODES).astype("<i2").tobytes() == audioop.ulaw2lin(ALL_CODES, 2)
    assert g711.encode(ALL_SAMPLES) == audioop.lin2ulaw(ALL_SAMPLES.astype("<i2").tobytes(), 2)


def test_the_encoding_table_is_pinned() -> None:
    digest = hashlib.sha256(g711.encode(ALL_SAMPLES)).hexdigest()
    assert digest == "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a"
