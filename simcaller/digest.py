"""Digest credentials for a challenged request (RFC 3261 section 22, RFC 2617), without I/O."""

import hashlib
import re
from dataclasses import dataclass

_PAIR = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


class UnknownChallenge(ValueError):
    """A challenge that is not Digest with MD5."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What the caller answers a 401 or 407 with."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """The parts of WWW-Authenticate or Proxy-Authenticate that the answer needs."""

    realm: str
    nonce: str
    opaque: str | None
    quality: bool

    @classmethod
    def parse(cls, value: str) -> "Challenge":
        scheme, _, rest = value.strip().partition(" ")
        pairs = {name.lower(): quoted or bare for name, quoted, bare in _PAIR.findall(rest)}
        if scheme.lower() != "digest" or pairs.get("algorithm", "MD5").upper() != "MD5":
            raise UnknownChallenge(f"cannot answer the challenge {value!r}")
        quality = "auth" in [part.strip() for part in pairs.get("qop", "").split(",")]
        return cls(pairs.get("realm", ""), pairs.get("nonce", ""), pairs.get("opaque"), quality)


def authorize(challenge: Challenge, credentials: Credentials, *, method: str, uri: str, cnonce: str) -> str:
    """The value of Authorization or Proxy-Authorization."""
    first = _md5(f"{credentials.username}:{challenge.realm}:{credentials.password}")
    second = _md5(f"{method}:{uri}")
    count = "00000001"
    middle = f"{challenge.nonce}:{count}:{cnonce}:auth" if challenge.quality else challenge.nonce
    parts = {
        "username": credentials.username,
        "realm": challenge.realm,
        "nonce": challenge.nonce,
        "uri": uri,
        "response": _md5(f"{first}:{middle}:{second}"),
    }
    if challenge.opaque is not None:
        parts["opaque"] = challenge.opaque
    value = "Digest " + ", ".join(f'{name}="{text}"' for name, text in parts.items()) + ", algorithm=MD5"
    return f'{value}, qop=auth, nc={count}, cnonce="{cnonce}"' if challenge.quality else value


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
