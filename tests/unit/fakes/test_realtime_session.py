"""The realtime socket's rules, without a socket: what the session does for each message, in audio time."""

import base64
import json
from collections.abc import Iterable
from typing import Any, get_args

import numpy as np
import pytest

from tests.fakes.elevenlabs import RealtimeBehaviour, Script, mulaw_encode, speechlike
from tests.fakes.elevenlabs.errors import RealtimeError
from tests.fakes.elevenlabs.faults import Drop, FailAfter, FailAtStart, FailCommit, RealtimeFault, SlowCommit, Stall
from tests.fakes.elevenlabs.query import InvalidQuery, parse_query
from tests.fakes.elevenlabs.record import Connection
from tests.fakes.elevenlabs.session import Close, GoSilent, Send, Session

RATE = 8000
SPEECH = np.tile(speechlike("speech", RATE), 20)


class Client:
    """Speaks to a session and remembers what it did."""

    def __init__(
        self,
        *,
        script: Iterable[str] = ("alpha beta gamma",),
        behaviour: RealtimeBehaviour | None = None,
        faults: tuple[RealtimeFault, ...] = (),
        **query: str,
    ) -> None:
        parameters = {"audio_format": ["ulaw_8000"]} | {name: [value] for name, value in query.items()}
        self.connection = Connection(1, parameters, 0.0)
        self.violations: list[str] = []
        self.session = Session(
            session_id="s",
            options=parse_query(parameters),
            behaviour=behaviour or RealtimeBehaviour(),
            transcriber=Script(script),
            connection=self.connection,
            violations=self.violations,
            faults=faults,
        )
        self.actions = list(self.session.start())

    def speak(self, seconds: float, *, commit: bool = False, chunk_seconds: float = 0.1, **more: Any) -> list[Any]:
        done = []
        for place in range(round(seconds / chunk_seconds)):
            done += self.say(SPEECH[place * 800 % RATE :][: round(chunk_seconds * RATE)], **more)
        return done + (self.say(SPEECH[:0], commit=True) if commit else [])

    def silence(self, seconds: float, *, commit: bool = False) -> list[Any]:
        return self.say(np.zeros(round(seconds * RATE), np.int16), commit=commit)

    def say(self, samples: Any, *, commit: bool = False, **more: Any) -> list[Any]:
        audio = base64.b64encode(mulaw_encode(samples)).decode()
        message = {"message_type": "input_audio_chunk", "audio_base_64": audio, "commit": commit, "sample_rate": RATE}
        return self.send(json.dumps(message | more))

    def send(self, text: str) -> list[Any]:
        done = list(self.session.receive(text))
        self.actions += done
        return done


def types(actions: list[Any]) -> list[str]:
    return [action.frame["message_type"] for action in actions if isinstance(action, Send)]


def texts(actions: list[Any], kind: str) -> list[str]:
    frames = [action.frame for action in actions if isinstance(action, Send)]
    return [frame["text"] for frame in frames if frame["message_type"] == kind]


def closes(actions: list[Any]) -> list[tuple[int | None, str]]:
    return [(action.code, action.reason) for action in actions if isinstance(action, Close)]


def test_session_starts_with_the_wires_config() -> None:
    started = Client(language_code="ru").actions[0]
    assert isinstance(started, Send)
    config = started.frame["config"]
    assert config["vad_commit_strategy"] is False
    assert config["disable_logging"] is False
    assert (config["sample_rate"], config["audio_format"], config["language_code"]) == (8000, "ulaw_8000", "ru")
    assert not {"commit_strategy", "enable_logging"} & set(config)


def test_no_partial_before_two_seconds_of_audio_then_one_a_second() -> None:
    client = Client()
    assert types(client.speak(1.9)) == []
    assert len(texts(client.speak(0.1), "partial_transcript")) == 1
    assert len(texts(client.speak(3.0), "partial_transcript")) == 3


def test_last_partial_repeats_through_silence_until_the_commit() -> None:
    client = Client()
    client.speak(2.0)
    repeated = [texts(client.silence(1.0), "partial_transcript") for _ in range(3)]
    assert repeated[1] == repeated[2] == ["alpha beta gamma"]


def test_committed_text_is_echoed_as_a_stale_partial() -> None:
    done = Client().speak(1.0, commit=True)
    assert types(done) == ["committed_transcript", "partial_transcript"]
    assert {action.frame["text"] for action in done} == {"alpha beta gamma"}


def test_commit_answers_with_the_text_and_forgets_the_audio() -> None:
    client = Client(script=["one", "two"])
    first, second = client.speak(1.0, commit=True), client.speak(0.5, commit=True)
    assert texts(first + second, "committed_transcript") == ["one", "two"]
    assert [(commit.started_seconds, commit.ended_seconds) for commit in client.connection.commits] == [
        (0, 1),
        (1, 1.5),
    ]


def test_silence_commits_to_an_empty_text() -> None:
    done = Client().silence(1.0, commit=True)
    assert texts(done, "committed_transcript") == [""]
    assert types(done) == ["committed_transcript"]


def test_timestamps_come_as_one_more_message() -> None:
    client = Client(include_timestamps="true")
    client.silence(1.0, commit=True)
    done = client.speak(2.0, commit=True)
    assert types(done)[-3:-1] == ["committed_transcript", "committed_transcript_with_timestamps"]
    words = done[-2].frame["words"]
    assert [word["text"] for word in words] == ["alpha", " ", "beta", " ", "gamma"]
    assert (words[0]["start"], words[-1]["end"]) == (1.0, 3.0)
    assert done[-2].frame["language_code"] is None


