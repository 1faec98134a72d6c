"""Session descriptions for one PCMU stream with telephone-event (RFC 4566, RFC 4733), without I/O."""

from dataclasses import dataclass
from typing import Literal

PCMU = 0
TELEPHONE_EVENT = 101
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
ANSWERS: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


class SdpError(ValueError):
    """A session description without a PCMU audio stream."""


@dataclass(frozen=True, slots=True)
class Audio:
    """Where one side wants its audio, and what it can take."""

    host: str
    port: int
    telephone_event: int | None = TELEPHONE_EVENT
    direction: Direction = "sendrecv"


def build(audio: Audio, *, session_id: int, version: int = 1) -> bytes:
    """Describe one PCMU stream of 20 ms packets; `version` goes up with each change."""
    lines = [
        "v=0",
        f"o=simcaller {session_id} {version} IN IP4 {audio.host}",
        "s=call",
        f"c=IN IP4 {audio.host}",
        "t=0 0",
        f"m=audio {audio.port} RTP/AVP {PCMU}" + (f" {audio.telephone_event}" if audio.telephone_event else ""),
        f"a=rtpmap:{PCMU} PCMU/8000",
    ]
    if audio.telephone_event:
        lines += [f"a=rtpmap:{audio.telephone_event} telephone-event/8000", f"a=fmtp:{audio.telephone_event} 0-15"]
    lines += ["a=ptime:20", f"a={audio.direction}"]
    return "".join(f"{line}\r\n" for line in lines).encode()


def parse(body: bytes) -> Audio:
    """Find the PCMU stream of an offer or answer; raises SdpError."""
    host, port, telephone_event = "", 0, None
    direction: Direction = "sendrecv"
    section = ""
    for line in body.decode("utf-8", "replace").splitlines():
        kind, _, value = line.strip().partition("=")
        section = value.partition(" ")[0] if kind == "m" else section
        if section not in ("", "audio"):
            continue
        match kind:
            case "c":
                host = value.split()[-1].partition("/")[0]
            case "m":
                port = _audio_port(value)
            case "a" if value.startswith("rtpmap:") and "telephone-event/8000" in value.lower():
                telephone_event = int(value.removeprefix("rtpmap:").split()[0])
            case "a" if value in ANSWERS:
                direction = value
    if not host or not port:
        raise SdpError("the session description names no audio stream")
    return Audio(host, port, telephone_event, direction)


def _audio_port(value: str) -> int:
    _, port, _, *formats = value.split()
    if str(PCMU) not in formats:
        raise SdpError(f"the audio stream offers no PCMU: m={value}")
    return int(port.partition("/")[0])
