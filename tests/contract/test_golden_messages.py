"""Each type has one golden message: documentation, test and version record.

A change of the wire shows as a change of a file there.
"""

import json
from pathlib import Path

import pytest

from callbus import Message, decode, encode, message_types

GOLDEN = Path(__file__).parents[2] / "callbus" / "messages"


def golden_fields(name: str) -> dict[str, object]:
    fields = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(fields, dict)
    return fields


def as_wire(fields: dict[str, object]) -> dict[bytes, bytes]:
    body = json.dumps(fields["body"], ensure_ascii=False, separators=(",", ":"))
    return {key.encode(): (body if key == "body" else str(value)).encode() for key, value in fields.items()}


@pytest.mark.parametrize("name", sorted(message_types()))
def test_the_golden_message_is_understood_and_written_the_same(name: str) -> None:
    fields = golden_fields(name)
    message = decode(as_wire(fields))

    written = encode(message)
    assert message.type == name
    assert json.loads(written.pop("body")) == fields.pop("body")
    assert written == fields


def test_no_golden_message_without_a_type() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(message_types())


@pytest.mark.parametrize("name", sorted(message_types()))
def test_a_producer_that_omits_what_has_a_default_is_understood(name: str) -> None:
    fields = golden_fields(name)
    message_type = message_types()[name]
    body = fields["body"]
    assert isinstance(body, dict)
    fields["body"] = {key: value for key, value in body.items() if message_type.model_fields[key].is_required()}

    assert isinstance(decode(as_wire(fields)), Message)
