"""The calling side of one SIP call as a pure core: datagrams and time in, datagrams and events out (RFC 3261)."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from simcaller import sdp, sip
from simcaller.dialog import Dialog
from simcaller.digest import Challenge, Credentials, UnknownChallenge, authorize
from simcaller.events import Answered, Event, HungUp, MediaChanged, Progress, Refused
from simcaller.incoming import Answerer
from simcaller.transactions import Retransmission, Timers

CHALLENGES = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


class State(Enum):
    """Where the call stands."""

    NEW = auto()
    CALLING = auto()
    RINGING = auto()
    CANCELLING = auto()
    UP = auto()
    ENDING = auto()
    ENDED = auto()


@dataclass(slots=True)
class _Transaction:
    """A request of ours and its retransmission."""

    request: sip.Request
    sending: Retransmission
    authorized: bool = False
    superseded: bool = False


class UserAgent:
    """One outgoing call: feed it datagrams and time, then drain `datagrams` and `events`."""

    def __init__(
        self,
        dialog: Dialog,
        media: sdp.Audio,
        *,
        session_id: int,
        timers: Timers,
        credentials: Credentials | None = None,
    ) -> None:
        self.dialog = dialog
        self.state = State.NEW
        self._media = media
        self._session_id = session_id
        self._sdp_version = 0
        self._timers = timers
        self._credentials = credentials
        self._invite: sip.Request | None = None
        self._ack = b""
        self._cancel_wanted = False
        self._transactions: dict[tuple[str, str], _Transaction] = {}
        self._unacknowledged: dict[int, Retransmission] = {}
        self._answerer = Answerer(dialog, self._describe)
        self._datagrams: list[bytes] = []
        self._events: list[Event] = []

    # what the shell asks for

    @property
    def deadline(self) -> float | None:
        """When `tick` must be called next, or None."""
        sendings = [transaction.sending for transaction in self._transactions.values()]
        sendings += self._unacknowledged.values()
        return min((sending.deadline for sending in sendings if not sending.answered), default=None)

    def datagrams(self) -> list[bytes]:
        """Take what must be sent now."""
        taken, self._datagrams = self._datagrams, []
        return taken

    def events(self) -> list[Event]:
        """Take what happened."""
        taken, self._events = self._events, []
        return taken

    # what the caller does

    def invite(self, now: float) -> None:
        """Place the call."""
        self.state = State.CALLING
        self._send_invite((), now, authorized=False)

    def hang_up(self, now: float) -> None:
        """BYE; CANCEL while the call is not answered, as soon as a provisional answer allows it."""
        match self.state:
            case State.UP:
                self.state = State.ENDING
                self._start(self.dialog.request("BYE"), now)
            case State.CALLING:
                self._cancel_wanted = True
            case State.RINGING:
                self._cancel(now)
            case State.NEW | State.CANCELLING | State.ENDING | State.ENDED:
                return

    # what comes from outside

    def tick(self, now: float) -> None:
        """Send again what is due; give up what stayed without an answer."""
        for transaction in self._transactions.values():
            if transaction.sending.expired(now):
                transaction.sending.stop()
                self._given_up(transaction.request.method)
        for sending in self._unacknowledged.values():
            if sending.expired(now):
                sending.stop()
        for sending in (*(each.sending for each in self._transactions.values()), *self._unacknowledged.values()):
            if sending.due(now):
                self._datagrams.append(sending.datagram)

    def receive(self, datagram: bytes, now: float) -> None:
        """Take one datagram; what is no SIP message is dropped, as RFC 3261 18.3 asks."""
        try:
            message = sip.parse(datagram)
            number, method = sip.cseq(message)
        except sip.SipSyntaxError:
            return
        if isinstance(message, sip.Response):
            self._on_response(message, method, now)
        elif method == "ACK":
            self._unacknowledged.pop(number, None)
        else:
            self._on_request(message, number, now)

    # responses

    def _on_response(self, response: sip.Response, method: str, now: float) -> None:
        transaction = self._transactions.get((sip.branch(response), method))
        if transaction is None:
            return
        if method == "INVITE" or response.status >= 200:
            transaction.sending.stop()
        if response.status >= 300 and method == "INVITE":
            self._acknowledge_failure(transaction.request, response)
        if self._authorized_again(transaction, response, now):
            return
        match method:
            case "INVITE" if transaction.request is self._invite:
                self._on_invite_response(response, now)
            case "BYE" if response.status >= 200 and self.state is State.ENDING:
                self._end(HungUp("caller"))
            case _:
                return

    def _on_invite_response(self, response: sip.Response, now: float) -> None:
        if response.status < 200:
            self._on_provisional(response, now)
        elif response.status < 300:
            self._on_answer(response, now)
        elif self.state in (State.CALLING, State.RINGING, State.CANCELLING):
            self._end(Refused(response.status, response.reason))

    def _on_provisional(self, response: sip.Response, now: float) -> None:
        if self.state not in (State.CALLING, State.RINGING):
            return
        self.state = State.RINGING
        self._events.append(Progress(response.status, _media_of(response)))
        if self._cancel_wanted:
            self._cancel(now)

    def _on_answer(self, response: sip.Response, now: float) -> None:
        if self._ack:  # our ACK was lost: the 2xx came again
            self._datagrams.append(self._ack)
            return
        assert self._invite is not None
        self.dialog.learn(response)
        self._ack = self.dialog.ack(self._invite).encode()
        self._datagrams.append(self._ack)
        wanted = self.state in (State.CALLING, State.RINGING) and not self._cancel_wanted
        media = _media_of(response)
        self.state = State.UP
        if wanted and media is not None:
            self._events.append(Answered(media))
        else:  # answered while we were cancelling, or with nothing that we can hear
            self.hang_up(now)

    def _acknowledge_failure(self, invite: sip.Request, response: sip.Response) -> None:
        self._datagrams.append(self.dialog.within("ACK", invite, response.headers.get("To")).encode())

    def _authorized_again(self, transaction: _Transaction, response: sip.Response, now: float) -> bool:
        """Repeat a challenged request with credentials, once."""
        if response.status not in CHALLENGES or self._credentials is None:
            return False
        if transaction.authorized:  # a repeated challenge of the first try is no news; one of the second is final
            return transaction.superseded
        asked, answered = CHALLENGES[response.status]
        try:
            challenge = Challenge.parse(response.headers.get(asked))
        except UnknownChallenge:
            return False
        transaction.authorized = transaction.superseded = True
        self._repeat(transaction.request, challenge, answered, now)
        return True

    def _repeat(self, request: sip.Request, challenge: Challenge, header: str, now: float) -> None:
        assert self._credentials is not None
        value = authorize(
            challenge, self._credentials, method=request.method, uri=request.uri, cnonce=self.dialog.new_token()
        )
        if request.method == "INVITE":
            self._send_invite(((header, value),), now, authorized=True)
        else:
            self._start(self.dialog.request(request.method, extra=((header, value),)), now, authorized=True)

    # requests

    def _on_request(self, request: sip.Request, number: int, now: float) -> None:
        answer = self._answerer.answer(request)
        datagram = answer.response.encode()
        self._datagrams.append(datagram)
        if answer.until_acknowledged:
            self._unacknowledged[number] = Retransmission.other(datagram, now, self._timers)
        if answer.media is not None:
            self._events.append(MediaChanged(answer.media))
        if answer.hangs_up and self.state is not State.ENDED:
            self._end(HungUp("caller" if self.state is State.ENDING else "bot", answer.cause))

    # sending

    def _send_invite(self, extra: sip.Fields, now: float, *, authorized: bool) -> None:
        headers = (*self.dialog.invitation.headers, *extra)
        self._invite = self.dialog.request("INVITE", extra=headers, body=self._describe("sendrecv"))
        self._start(self._invite, now, authorized=authorized)

    def _cancel(self, now: float) -> None:
        assert self._invite is not None
        self.state = State.CANCELLING
        self._start(self.dialog.within("CANCEL", self._invite, self._invite.headers.get("To")), now)

    def _start(self, request: sip.Request, now: float, *, authorized: bool = False) -> None:
        datagram = request.encode()
        start = Retransmission.invite if request.method == "INVITE" else Retransmission.other
        transaction = _Transaction(request, start(datagram, now, self._timers), authorized)
        self._transactions[sip.branch(request), request.method] = transaction
        self._datagrams.append(datagram)

    def _describe(self, direction: sdp.Direction) -> bytes:
        self._sdp_version += 1
        media = replace(self._media, direction=direction)
        return sdp.build(media, session_id=self._session_id, version=self._sdp_version)

    def _given_up(self, method: str) -> None:
        match method:
            case "INVITE" | "CANCEL" if self.state in (State.CALLING, State.RINGING, State.CANCELLING):
                self._end(Refused(408, "Request Timeout"))
            case "BYE" if self.state is State.ENDING:
                self._end(HungUp("caller"))
            case _:
                return

    def _end(self, event: Event) -> None:
        self.state = State.ENDED
        for transaction in self._transactions.values():
            transaction.sending.stop()
        self._unacknowledged.clear()
        self._events.append(event)


def _media_of(response: sip.Response) -> sdp.Audio | None:
    try:
        return sdp.parse(response.body)
    except sdp.SdpError:
        return None
