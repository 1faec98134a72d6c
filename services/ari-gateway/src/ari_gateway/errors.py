"""What can go wrong between the gateway and Asterisk.

ARIError
├── ARIUnavailable          Asterisk does not answer, is shutting down or too busy: worth repeating
├── ARIRefused              Asterisk answered no: repeating changes nothing until somebody acts
│   ├── WrongPassword       401
│   ├── Forbidden           403: the user is read_only, or an ACL keeps this host out
│   ├── NotFound            404: channel, bridge, playback or variable is not there (any more)
│   └── Conflict            409, 412, 422: the channel is not in a state for this, e.g. it has left Stasis
└── ARIProtocolError        the answer is not what ARI describes: another server, or an incompatible version
"""


class ARIError(Exception):
    """Anything that went wrong between the gateway and Asterisk; the text is one line."""


class ARIUnavailable(ARIError):
    """Asterisk does not answer, is shutting down or is too busy."""


class ARIRefused(ARIError):
    """Asterisk answered no; ``status`` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class WrongPassword(ARIRefused):
    """User or password is wrong, or the user has no password (401)."""


class Forbidden(ARIRefused):
    """The user may not do this (403)."""


class NotFound(ARIRefused):
    """The thing named is not there, or not any more (404)."""


class Conflict(ARIRefused):
    """The channel is not in a state in which this can be done (409, 412, 422)."""


class ARIProtocolError(ARIError):
    """The answer is not what ARI describes."""


_BY_STATUS: dict[int, type[ARIRefused]] = {
    401: WrongPassword,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    422: Conflict,
}

_CURES: dict[type[ARIRefused], str] = {
    WrongPassword: "; check ASTERISK_ARI_USERNAME and ASTERISK_ARI_PASSWORD against ari.conf",
    Forbidden: "; the user in ari.conf needs read_only = no, and its ACL must permit this host",
}


def from_status(status: int, what: str, reason: str) -> ARIError:
    """The exception for an HTTP status of 400 or above; ``what`` names the request, ``reason`` is Asterisk's own."""
    text = f"{what}: {status} {reason}".rstrip()
    if status >= 500:
        return ARIUnavailable(text)
    if status == 404 and not reason:
        # ARI's own 404 names what it did not find; this is the HTTP server's, as while Asterisk starts.
        return ARIUnavailable(f"{text}: ARI is not loaded (yet)")
    kind = _BY_STATUS.get(status, ARIRefused)
    return kind(text + _CURES.get(kind, ""), status)


def cure(error: ARIError) -> str:
    """What to look at when Asterisk does not answer; a refusal's text has its own."""
    if isinstance(error, ARIUnavailable):
        return "; check ASTERISK_ARI_URL, and that Asterisk runs with enabled = yes in http.conf and ari.conf"
    return ""
