import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbus import CodecError, decode, encode
from callbus.events import DtmfReceived, FinalTranscript
from callbus.message import message_types


def wire(message: object) -> dict[bytes, bytes]:
    return {key.encode(): value.encode() for key, value in encode(message).items()}  # type: ignore[arg-type]


@given(
    text=st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    ms=st.floats(0, 1e7),
    secret=st.none() | st.just("ref"),
)
def test_what_is_encoded_is_decoded(text: str, ms: float, secret: str | None) -> None:
    message = FinalTranscript(
        call_id="c",
        utterance_id="u",
        text=text,
        language="ru",
        started_ms=ms,
        ended_ms=ms,
        engine="e",
        secret_ref=secret,
    ).stamped(producer="speech-worker", seq=7, at=12.5, traceparent="")

    assert decode(wire(message)) == message


def test_the_wire_is_readable_by_a_person() -> None:
    fields = encode(DtmfReceived(call_id="c1", digit="5", duration_ms=90))

    assert list(fields) == ["v", "type", "call_id", "producer", "seq", "at", "traceparent", "body"]
    assert fields["body"] == '{"digit":"5","secret_ref":null,"duration_ms":90,"received_at":0.0}'


def test_fields_of_a_newer_producer_are_ignored() -> None:
    fields = {**wire(DtmfReceived(call_id="c1", digit="5")), b"body": b'{"digit":"5","loudness":3}'}

    assert decode(fields) == DtmfReceived(call_id="c1", digit="5")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({b"type": None}, "the field `type` is missing"),
        ({b"type": b"Nonsense"}, "the type 'Nonsense' is unknown"),
        ({b"v": b"2"}, "DtmfReceived: version '2', understood is 1"),
        ({b"body": b"{"}, "the field `body` is not JSON"),
        ({b"body": b"[]"}, "the field `body` is no JSON object"),
        ({b"body": b"{}"}, "DtmfReceived.digit: Field required"),
        ({b"seq": b"x"}, "DtmfReceived.seq"),
        ({b"body": b"\xff"}, "a field is not UTF-8"),
        ({b"call_id": b""}, "DtmfReceived.call_id"),
    ],
)
def test_a_malformed_entry_names_what_is_wrong(change: dict[bytes, bytes | None], reason: str) -> None:
    changed = {**wire(DtmfReceived(call_id="c1", digit="5")), **change}
    fields = {key: value for key, value in changed.items() if value is not None}

    with pytest.raises(CodecError, match="^" + reason.replace(".", r"\.")):
        decode(fields)


def test_every_type_has_a_stream() -> None:
    streams = {message_type.channel_of for message_type in message_types().values()}

    assert streams == {"calls", "speech", "dialog", "playback", "channel"}
