"""Every story of the shipped scenarios goes as it is written."""

from pathlib import Path

import pytest

from dialog_fsm.command_line import parsed, run
from dialog_fsm.load import ScenarioError, load_scenario, load_scenarios
from dialog_fsm.story import load_story, run_story, scenario_path

SCENARIOS = Path(__file__).parents[3] / "scenarios"
STORIES = sorted((SCENARIOS / "stories").glob("*.yaml"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_goes_as_written(path: Path) -> None:
    assert run_story(path).faults == ()


def test_every_scenario_has_its_stories_and_every_state_is_in_one() -> None:
    for name, program in load_scenarios(SCENARIOS).items():
        stories = [path for path in STORIES if load_story(path)[0].scenario == name]
        texts = "".join(path.read_text(encoding="utf-8") for path in stories)
        assert len(stories) >= 6
        for state, spec in program.scenario.states.items():
            # Routers are passed without a word.
            assert state in texts or not spec.prompt or spec.next, f"{name}: no story comes to {state}"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_demo_has_sentences_for_the_simulated_caller(language: str) -> None:
    path = SCENARIOS / "stories" / f"clinic-{language}-demo.yaml"
    story, _ = load_story(path)
    assert story.story == "demo"
    assert story.goal
    assert 4 <= sum(bool(turn.caller or turn.interrupts) for turn in story.turns) <= 6
    assert scenario_path(path, story.scenario) == SCENARIOS / f"clinic-{language}.yaml"


def test_no_digit_is_left_for_a_russian_voice() -> None:
    for prompt in load_scenario(SCENARIOS / "clinic-ru.yaml").fixed_prompts:
        assert not any(sign.isdigit() for sign in prompt.text)


STORY = """\
story: wrong
scenario: clinic-ru
turns:
  - {bot: greeting, caller: "К хирургу", slots: {doctor: dentist}}
goal: true
"""


def _written(folder: Path, text: str) -> Path:
    (folder / "clinic-ru.yaml").write_text((SCENARIOS / "clinic-ru.yaml").read_text(encoding="utf-8"), "utf-8")
    path = folder / "story.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "fault"),
    [
        ("", "", 4, 'slot "doctor" should be dentist, but is surgeon'),
        ("bot: greeting", "bot: goodbye", 4, 'expected the state "goodbye", but it is "greeting"'),
        ("bot: greeting", "bot: Привет", 4, 'expected to hear "Привет"'),
        (", slots: {doctor: dentist}", "", 4, 'the call should end by "hangup", but it is "open"'),
    ],
)
def test_what_is_not_as_written_is_named(tmp_path: Path, old: str, new: str, line: int, fault: str) -> None:
    path = _written(tmp_path, STORY.replace(old, new))
    (first, *_) = run_story(path).faults
    assert first.startswith(f"{path}:{line}: ")
    assert fault in first


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("caller:", "callre:", 'story.yaml:4: turns: callre: unknown key "callre"; did you mean "caller"?'),
        ("goal: true", "", 'story.yaml:1: the key "goal" is missing'),
        (
            "scenario: clinic-ru",
            "scenario: nosuch",
            'scenario "nosuch" is in no file nosuch.yaml here or one folder up',
        ),
        ("caller:", "silence: true, caller:", "story.yaml:4: turns: a turn has one move of the caller"),
    ],
)
def test_a_bad_story_is_refused(tmp_path: Path, old: str, new: str, fault: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        run_story(_written(tmp_path, STORY.replace(old, new)))
    assert fault in str(caught.value)


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert parsed([]) is None

    def ran(*arguments: str) -> int:
        command = parsed(arguments)
        assert command is not None
        return run(command)

    assert ran("check", str(SCENARIOS / "clinic-ru.yaml")) == 0
    assert "clinic-ru is well" in capsys.readouterr().out
    assert ran("story", "-v", *map(str, STORIES[:2])) == 0
    assert "as written" in capsys.readouterr().out
    assert ran("story", str(_written(tmp_path, STORY))) == 1
    assert "should be dentist" in capsys.readouterr().err
    (tmp_path / "bad.yaml").write_text("scenario: bad", encoding="utf-8")
    assert ran("check", str(tmp_path / "bad.yaml")) == 1
    lines = iter(["записаться", "#1", "", "до свидания"])
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    assert ran("talk", str(SCENARIOS / "clinic-ru.yaml")) == 0
    assert "До свидания!" in capsys.readouterr().out
