"""The caller's SIP state machine, in time that is passed in."""

from itertools import count

import pytest

from simcaller import sdp, sip
from simcaller.agent import State, UserAgent
from simcaller.dialog import Dialog, Invitation
from simcaller.digest import Credentials
from simcaller.events import Answered, HungUp, MediaChanged, Progress, Refused
from simcaller.transactions import Retransmission, Timers

TIMERS = Timers()
BOT_MEDIA = sdp.Audio("127.0.0.1", 7000)
CONTACT = ("Contact", "<sip:bot@127.0.0.1:5060>")


class Far:
    """The far end of a `UserAgent` under test."""

    def __init__(self, credentials: Credentials | None = None) -> None:
        numbers = count(1)
        invitation = Invitation("1001", "127.0.0.1", 5060, "+7900", "Ivan", (("X-Campaign", "spring"),))
        dialog = Dialog(invitation, "127.0.0.1", 5070, new_token=lambda: f"token{next(numbers)}")
        self.agent = UserAgent(
            dialog, sdp.Audio("127.0.0.1", 6000), session_id=1, timers=TIMERS, credentials=credentials
        )
        self.agent.invite(0.0)

    def taken(self) -> list[sip.Message]:
        return [sip.parse(datagram) for datagram in self.agent.datagrams()]

    def request(self) -> sip.Request:
        (message,) = self.taken()
        assert isinstance(message, sip.Request)
        return message

    def answer(self, request: sip.Request, status: int, *, now: float = 0.1, extra: sip.Fields = ()) -> None:
        invited = request.method == "INVITE" and status in (183, 200)
        body = sdp.build(BOT_MEDIA, session_id=2) if invited else b""
        response = sip.respond(request, status, "Because", to_tag="far", extra=(CONTACT, *extra), body=body)
        self.agent.receive(response.encode(), now)

    def ask(self, method: str, *, body: bytes = b"", extra: sip.Fields = (), from_tag: str = "far") -> None:
        dialog = self.agent.dialog
        fields = (
            ("Via", f"SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{method}"),
            ("From", f"<sip:1001@127.0.0.1>;tag={from_tag}"),
            ("To", f"<sip:+7900@127.0.0.1>;tag={dialog.local_tag}"),
            ("Call-ID", dialog.call_id),
            ("CSeq", f"9 {method}"),
            *extra,
        )
        self.agent.receive(sip.Request(method, "sip:simcaller", sip.Headers(fields), body).encode(), 1.0)

    def response(self) -> sip.Response:
        (message,) = self.taken()
        assert isinstance(message, sip.Response)
        return message

    def pick_up(self) -> sip.Request:
        """Answer the call; returns the INVITE."""
        invite = self.request()
        self.answer(invite, 200)
        assert self.agent.events() == [Answered(BOT_MEDIA)]
        assert self.request().method == "ACK"
        return invite


def test_the_invite_says_who_calls_whom() -> None:
    invite = Far().request()

    assert invite.uri == "sip:1001@127.0.0.1:5060"
    assert invite.headers.get("From").startswith('"Ivan" <sip:+7900@127.0.0.1>;tag=')
    assert invite.headers.get("X-Campaign") == "spring"
    assert sdp.parse(invite.body).port == 6000


def test_the_invite_is_sent_again_at_doubling_intervals_until_a_provisional_answer() -> None:
    far = Far()
    invite = far.request()

    sent_again = []
    for now in (0.4, 0.5, 1.4, 1.5, 3.5):
        far.agent.tick(now)
        sent_again.append(len(far.agent.datagrams()))
    far.answer(invite, 100, now=3.6)
    far.agent.tick(20.0)

    assert sent_again == [0, 1, 0, 1, 1]
    assert far.agent.datagrams() == []
    assert far.agent.deadline is None


def test_nobody_answers_at_all() -> None:
    far = Far()

    far.agent.tick(TIMERS.patience_seconds)

    assert far.agent.events() == [Refused(408, "Request Timeout")]
    assert far.agent.state is State.ENDED