def test_language_detection_alone_has_no_words() -> None:
    frame = Client(include_language_detection="true", script=["да"]).speak(1.0, commit=True)[1].frame
    assert (frame["language_code"], frame["words"]) == ("ru", None)


def test_short_commit_is_throttled_and_closed() -> None:
    done = Client().speak(0.2, commit=True)
    assert types(done) == ["commit_throttled"]
    assert closes(done) == [(1000, "commit_throttled")]


def test_short_commit_can_be_ignored_instead() -> None:
    client = Client(behaviour=RealtimeBehaviour(throttle="ignore"))
    assert closes(client.speak(0.2, commit=True)) == []
    assert texts(client.speak(0.2, commit=True), "committed_transcript") == ["alpha beta gamma"]


def test_uncommitted_audio_is_committed_after_36_seconds() -> None:
    client = Client()
    assert texts(client.silence(35.9), "committed_transcript") == []
    assert texts(client.silence(0.2), "committed_transcript") == [""]
    assert client.connection.commits[0].asked is False


def test_vad_commits_after_silence() -> None:
    client = Client(commit_strategy="vad")
    client.speak(1.0)
    assert texts(client.silence(1.5), "committed_transcript") == []
    assert texts(client.silence(0.1), "committed_transcript") == ["alpha beta gamma"]
    assert texts(client.silence(5.0), "committed_transcript") == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("not json", "Message must be a valid protocol message"),
        ("[]", "Message must be a valid protocol message"),
        ('{"message_type": "commit"}', "Unexpected message type: commit"),
        ('{"message_type": "input_audio_chunk"}', "Message must be a valid protocol message"),
        ('{"message_type": "input_audio_chunk", "audio_base_64": "%"}', "Message must be a valid protocol message"),
    ],
)
def test_bad_message_is_an_error_and_the_socket_stays(text: str, error: str) -> None:
    client = Client()
    done = client.send(text)
    assert [action.frame for action in done] == [{"message_type": "input_error", "error": error}]
    assert texts(client.speak(1.0, commit=True), "committed_transcript") == ["alpha beta gamma"]


def test_previous_text_only_on_the_first_chunk() -> None:
    client = Client()
    assert types(client.speak(0.1, previous_text="before")) == []
    assert types(client.speak(0.1, previous_text=None)) == []
    assert types(client.speak(0.1, previous_text="again")) == ["input_error"]
    assert client.connection.previous_text == "before"


def test_what_the_service_might_refuse_is_noted() -> None:
    client = Client()
    client.say(SPEECH[:160], sample_rate=16000)
    client.send('{"message_type": "input_audio_chunk", "audio_base_64": ""}')
    assert client.violations == [
        "sample_rate 16000 with ulaw_8000",
        "input_audio_chunk without commit",
        "input_audio_chunk without sample_rate",
    ]


def test_cut_and_stall_at_their_moment() -> None:
    client = Client(faults=(Drop(0.5), Stall(0.3, pong=False)))
    client.speak(0.2)
    assert client.actions[1:] == []
    client.speak(0.3)
    assert client.actions[1:] == [GoSilent(pong=False), Close(None)]


@pytest.mark.parametrize("error", get_args(RealtimeError))
def test_every_error_on_demand(error: RealtimeError) -> None:
    start = Client(faults=(FailAtStart(error),)).actions
    later = Client(faults=(FailAfter(error, 0.5, "why"),)).speak(1.0)
    commit = Client(faults=(FailCommit(error),)).speak(1.0, commit=True)
    assert types(start) == types(later) == types(commit) == [error]
    assert later[0].frame["error"] == "why"
    assert bool(closes(later)) == (error != "input_error")


def test_slow_commit_and_limits() -> None:
    slow = Client(faults=(SlowCommit(700),)).speak(1.0, commit=True)
    assert slow[0].extra_delay_ms == 700
    limits = RealtimeBehaviour(max_chunk_seconds=0.5, max_session_seconds=1.0)
    client = Client(behaviour=limits)
    assert types(client.silence(0.6)) == ["chunk_size_exceeded"]
    assert types(client.speak(1.0)) == ["session_time_limit_exceeded"]


@pytest.mark.parametrize(
    "query",
    [
        {"audio_format": ["mp3"]},
        {"model_id": ["scribe_v9"]},
        {"commit_strategy": ["sometimes"]},
        {"vad_silence_threshold_secs": ["0.1"]},
        {"vad_threshold": ["much"]},
        {"min_speech_duration_ms": ["3000"]},
        {"include_timestamps": ["perhaps"]},
        {"language_code": ["Russian"]},
        {"keyterms": ["x"] * 51},
        {"keyterms": ["x" * 21]},
        {"filter_background_audio": ["true"], "include_timestamps": ["true"]},
        {"entity_redaction": ["all"], "transcript_edit": ["shorten"]},
    ],
)
def test_bad_query_is_refused(query: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidQuery, match="|".join(query).rstrip("s")):
        parse_query(query)


def test_unknown_parameters_are_let_through() -> None:
    assert parse_query({"sample_rate": ["8000"], "max_tokens_to_recompute": ["5"]}).model_id == "scribe_v2_realtime"
