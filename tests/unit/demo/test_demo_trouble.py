"""One line for a person."""

import pytest

from demo.trouble import explain
from provision.cache import ProvisionError
from stack.services import ServiceFailed


def test_an_expected_error_is_its_own_text() -> None:
    assert explain(ProvisionError("Asterisk: none; start Docker")) == "Asterisk: none; start Docker"


def test_of_a_log_the_last_line_says_why() -> None:
    error = ServiceFailed(
        "tts-player is not ready: it ended with 2\nstarting\ntts-player: setting X: is not set; set it"
    )

    assert explain(error) == "tts-player is not ready: it ended with 2: tts-player: setting X: is not set; set it"


def test_a_group_is_as_expected_as_its_members() -> None:
    inner = ExceptionGroup("inner", [OSError("no space")])

    assert explain(ExceptionGroup("outer", [inner, ServiceFailed("later")])) == "no space"


def test_an_error_without_a_text_is_named() -> None:
    assert explain(OSError()) == "OSError"


@pytest.mark.parametrize("error", [ValueError("bug"), ExceptionGroup("mixed", [OSError("x"), ValueError("bug")])])
def test_a_bug_stays_a_bug(error: Exception) -> None:
    with pytest.raises(type(error)):
        explain(error)
