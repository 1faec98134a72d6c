"""What is wrong with a scenario is said in one line, with file, line and cure."""

from pathlib import Path

import pytest

from dialog_fsm.load import ScenarioError, load_scenario, load_scenarios, parse_scenario
from tests.unit.dialog_fsm.small_scenarios import SMALL, changed, small


def line_of(text: str, fragment: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if fragment in line)


FAULTS = [
    # Names that lead nowhere.
    ("order: ask_size", "order: nosuch", 'state "hello": intent target "nosuch" is no state; states are: hello'),
    ("order: ask_size", "order: ask_sise", 'intent target "ask_sise" is no state; did you mean "ask_size"?'),
    ("start: hello", "start: hallo", 'start "hallo" is no state; did you mean "hello"?'),
    ("next: ask_colour", "next: nosuch", 'state "ask_size": next target "nosuch" is no state'),
    ("on_failure: operator", "on_failure: nosuch", 'defaults: on_failure target "nosuch" is no state'),
    ("on_failure: operator", "on_failure: hello", "defaults: the state of on_failure must hang up or transfer"),
    ("collect: colour", "collect: color", 'state "ask_colour": collect: "color" is no slot; did you mean "colour"?'),
    ("also: colour", "also: name", 'state "ask_size": also: free text "name" can only be collected'),
    ("order: ask_size", "oder: ask_size", 'state "hello": "oder" is no intent; did you mean "order"?'),
    ("repeat: repeat", "repaet: repeat", 'global intent "repaet": "repaet" is no intent; did you mean "repeat"?'),
    # Texts.
    ("Это {shop}.", "Это {shoop}.", 'state "hello": prompt: no slot or variable defines "shoop"; did you mean "shop"?'),
    ("Размер {size}", "Размер {size|clock}", 'filter "clock" is for time, but "size" is a number'),
    ("Размер {size}", "Размер {size|nosuch}", 'unknown filter "nosuch"'),
    ("Размер {size}", "Размер {size", 'state "done": prompt: a lone "{"'),
    ("Размер {size}", "Размер {size|count:раз}", 'filter "count" needs 3 forms, as in "{n|count:минута,минуты,минут}"'),
    ("Размер {size}", "Размер {size|money:XXX}", 'filter "money" needs a currency: RUB, USD, EUR'),
    ("{colour.of}", "{colour.off}", '"colour.off": option red, blue has no form "off"'),
    ("{colour.of}", "{size.of}", '"size.of": only the options of a choice have forms'),
    ("Готово, {name}", "Готово, {pin}", 'slot "pin" is secret and must not be said'),
    ("Готово, {name}", "Готово, {call.NAME}", '"call.NAME" is not defined; call has: caller_number'),
    ('"{call.TARIFF}"', '"{call.TARIF}"', '"call.TARIF" is not defined; did you mean "TARIFF"?'),
    # Shapes.
    ("    prompt: \"Какой цвет?\"\n", "", 'state "ask_colour": has no prompt'),
    ("    collect: colour\n    next: ask_name\n", "    collect: colour\n", "collects colour and has no next"),
    ("    goal: true\n    prompt", "    hangup: true\n    prompt", 'that ends the call has no next, collect or on'),
    ("collect: size\n", "collect: [size, day]\n", 'state "ask_size": has no missing prompt for "size"'),
    ("collect: pin\n", "collect: [pin, name]\n    missing: {pin: a, name: b}\n", "secret and other slots at once"),
    ("  size: {type: number", "  size: {type: numbr", 'slot "size": unknown type "numbr"; did you mean "number"?'),
    ("type: number, min", "min", 'slot "size": the key "type" is missing'),
    ("min: 1, max: 9", "min: 9, max: 1", 'slot "size": min 9 is above max 1'),
    ("size: {type: number", "size: {secret: true, type: number", 'slot "size": only digits, phone, free can be secret'),
    ("    hangup: true", "    hangup: true\n    promt: a", 'promt: unknown key "promt"; did you mean "prompt"?'),
    ("language: ru", "language: de", "language: "),
    ("timezone: Europe/Moscow", "timezone: Mars/Base", 'timezone "Mars/Base" is unknown; write one such as'),
    ("{phrases: [новости], dtmf: \"7\"}", "{}", 'intent "news" has no phrases, no patterns and no key'),
    ("phrases: [новости]", "patterns: [\"(\"]", 'intent "news": patterns: \'(\' is no regular expression'),
    ("    on:\n      order", "    on:\n      news: bye\n      order", ""),
    ("dtmf: \"7\"", "dtmf: \"77777\"", 'intent "news": dtmf: '),
    ("      no: bye", "      no: bye\n      no: bye", 'the key "no" stands here twice'),
    ("start: hello", "start: [hello", "no YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "fault"), [row for row in FAULTS if row[2]])
def test_faults(old: str, new: str, fault: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        small((old, new))
    assert any(fault in line for line in caught.value.lines), caught.value.lines
    for line in caught.value.lines:
        name, number, *_ = line.split(":")
        assert name == "small.yaml"
        assert number.isdecimal()


@pytest.mark.parametrize(
    ("old", "new"),
    [("order: ask_size", "order: nosuch"), ("next: ask_name", "next: nosuch"), ("{colour.of}", "{nosuch}")],
)
def test_the_line_is_that_of_the_fault(old: str, new: str) -> None:
    text = changed((old, new))
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "x.yaml")
    assert caught.value.lines[0].startswith(f"x.yaml:{line_of(text, 'nosuch')}: ")


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(ScenarioError) as caught:
        small(("next: ask_name", "next: nosuch"), ("start: hello", "start: nosuch"))
    assert len(caught.value.lines) == 2
    assert "start" in caught.value.lines[0]


def test_a_state_that_nothing_leads_to() -> None:
    with pytest.raises(ScenarioError, match='state "lost" can never be reached'):
        parse_scenario(f'{SMALL}  lost: {{prompt: "Где я?", hangup: true}}\n')


def test_states_that_go_round_without_asking() -> None:
    with pytest.raises(ScenarioError, match="states done -> around -> done go round without ever asking the caller"):
        parse_scenario(
            changed(("next: bye", "next: around")) + "  around: {when: [{if: {size: 3}, goto: bye}], next: done}\n"
        )


def test_a_round_that_clears_what_it_asks_is_no_round() -> None:
    again = '  again: {prompt: "Ещё раз.", clear: size, next: ask_size}\n'
    parse_scenario(
        changed(
            ("next: ask_colour", "next: check"),
        )
        + "  check: {when: [{if: {size: {below: 3}}, goto: again}], next: ask_colour}\n"
        + again
    )


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ("{colour: green}", '"green" is no option of "colour"; options are: red, blue'),
        ("{color: red}", 'no slot or variable defines "color"; did you mean "colour"?'),
        ("{now.hour: 3}", '"now.hour" is not defined'),
        ("{size: {under: 3}}", 'unknown key "under"'),
        ('{size: {matches: "("}}', "is no regular expression"),
    ],
)
def test_conditions(condition: str, fault: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        small(("  done:\n", f"  done:\n    when: [{{if: {condition}, goto: bye}}]\n"))
    assert fault in str(caught.value)


def test_words_of_yaml_stay_words() -> None:
    """YAML 1.1 would read on, yes and no as booleans, and 09:30 as a number."""
    program = small(("no: bye", 'no: {goto: bye, say: "09:30"}'), ('shop: "магазин"', "shop: no"))
    assert set(program.state("hello").on) == {"order", "yes", "no"}
    assert program.scenario.constants == {"shop": "no"}


def test_files(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="holds no scenarios"):
        load_scenarios(tmp_path)
    with pytest.raises(ScenarioError, match=r"nosuch\.yaml: cannot be read: No such file"):
        load_scenario(tmp_path / "nosuch.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"scenario: \xff")
    with pytest.raises(ScenarioError, match="is not UTF-8"):
        load_scenario(tmp_path / "latin.yaml")
    (tmp_path / "latin.yaml").unlink()
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(SMALL, encoding="utf-8")
    with pytest.raises(ScenarioError, match='scenario "small" stands in two files'):
        load_scenarios(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "abc", "a: &x [*x]", "? [a]\n: b", "{" * 50])
def test_anything_may_be_in_a_file(text: str) -> None:
    with pytest.raises(ScenarioError):
        parse_scenario(text)


def test_fixed_prompts_are_all_that_can_be_said_ahead() -> None:
    texts = {prompt.text for prompt in small().fixed_prompts}
    assert "Это магазин. Чего желаете?" in texts
    assert "Не слышу." in texts
    assert "От одного до девяти." in texts
    assert not any("{" in text or "Готово" in text for text in texts)
    by_option = {prompt.text for prompt in small(("Какой цвет?", "Не {colour.of}? {colour}?")).fixed_prompts}
    assert {"Не красного? красный?", "Не синего? синий?"} <= by_option
