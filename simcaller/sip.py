"""SIP messages as data: parse and build, without I/O (RFC 3261 sections 7, 18.3 and 20)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

VERSION = "SIP/2.0"
LONG_NAMES = {
    "i": "call-id",
    "m": "contact",
    "e": "content-encoding",
    "l": "content-length",
    "c": "content-type",
    "f": "from",
    "s": "subject",
    "k": "supported",
    "t": "to",
    "v": "via",
}
# Fields that may carry several values on one line, and whose values hold commas only between values.
LISTS = frozenset({"via", "route", "record-route", "contact"})

_ADDRESS = re.compile(
    r'^\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^<"]*?))\s*<(?P<uri>[^>]*)>(?P<params>.*)$', re.S
)
_SEPARATOR = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)(?![^<]*>)')

Fields = tuple[tuple[str, str], ...]


class SipSyntaxError(ValueError):
    """A datagram that is no SIP message."""


def long_name(name: str) -> str:
    """Lower-case long form of a header field's name."""
    lowered = name.strip().lower()
    return LONG_NAMES.get(lowered, lowered)


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in the order of the wire; names compare without case and in their long form."""

    fields: Fields = ()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)

    def get(self, name: str, default: str = "") -> str:
        """First value of the field, or the default."""
        return next(iter(self.all(name)), default)

    def all(self, name: str) -> list[str]:
        """Every value of the field, top-most first; comma-separated lists are taken apart."""
        wanted = long_name(name)
        values = [value for field, value in self.fields if long_name(field) == wanted]
        if wanted not in LISTS:
            return values
        return [part.strip() for value in values for part in _SEPARATOR.split(value)]


@dataclass(frozen=True, slots=True)
class Address:
    """A name-addr of From, To or Contact: the URI and the parameters after it."""

    uri: str
    params: dict[str, str]
    display_name: str = ""

    @classmethod
    def parse(cls, value: str) -> "Address":
        match = _ADDRESS.match(value)
        if match is None:
            uri, _, rest = value.partition(";")
            return cls(uri.strip(), parse_params(rest))
        name = match["quoted"] if match["quoted"] is not None else match["token"]
        return cls(match["uri"], parse_params(match["params"].lstrip(" ;")), name.strip())

    @property
    def tag(self) -> str:
        return self.params.get("tag", "")


@dataclass(frozen=True, slots=True)
class Request:
    """A SIP request; `encode` adds Content-Length."""

    method: str
    uri: str
    headers: Headers
    body: bytes = b""

    def encode(self) -> bytes:
        return _encode(f"{self.method} {self.uri} {VERSION}", self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """A SIP response; `encode` adds Content-Length."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""

    def encode(self) -> bytes:
        return _encode(f"{VERSION} {self.status} {self.reason}", self.headers, self.body)


Message = Request | Response


def parse(datagram: bytes) -> Message:
    """Take one datagram apart; raises SipSyntaxError."""
    head, separator, rest = datagram.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        raise SipSyntaxError("no empty line after the header fields")
    try:
        first_line, *lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError as error:
        raise SipSyntaxError(f"header fields are not UTF-8: {error}") from error
    headers = _parse_headers(lines)
    body = rest[: _content_length(headers, len(rest))]
    words = first_line.split(" ", 2)
    if len(words) != 3:
        raise SipSyntaxError(f"first line {first_line!r} has no three parts")
    return _parse_response(words, headers, body) if words[0] == VERSION else _parse_request(words, headers, body)


def cseq(message: Message) -> tuple[int, str]:
    """Number and method of the CSeq field; raises SipSyntaxError."""
    number, _, method = message.headers.get("CSeq").partition(" ")
    if not number.isdigit() or not method.strip():
        raise SipSyntaxError(f"CSeq {message.headers.get('CSeq')!r} is no number and method")
    return int(number), method.strip()


def branch(message: Message) -> str:
    """The branch of the top-most Via: the transaction's name."""
    _, _, params = message.headers.get("Via").partition(";")
    return parse_params(params).get("branch", "")


def parse_params(text: str) -> dict[str, str]:
    """`a=b;c` -> {"a": "b", "c": ""}; names in lower case."""
    pairs = (part.strip().partition("=") for part in text.split(";") if part.strip())
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def respond(
    request: Request, status: int, reason: str, *, to_tag: str, extra: Fields = (), body: bytes = b""
) -> Response:
    """The response to a request: Via, From, To, Call-ID and CSeq as they came, To with our tag (RFC 3261 8.2.6)."""
    kept = [("Via", value) for value in request.headers.all("Via")]
    kept += [("Record-Route", value) for value in request.headers.all("Record-Route")]
    to = request.headers.get("To")
    if not Address.parse(to).tag:
        to = f"{to};tag={to_tag}"
    kept += [("From", request.headers.get("From")), ("To", to)]
    kept += [("Call-ID", request.headers.get("Call-ID")), ("CSeq", request.headers.get("CSeq"))]
    return Response(status, reason, Headers((*kept, *extra)), body)


def _encode(first_line: str, headers: Headers, body: bytes) -> bytes:
    lines = [first_line, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _parse_headers(lines: list[str]) -> Headers:
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and fields:  # a folded line continues the field before it
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise SipSyntaxError(f"header line {line!r} has no colon")
        fields.append((name.strip(), value.strip()))
    return Headers(tuple(fields))


def _content_length(headers: Headers, received: int) -> int:
    value = headers.get("Content-Length", str(received))
    if not value.isdigit() or int(value) > received:
        raise SipSyntaxError(f"Content-Length {value!r} does not fit {received} received bytes")
    return int(value)


def _parse_request(words: list[str], headers: Headers, body: bytes) -> Request:
    method, uri, version = words
    if version != VERSION:
        raise SipSyntaxError(f"version {version!r} is not {VERSION}")
    return Request(method, uri, headers, body)


def _parse_response(words: list[str], headers: Headers, body: bytes) -> Response:
    _, status, reason = words
    if not (status.isdigit() and len(status) == 3):
        raise SipSyntaxError(f"status {status!r} is no three digits")
    return Response(int(status), reason, headers, body)
