"""Message <-> the fields of a stream entry.

The wire is readable in redis-cli: ``v type call_id producer seq at traceparent`` as fields of their own and the rest as
JSON in ``body``.
"""

import json
from collections.abc import Mapping

from pydantic import ValidationError

from callbus.message import ENVELOPE, Message, message_types

Fields = Mapping[bytes, bytes]


class CodecError(ValueError):
    """An entry is no message; the text says what is wrong with which field."""


def encode(message: Message) -> dict[str, str]:
    """The fields of a stream entry, in the order in which a person reads them."""
    body = message.model_dump(mode="json", exclude=set(ENVELOPE))
    return {
        "v": str(message.version),
        "type": message.type,
        "call_id": message.call_id,
        "producer": message.producer,
        "seq": str(message.seq),
        "at": f"{message.at:.6f}",
        "traceparent": message.traceparent,
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    }


def decode(fields: Fields) -> Message:
    """The message of a stream entry.

    :raises CodecError: a field is missing, the type or version is unknown, or the body does not fit its type.
    """
    text = {_text(key): _text(value) for key, value in fields.items()}
    message_type = _type_of(text)
    body = _body_of(text)
    try:
        return message_type.model_validate({**body, **{name: text[name] for name in ENVELOPE if name in text}})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CodecError(f"{message_type.__name__}.{where}: {first['msg']}") from None


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise CodecError("a field is not UTF-8") from None


def _type_of(text: Mapping[str, str]) -> type[Message]:
    name = text.get("type")
    if name is None:
        raise CodecError("the field `type` is missing")
    message_type = message_types().get(name)
    if message_type is None:
        raise CodecError(f"the type {name[:60]!r} is unknown")
    if text.get("v") != str(message_type.version):
        raise CodecError(f"{name}: version {text.get('v', '(none)')[:20]!r}, understood is {message_type.version}")
    return message_type


def _body_of(text: Mapping[str, str]) -> dict[str, object]:
    try:
        body = json.loads(text.get("body", "{}"))
    except json.JSONDecodeError as error:
        raise CodecError(f"the field `body` is not JSON: {error.msg} at {error.pos}") from None
    if not isinstance(body, dict):
        raise CodecError("the field `body` is no JSON object")
    return body
