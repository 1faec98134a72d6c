"""A small scenario for tests, and changes of it."""

import textwrap

from callbus.events import CallStarted
from dialog_fsm.load import parse_scenario
from dialog_fsm.program import Program
from dialog_fsm.rehearsal import Rehearsal

NOW = 1_781_000_000.0

SMALL = textwrap.dedent(
    """\
    scenario: small
    language: ru
    timezone: Europe/Moscow
    start: hello
    constants:
      shop: "магазин"
    call:
      TARIFF: обычный
    defaults:
      no_input: ["Не слышу.", "Совсем не слышу."]
      no_match: ["Не понимаю.", "Совсем не понимаю."]
      on_no_input: bye
      on_no_match: operator
      on_failure: operator
    slots:
      size: {type: number, min: 1, max: 9, invalid: "От одного до девяти."}
      day: {type: date}
      pin: {type: digits, length: 4, secret: true}
      name: {type: free}
      colour:
        type: choice
        options:
          red: {say: красный, forms: {of: красного}}
          blue: {say: синий, forms: {of: синего}}
    intents:
      order: {phrases: [заказать, сделать заказ], dtmf: "3"}
      news: {phrases: [новости], dtmf: "7"}
    globals:
      operator: operator
      repeat: repeat
      help: help
      goodbye: bye
      news: {say: "Новостей нет.", goto: stay}
    states:
      hello:
        prompt: "Это {shop}. Чего желаете?"
        reprompt: "Желаете что-нибудь заказать?"
        help: "Скажите: заказать."
        also: size
        on:
          order: ask_size
          yes: ask_size
          no: bye
      ask_size:
        prompt: ["Какой размер?", "Размер?"]
        collect: size
        also: colour
        next: ask_colour
      ask_colour:
        prompt: "Какой цвет?"
        collect: colour
        next: ask_name
      ask_name:
        prompt: "Как вас зовут?"
        collect: name
        next: ask_pin
      ask_pin:
        prompt: "Наберите код."
        collect: pin
        next: done
      done:
        goal: true
        prompt: "Размер {size}, цвета {colour.of}. Готово, {name}."
        next: bye
      bye:
        prompt: "До свидания."
        hangup: true
      operator:
        prompt: "Соединяю."
        transfer: {context: operator, extension: "{call.TARIFF}"}
    """
)


def small(*changes: tuple[str, str]) -> Program:
    """The scenario with pieces of its text replaced."""
    return parse_scenario(changed(*changes), "small.yaml")


def changed(*changes: tuple[str, str]) -> str:
    """The text with pieces replaced, each of which must be there."""
    text = SMALL
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def call(**fields: object) -> CallStarted:
    """A call from a known number."""
    return CallStarted.model_validate(
        {
            "call_id": "c1",
            "channel_id": "c1",
            "asterisk_id": "a",
            "app": "novofon_bot",
            "caller_number": "+79123456789",
            "media_stream": "media:c1",
            "started_at": NOW,
            **fields,
        }
    )


def rehearse(*changes: tuple[str, str], **fields: object) -> Rehearsal:
    """A call to the scenario, greeted."""
    return Rehearsal(small(*changes), call(**fields), NOW)
