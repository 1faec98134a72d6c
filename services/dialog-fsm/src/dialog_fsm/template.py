"""Prompts with variables: ``Записываю к {doctor.to} на {date|day} в {time|clock}.``"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

from dialog_fsm.slots.base import Value
from dialog_fsm.spoken import SPEECH, Speech
from dialog_fsm.strict import nearest
from dialog_fsm.words import Language

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_INNER = re.compile(r"(?P<name>\w+(?:\.\w+)?)\s*(?:\|\s*(?P<filter>\w+)\s*(?::(?P<argument>.*))?)?")
# "a.m." at the end of a sentence.
_TWO_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")
_SPACE_BEFORE_MARK = re.compile(r"\s+(?=[.,!?;:])")
_COUNT_FORMS: dict[Language, int] = {"ru": 3, "en": 2}


class TemplateError(ValueError):
    """A template is malformed; the text says how."""


@dataclass(frozen=True, slots=True)
class Field:
    """One variable of a template: ``name`` may be ``slot.form`` or ``call.VARIABLE``."""

    name: str
    filter: str = ""
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts and fields in turn."""

    parts: tuple[str | Field, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The variables."""
        return tuple(part for part in self.parts if isinstance(part, Field))


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a filter needs beside the value."""

    speech: Speech
    today: date


@lru_cache(maxsize=4096)
def parse_template(text: str) -> Template:
    """Read a template.

    :raises TemplateError: a brace or a field is malformed.
    """
    parts: list[str | Field] = []
    at = 0
    for match in _FIELD.finditer(text):
        parts.append(text[at : match.start()])
        at = match.end()
        if match[0] in ("{{", "}}"):
            parts.append(match[0][0])
        elif match[1] is None:
            raise TemplateError(f'a lone "{match[0]}"; write "{match[0] * 2}" for the sign itself')
        else:
            parts.append(_field(match[1]))
    parts.append(text[at:])
    return Template(tuple(part for part in parts if part != ""))


def _field(inner: str) -> Field:
    match = _INNER.fullmatch(inner.strip())
    if match is None:
        raise TemplateError(
            f'"{{{inner}}}" is no variable; write {{name}}, {{name|filter}} or {{name|filter:argument}}'
        )
    field = Field(match["name"], match["filter"] or "", (match["argument"] or "").strip())
    if field.filter and field.filter not in FILTERS:
        raise TemplateError(
            f'unknown filter "{field.filter}"{nearest(field.filter, list(FILTERS))}; filters are: {", ".join(FILTERS)}'
        )
    return field


def render(template: Template, language: Language, say: Callable[[Field], str]) -> str:
    """The text to be said, without digits; ``say`` gives the words of a field."""
    speech = SPEECH[language]
    text = "".join(part if isinstance(part, str) else say(part) for part in template.parts)
    return _TWO_STOPS.sub(".", _SPACE_BEFORE_MARK.sub("", " ".join(speech.plain(text).split())))


def _day(value: Value) -> date:
    return date.fromisoformat(str(value))


def _clock(value: Value) -> time:
    return time.fromisoformat(str(value))


Filter = Callable[[Value, Spoken, str], str]

FILTERS: Mapping[str, Filter] = {
    "day": lambda value, spoken, _: spoken.speech.day(_day(value)),
    "day_on": lambda value, spoken, _: spoken.speech.day_on(_day(value)),
    "day_with_year": lambda value, spoken, _: spoken.speech.day_with_year(_day(value)),
    "weekday": lambda value, spoken, _: spoken.speech.weekday(_day(value)),
    "weekday_on": lambda value, spoken, _: spoken.speech.weekday_on(_day(value)),
    "near_day": lambda value, spoken, _: spoken.speech.near_day(_day(value), spoken.today),
    "clock": lambda value, spoken, _: spoken.speech.clock(_clock(value)),
    "phone": lambda value, spoken, _: spoken.speech.phone(str(value)),
    "digits": lambda value, spoken, _: spoken.speech.digits(str(value)),
    "number": lambda value, spoken, _: spoken.speech.cardinal(int(value)),
    "ordinal": lambda value, spoken, _: spoken.speech.ordinal(int(value)),
    "count": lambda value, spoken, forms: spoken.speech.count(int(value), _forms(forms)),
    "money": lambda value, spoken, currency: spoken.speech.money(str(value), currency),
    "text": lambda value, spoken, _: spoken.speech.plain(str(value)),
}

_TAKEN_BY: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("day", "day_on", "day_with_year", "weekday", "weekday_on", "near_day"), frozenset({"date"})),
    "clock": frozenset({"time"}),
    "phone": frozenset({"phone"}),
    "digits": frozenset({"digits", "phone", "number"}),
    **dict.fromkeys(("number", "ordinal", "count", "money"), frozenset({"number"})),
}


def _forms(argument: str) -> tuple[str, ...]:
    return tuple(form.strip() for form in argument.split(","))


def filter_fault(field: Field, slot_type: str, language: Language) -> str:
    """Why the filter does not fit the slot, or an empty text."""
    taken = _TAKEN_BY.get(field.filter)
    if slot_type and taken is not None and slot_type not in taken:
        return f'filter "{field.filter}" is for {" or ".join(sorted(taken))}, but "{field.name}" is a {slot_type}'
    if field.filter == "count" and len(_forms(field.argument)) != _COUNT_FORMS[language]:
        example = "{n|count:минута,минуты,минут}" if language == "ru" else "{n|count:minute,minutes}"
        return f'filter "count" needs {_COUNT_FORMS[language]} forms, as in "{example}"'
    if field.filter == "money":
        return _currency_fault(field.argument, language)
    return ""


def _currency_fault(currency: str, language: Language) -> str:
    known = SPEECH[language].CURRENCIES
    return "" if currency in known else f'filter "money" needs a currency: {", ".join(known)}'
