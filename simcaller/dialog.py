"""The caller's half of a SIP dialog: who is who, and the requests that it makes (RFC 3261 section 12)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simcaller.sip import Address, Fields, Headers, Message, Request

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS"
BRANCH_COOKIE = "z9hG4bK"


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who calls whom: what the first INVITE says."""

    extension: str
    host: str
    port: int
    caller_number: str
    caller_name: str = ""
    headers: Fields = ()

    @property
    def uri(self) -> str:
        return f"sip:{self.extension}@{self.host}:{self.port}"


@dataclass(slots=True)
class Dialog:
    """Identity and numbering of one dialog; `new_token` gives tags, branches and the Call-ID."""

    invitation: Invitation
    local_host: str
    local_port: int
    new_token: Callable[[], str]
    call_id: str = ""
    local_tag: str = ""
    remote_tag: str = ""
    remote_target: str = ""
    routes: list[str] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.call_id = self.call_id or f"{self.new_token()}@{self.local_host}"
        self.local_tag = self.local_tag or self.new_token()
        self.remote_target = self.invitation.uri

    def learn(self, message: Message) -> None:
        """Take the other side's tag and route from its first tagged answer, the contact from every one."""
        tag = Address.parse(message.headers.get("To")).tag
        if tag and not self.remote_tag:
            self.remote_tag = tag
            self.routes = list(reversed(message.headers.all("Record-Route")))
        self.take_target(message)

    def take_target(self, message: Message) -> None:
        """Follow the other side's Contact."""
        if contact := message.headers.get("Contact"):
            self.remote_target = Address.parse(contact).uri

    def owns(self, request: Request) -> bool:
        """Whether a request of the other side belongs to this dialog."""
        headers = request.headers
        local, remote = Address.parse(headers.get("To")).tag, Address.parse(headers.get("From")).tag
        same_call = headers.get("Call-ID") == self.call_id
        return same_call and local == self.local_tag and remote == self.remote_tag

    def request(self, method: str, *, extra: Fields = (), body: bytes = b"") -> Request:
        """A new request of this dialog (or the INVITE that opens it), in a transaction of its own."""
        self.number += 1
        return self._build(
            method, self.remote_target, self.number, self._via(), self._to(), (*self._routes(), *extra), body
        )

    def ack(self, invite: Request) -> Request:
        """The ACK of a 2xx: a transaction of its own with the INVITE's number."""
        number = int(invite.headers.get("CSeq").split()[0])
        repeated = tuple((name, value) for name, value in invite.headers if name.endswith("Authorization"))
        extra = (*self._routes(), *repeated)
        return self._build("ACK", self.remote_target, number, self._via(), self._to(), extra, b"")

    def within(self, method: str, invite: Request, to: str) -> Request:
        """CANCEL, or the ACK of a failure: the INVITE's own transaction, URI and number."""
        number = int(invite.headers.get("CSeq").split()[0])
        return self._build(method, invite.uri, number, invite.headers.get("Via"), to, (), b"")

    @property
    def contact(self) -> str:
        return f"<sip:simcaller@{self.local_host}:{self.local_port}>"

    def _via(self) -> str:
        return f"SIP/2.0/UDP {self.local_host}:{self.local_port};rport;branch={BRANCH_COOKIE}{self.new_token()}"

    def _from(self) -> str:
        name = f'"{self.invitation.caller_name}" ' if self.invitation.caller_name else ""
        return f"{name}<sip:{self.invitation.caller_number}@{self.local_host}>;tag={self.local_tag}"

    def _to(self) -> str:
        tag = f";tag={self.remote_tag}" if self.remote_tag else ""
        return f"<{self.invitation.uri}>{tag}"

    def _routes(self) -> Fields:
        return tuple(("Route", route) for route in self.routes)

    def _build(self, method: str, uri: str, number: int, via: str, to: str, extra: Fields, body: bytes) -> Request:
        fields = (
            ("Via", via),
            ("Max-Forwards", "70"),
            ("From", self._from()),
            ("To", to),
            ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"),
            ("Contact", self.contact),
            ("Allow", ALLOW),
            ("User-Agent", "simcaller"),
            *extra,
        )
        content = (("Content-Type", "application/sdp"),) if body else ()
        return Request(method, uri, Headers((*fields, *content)), body)
