"""The demo's stories, what is kept of a call, and the state of a stack in the background."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo import background, picture
from demo.console import Console, wants_colour
from demo.story import Move, StoryError, asking_again, goal_prompts, load
from demo.up import free_sip_port, invitation
from demo.words import Note, Spoken, Wait
from simcaller.script import Press, Say

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_shipped_stories_can_be_acted(language: str) -> None:
    story = load(ROOT / "scenarios", f"clinic-{language}-demo")

    assert story.scenario == f"clinic-{language}"
    assert len(story.moves) >= 4
    assert story.misunderstandings


def write(folder: Path, story: str, scenario: str = "defaults: {no_match: [Простите]}") -> None:
    (folder / "stories").mkdir()
    (folder / "stories" / "one.yaml").write_text(story, encoding="utf-8")
    (folder / "clinic.yaml").write_text(scenario, encoding="utf-8")


def test_moves_are_read_in_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        "scenario: clinic\nturns: [{bot: greeting, caller: Да}, {interrupts: Нет}, {dtmf: 12}, {bot: bye}]",
    )

    story = load(tmp_path, "one")

    assert story.moves == (Move(Say("Да")), Move(Say("Нет"), interrupts=True), Move(Press("12")))
    assert story.misunderstandings == {"Простите"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("turns: [{mumble: true}]\nscenario: clinic", "turn .*mumble.* cannot be acted"),
        ("scenario: clinic", "'turns' is missing"),
        ("turns: [", "is no YAML"),
        ("- one", "holds no story"),
    ],
)
def test_a_story_that_cannot_be_acted_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    write(tmp_path, text)

    with pytest.raises(StoryError, match=complaint) as error:
        load(tmp_path, "one")
    assert "one.yaml" in str(error.value)


def test_a_story_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoryError, match="No such file"):
        load(tmp_path, "two")


def test_every_way_of_asking_again_is_known() -> None:
    scenario = {
        "slots": {"a": {"invalid": "Нет такого"}},
        "states": [{"no_input": ["Алло?", "Вы тут?"]}],
        "prompt": "Да",
    }

    assert set(asking_again(scenario)) == {"Нет такого", "Алло?", "Вы тут?"}


def test_the_prompts_of_goals_are_found_with_anything_for_their_variables() -> None:
    states = {"booked": {"goal": True, "prompt": "Готово: {doctor.to}, {date|day}."}, "ask": {"prompt": "Когда?"}}

    prompts = goal_prompts({"states": states})

    assert list(prompts) == ["booked"]
    assert prompts["booked"][0].fullmatch("Готово: к терапевту, завтра.")


def running(pid: int) -> background.Running:
    return background.Running(
        keeper=background.Process.of(pid),
        children=(),
        host="10.0.0.2",
        sip_port=5060,
        username="softphone",
        password="secret",
        redis_url="redis://127.0.0.1:1/0",
        log_dir="logs",
    )


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("own_cache")
def test_what_runs_is_written_for_its_owner_alone_and_read_back() -> None:
    background.write(running(os.getpid()))

    assert background.read() == running(os.getpid())
    assert stat.S_IMODE(background.state_file().stat().st_mode) == 0o600
    background.forget()
    assert background.read() is None


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("text", ["", "{}", '{"keeper": 1}', "[]"])
def test_a_broken_state_file_is_no_stack(text: str) -> None:
    background.state_file().parent.mkdir()
    background.state_file().write_text(text, encoding="utf-8")

    assert background.read() is None


@pytest.mark.usefixtures("own_cache")
def test_another_process_with_the_same_number_is_not_ours() -> None:
    ours = background.Process.of(os.getpid())
    other = background.Process(ours.pid, ours.began - 1)

    assert ours.alive
    assert not other.alive
    assert not background.Process(2**22 + 1, 0).alive


def test_the_password_is_not_in_the_representation() -> None:
    assert "secret" not in repr(running(os.getpid()))


def test_the_invitation_says_what_to_type_into_a_softphone() -> None:
    text = invitation(running(os.getpid()))

    for part in ("softphone", "secret", "10.0.0.2:5060", "1001", "1002", "make down"):
        assert part in text


def test_a_taken_sip_port_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr("demo.up.SIP_PORT", taken.getsockname()[1])
        assert free_sip_port("127.0.0.1") == 0


def test_text_is_laid_into_lines() -> None:
    def fits(line: str) -> bool:
        return len(line) <= 10

    assert picture.wrap("one two three four", fits, 4) == ("one two", "three four")
    assert picture.wrap("one two three four five", fits, 2) == ("one two", "three four …")
    assert picture.wrap("", fits, 4) == ()


def test_words_lie_under_their_beginning_in_their_row() -> None:
    spoken = [Spoken("bot", 101.0, "раз"), Spoken("bot", 117.5, "два")]

    first, second = picture.places(spoken, 100.0, lambda line: 8.0 * len(line))

    assert (first.x, second.x) == (picture.MARGIN + 100, picture.MARGIN + 250)
    assert second.y - first.y == picture.ROW_HEIGHT


def test_a_wait_goes_on_in_the_next_row() -> None:
    assert picture.pieces(14.0, 16.5) == [(0, 14.0, 15.0), (1, 0.0, 1.5)]
    assert picture.pieces(-0.5, 1.0) == [(0, 0.0, 1.0)]


def test_the_loudest_sample_of_a_column_counts() -> None:
    samples = np.zeros(200, dtype=np.int16)
    samples[100] = -16384

    assert picture.peaks(samples, 4).tolist() == [0.0, 0.5, 0.0, 0.0]


def test_a_picture_has_a_row_for_every_fifteen_seconds(tmp_path: Path) -> None:
    sides = {"caller": np.full(8000 * 16, 5000, dtype=np.int16), "bot": np.zeros(8000, dtype=np.int16)}

    picture.draw(tmp_path / "x.png", "Call", sides, 0.0, [Spoken("caller", 1.0, "Да")], [Wait(1.0, 2.0)])

    with Image.open(tmp_path / "x.png") as image:
        assert image.size == (picture.WIDTH, picture.TITLE_HEIGHT + 2 * picture.ROW_HEIGHT + picture.MARGIN)
        assert len(image.getcolors(100_000) or []) > 5


def test_what_was_shown_is_kept_without_colours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(0.0, coloured=True)
    console.show([Note(1.0, "hello")])
    console.tell("done", "good")
    console.keep(tmp_path / "call.txt")

    assert "\x1b[" in capsys.readouterr().out
    assert (tmp_path / "call.txt").read_text(encoding="utf-8") == "  1.00 s  -        hello\ndone\n"


def test_what_is_no_terminal_gets_no_colours() -> None:
    assert not wants_colour(None, "xterm")
    assert not wants_colour("1", "xterm")