def test_a_call_is_answered_and_hung_up() -> None:
    far = Far()
    far.pick_up()

    far.agent.hang_up(1.0)
    bye = far.request()
    far.answer(bye, 200)

    assert bye.uri == "sip:bot@127.0.0.1:5060"
    assert sip.Address.parse(bye.headers.get("To")).tag == "far"
    assert sip.cseq(bye) == (2, "BYE")
    assert far.agent.events() == [HungUp("caller")]


def test_routes_of_the_answer_are_followed_in_reverse() -> None:
    far = Far()
    record = (("Record-Route", "<sip:first;lr>"), ("Record-Route", "<sip:second;lr>"))
    far.answer(far.request(), 200, extra=record)
    ack = far.request()

    assert ack.headers.all("Route") == ["<sip:second;lr>", "<sip:first;lr>"]


def test_progress_with_early_media_is_told() -> None:
    far = Far()
    invite = far.request()
    far.answer(invite, 180)
    far.answer(invite, 183)

    assert far.agent.events() == [Progress(180, None), Progress(183, BOT_MEDIA)]


def test_a_lost_ack_is_sent_again_for_every_repeated_answer() -> None:
    far = Far()
    invite = far.pick_up()

    far.answer(invite, 200)

    assert far.request().method == "ACK"
    assert far.agent.events() == []


def test_a_refusal_is_acknowledged_in_the_same_transaction_each_time() -> None:
    far = Far()
    invite = far.request()
    far.answer(invite, 486)
    ack = far.request()
    far.answer(invite, 486)

    assert ack.method == "ACK"
    assert sip.branch(ack) == sip.branch(invite)
    assert far.request().method == "ACK"
    assert far.agent.events() == [Refused(486, "Because")]


def test_hanging_up_while_it_rings_cancels() -> None:
    far = Far()
    invite = far.request()
    far.answer(invite, 180)
    far.agent.hang_up(0.2)
    cancel = far.request()
    far.answer(cancel, 200)
    far.answer(invite, 487)

    assert (cancel.method, sip.branch(cancel)) == ("CANCEL", sip.branch(invite))
    assert far.agent.events()[-1] == Refused(487, "Because")


def test_a_cancel_waits_for_the_first_provisional_answer() -> None:
    far = Far()
    invite = far.request()
    far.agent.hang_up(0.0)
    assert far.taken() == []

    far.answer(invite, 100)

    assert far.request().method == "CANCEL"


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() -> None:
    far = Far()
    invite = far.request()
    far.answer(invite, 180)
    far.agent.hang_up(0.2)
    far.taken()
    far.answer(invite, 200)

    assert [message.method for message in far.taken() if isinstance(message, sip.Request)] == ["ACK", "BYE"]
    assert Answered(BOT_MEDIA) not in far.agent.events()


def test_an_answer_without_pcmu_is_ended() -> None:
    far = Far()
    invite = far.request()
    response = sip.respond(invite, 200, "OK", to_tag="far", extra=(CONTACT,), body=b"v=0\r\n")
    far.agent.receive(response.encode(), 0.1)

    assert [message.method for message in far.taken() if isinstance(message, sip.Request)] == ["ACK", "BYE"]


def test_the_bot_hangs_up_with_a_cause() -> None:
    far = Far()
    far.pick_up()
    far.ask("BYE", extra=(("Reason", 'Q.850;cause=21;text="rejected"'),))

    assert far.response().status == 200
    assert far.agent.events() == [HungUp("bot", 21)]


def test_a_repeated_bye_is_answered_again() -> None:
    far = Far()
    far.pick_up()
    far.ask("BYE")
    far.ask("BYE")

    assert [message.status for message in far.taken() if isinstance(message, sip.Response)] == [200, 200]
    assert far.agent.events() == [HungUp("bot")]


