"""What the caller's phone answers to the other side's BYE, OPTIONS, re-INVITE and repeated requests (RFC 3261)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from simcaller import sdp, sip
from simcaller.dialog import ALLOW, Dialog

_Q850 = re.compile(r"Q\.850\s*;.*?cause=(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and what the request meant; `until_acknowledged` asks for retransmission of a 2xx to an INVITE."""

    response: sip.Response
    hangs_up: bool = False
    cause: int | None = None
    media: sdp.Audio | None = None
    until_acknowledged: bool = False


@dataclass(slots=True)
class Answerer:
    """The server side of one dialog; a repeated request gets the response that it got before."""

    dialog: Dialog
    describe: Callable[[sdp.Direction], bytes]
    _given: dict[tuple[str, str], sip.Response] = field(default_factory=dict)

    def answer(self, request: sip.Request) -> Answer:
        """Answer any request but ACK."""
        transaction = (sip.branch(request), request.method)
        if transaction in self._given:
            return Answer(self._given[transaction])
        answer = self._decide(request)
        self._given[transaction] = answer.response
        return answer

    def _decide(self, request: sip.Request) -> Answer:
        if request.method == "OPTIONS":
            return Answer(self._respond(request, 200, "OK", body=self.describe("sendrecv")))
        if not self.dialog.owns(request):
            return Answer(self._respond(request, 481, "Call/Transaction Does Not Exist"))
        match request.method:
            case "BYE":
                return Answer(self._respond(request, 200, "OK"), hangs_up=True, cause=q850_cause(request.headers))
            case "INVITE" | "UPDATE":
                return self._renegotiate(request)
            case "INFO" | "NOTIFY" | "MESSAGE":
                return Answer(self._respond(request, 200, "OK"))
            case _:
                return Answer(self._respond(request, 405, "Method Not Allowed"))

    def _renegotiate(self, request: sip.Request) -> Answer:
        self.dialog.take_target(request)
        invited = request.method == "INVITE"
        if not request.body:  # an offer is asked for, or the session is only refreshed
            body = self.describe("sendrecv") if invited else b""
            return Answer(self._respond(request, 200, "OK", body), until_acknowledged=invited)
        try:
            media = sdp.parse(request.body)
        except sdp.SdpError:
            return Answer(self._respond(request, 488, "Not Acceptable Here"))
        response = self._respond(request, 200, "OK", self.describe(sdp.ANSWERS[media.direction]))
        return Answer(response, media=media, until_acknowledged=invited)

    def _respond(self, request: sip.Request, status: int, reason: str, body: bytes = b"") -> sip.Response:
        content = (("Content-Type", "application/sdp"),) if body else ()
        extra = (("Contact", self.dialog.contact), ("Allow", ALLOW), *content)
        return sip.respond(request, status, reason, to_tag=self.dialog.local_tag, extra=extra, body=body)


def q850_cause(headers: sip.Headers) -> int | None:
    """The Q.850 cause of a Reason field (RFC 3326), or None."""
    found = _Q850.search(headers.get("Reason"))
    return int(found[1]) if found else None
