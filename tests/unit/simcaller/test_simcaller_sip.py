"""SIP messages, session descriptions and digest credentials as data."""

import pytest

from simcaller import sdp, sip
from simcaller.digest import Challenge, Credentials, UnknownChallenge, authorize

INVITE = (
    b"INVITE sip:1001@127.0.0.1 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKone\r\n"
    b"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKtwo, SIP/2.0/UDP 10.0.0.2\r\n"
    b'f: "Ivan, \xd0\x98." <sip:+7900@127.0.0.1>;tag=abc\r\n'
    b"To: <sip:1001@127.0.0.1>\r\n"
    b"Call-ID: one@127.0.0.1\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Subject: folded\r\n  over two lines\r\n"
    b"Content-Length: 3\r\n"
    b"\r\nabcdef"
)


def test_a_request_is_taken_apart() -> None:
    message = sip.parse(INVITE)

    assert isinstance(message, sip.Request)
    assert (message.method, message.uri, message.body) == ("INVITE", "sip:1001@127.0.0.1", b"abc")
    assert sip.cseq(message) == (1, "INVITE")
    assert sip.branch(message) == "z9hG4bKone"
    assert message.headers.get("subject") == "folded over two lines"


def test_compact_names_and_lists_are_understood() -> None:
    headers = sip.parse(INVITE).headers

    assert len(headers.all("VIA")) == 3
    assert sip.Address.parse(headers.get("From")).tag == "abc"
    assert sip.Address.parse(headers.get("From")).display_name == "Ivan, И."


def test_what_is_built_is_parsed_back() -> None:
    response = sip.Response(486, "Busy Here", sip.Headers((("CSeq", "1 INVITE"),)), b"body")

    again = sip.parse(response.encode())

    assert isinstance(again, sip.Response)
    assert (again.status, again.reason, again.body) == (486, "Busy Here", b"body")


def test_a_response_repeats_what_the_request_said_and_adds_our_tag() -> None:
    request = sip.parse(INVITE)
    assert isinstance(request, sip.Request)

    response = sip.respond(request, 200, "OK", to_tag="ours")

    assert response.headers.all("Via") == request.headers.all("Via")
    assert sip.Address.parse(response.headers.get("To")).tag == "ours"
    assert response.headers.get("CSeq") == "1 INVITE"


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\r\n\r\n",
        b"INVITE sip:1001 SIP/2.0\r\nVia: x",
        b"INVITE sip:1001\r\n\r\n",
        b"INVITE sip:1001 SIP/1.0\r\n\r\n",
        b"SIP/2.0 2000 OK\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nno colon\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 9\r\n\r\nshort",
        b"OPTIONS sip:x SIP/2.0\r\nSubject: \xff\r\n\r\n",
    ],
)
def test_what_is_no_sip_is_refused(datagram: bytes) -> None:
    with pytest.raises(sip.SipSyntaxError):
        sip.parse(datagram)


def test_an_address_without_brackets_has_its_parameters_after_it() -> None:
    address = sip.Address.parse("sip:1001@host;tag=x;lr")

    assert (address.uri, address.params) == ("sip:1001@host", {"tag": "x", "lr": ""})


def test_an_offer_is_understood_as_it_was_meant() -> None:
    offer = sdp.Audio("127.0.0.1", 4000)

    assert sdp.parse(sdp.build(offer, session_id=7)) == offer


def test_an_offer_without_telephone_event_says_so() -> None:
    offer = sdp.Audio("127.0.0.1", 4000, telephone_event=None, direction="sendonly")

    assert sdp.parse(sdp.build(offer, session_id=7)) == offer


def test_the_audio_section_counts_and_not_the_video_one() -> None:
    body = (
        b"v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"
        b"a=recvonly\r\nm=video 5000 RTP/AVP 99\r\nc=IN IP4 10.0.0.9\r\na=sendonly\r\n"
    )

    assert sdp.parse(body) == sdp.Audio("10.0.0.1", 4000, 96, "recvonly")


@pytest.mark.parametrize(
    "body", [b"", b"v=0\r\nc=IN IP4 1.2.3.4\r\n", b"c=IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 8\r\n"]
)
def test_a_description_without_pcmu_is_refused(body: bytes) -> None:
    with pytest.raises(sdp.SdpError):
        sdp.parse(body)


def test_digest_of_rfc_2617() -> None:
    challenge = Challenge.parse(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )

    value = authorize(
        challenge, Credentials("Mufasa", "Circle Of Life"), method="GET", uri="/dir/index.html", cnonce="0a4f113b"
    )

    assert 'response="6629fae49393a05397450978507c4ef1"' in value
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in value


def test_digest_without_quality_of_protection() -> None:
    challenge = Challenge.parse('Digest realm="asterisk",nonce="n"')

    value = authorize(challenge, Credentials("u", "p"), method="INVITE", uri="sip:x", cnonce="c")

    assert "qop" not in value
    assert "cnonce" not in value


def test_another_challenge_than_md5_is_not_answered() -> None:
    with pytest.raises(UnknownChallenge):
        Challenge.parse('Digest realm="r", nonce="n", algorithm=SHA-256')


def test_a_password_is_not_shown() -> None:
    assert "hidden" not in repr(Credentials("user", "hidden"))