def test_a_bye_without_an_answer_ends_the_call_all_the_same() -> None:
    far = Far()
    far.pick_up()
    far.agent.hang_up(1.0)
    far.agent.tick(1.0 + TIMERS.patience_seconds)

    assert far.agent.events() == [HungUp("caller")]


def test_options_are_answered_with_a_description() -> None:
    far = Far()
    far.pick_up()
    far.ask("OPTIONS")

    response = far.response()

    assert response.status == 200
    assert sdp.parse(response.body).port == 6000


def test_a_reinvite_moves_the_media_and_its_answer_repeats_until_acknowledged() -> None:
    far = Far()
    far.pick_up()
    held = sdp.Audio("127.0.0.1", 7002, direction="sendonly")
    far.ask("INVITE", body=sdp.build(held, session_id=2, version=2))
    response = far.response()
    far.agent.tick(1.5)
    repeated = far.response()
    far.ask("ACK")

    assert sdp.parse(response.body).direction == "recvonly"
    assert repeated == response
    assert far.agent.events() == [MediaChanged(held)]
    assert far.agent.deadline is None


def test_a_reinvite_without_an_offer_gets_one() -> None:
    far = Far()
    far.pick_up()
    far.ask("INVITE")

    assert sdp.parse(far.response().body).port == 6000


def test_a_reinvite_that_offers_nothing_usable_is_refused() -> None:
    far = Far()
    far.pick_up()
    far.ask("INVITE", body=b"v=0\r\n")

    assert far.response().status == 488


def test_a_request_of_another_dialog_is_unknown() -> None:
    far = Far()
    far.pick_up()
    far.ask("BYE", from_tag="stranger")

    assert far.response().status == 481
    assert far.agent.state is State.UP


def test_a_request_that_the_phone_does_not_know_is_not_allowed() -> None:
    far = Far()
    far.pick_up()
    far.ask("REFER")

    assert far.response().status == 405


@pytest.mark.parametrize(
    ("status", "asks", "answers"),
    [(401, "WWW-Authenticate", "Authorization"), (407, "Proxy-Authenticate", "Proxy-Authorization")],
)
def test_a_challenge_is_answered_once(status: int, asks: str, answers: str) -> None:
    far = Far(Credentials("softphone", "secret"))
    first = far.request()
    challenge = ((asks, 'Digest realm="asterisk", nonce="n", qop="auth"'),)
    far.answer(first, status, extra=challenge)
    ack, second = far.taken()
    assert isinstance(ack, sip.Request)
    assert isinstance(second, sip.Request)
    far.answer(first, status, extra=challenge)  # repeated by the other side: acknowledged, no third try
    again = far.taken()
    far.answer(second, status, extra=challenge)

    assert ack.method == "ACK"
    assert 'username="softphone"' in second.headers.get(answers)
    assert sip.cseq(second) == (2, "INVITE")
    assert [message.method for message in again if isinstance(message, sip.Request)] == ["ACK"]
    assert far.agent.events() == [Refused(status, "Because")]


def test_a_challenge_without_credentials_is_a_refusal() -> None:
    far = Far()
    far.answer(far.request(), 401, extra=(("WWW-Authenticate", 'Digest realm="r", nonce="n"'),))

    assert far.agent.events() == [Refused(401, "Because")]


def test_rubbish_is_dropped() -> None:
    far = Far()
    far.taken()
    for datagram in (b"\x00", b"", b"OPTIONS sip:x SIP/2.0\r\nCSeq: many\r\n\r\n"):
        far.agent.receive(datagram, 0.1)

    assert far.taken() == []
    assert far.agent.events() == []


def test_other_requests_repeat_at_most_every_t2() -> None:
    sending = Retransmission.other(b"BYE", 0.0, TIMERS)

    moments = []
    for step in range(32 * 2):
        now = step / 2
        if sending.due(now):
            moments.append(now)

    assert moments == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert sending.expired(32.0)
