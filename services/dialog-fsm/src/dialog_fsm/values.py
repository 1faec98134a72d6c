"""What the variables of a conversation are worth at a moment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from dialog_fsm.scenario import Condition, Scenario
from dialog_fsm.slots import ChoiceSlot, SlotSpec, Value
from dialog_fsm.slots.date import WEEKDAY_NAMES
from dialog_fsm.spoken import SPEECH
from dialog_fsm.template import FILTERS, Field, Spoken, Template, parse_template, render


@dataclass(frozen=True, slots=True)
class Values:
    """Slots by name (the filled ones), call variables by name, and the local time."""

    scenario: Scenario
    slots: Mapping[str, Value]
    call: Mapping[str, str]
    now: datetime

    def text(self, template: str) -> str:
        """The template as it is said."""
        return render(parse_template(template), self.scenario.language, self._said)

    def written(self, template: str) -> str:
        """The template with the values as they are, for numbers that are dialled or read into slots."""
        parsed: Template = parse_template(template)
        return "".join(
            part if isinstance(part, str) else str(self._value(part.name) or "") for part in parsed.parts
        ).strip()

    def holds(self, name: str, condition: Condition) -> bool:
        """Whether the condition is true of the variable; what is not known is neither below nor equal to anything."""
        value = self._value(name)
        known = value is not None and value != ""
        if condition.known is not None and known != condition.known:
            return False
        tests = (condition.equals, condition.below, condition.above, condition.matches)
        if all(test is None for test in tests):
            return True
        return (
            known
            and value is not None
            and _passes(str(value).lower() if isinstance(value, bool) else str(value), condition)
        )

    def _value(self, name: str) -> Value | None:
        base, _, member = name.partition(".")
        if base == "call":
            return self.call.get(member)
        if base == "now":
            return self._clock(member)
        if base in self.scenario.slots:
            return self.slots.get(base)
        return self.scenario.constants.get(name)

    def _clock(self, member: str) -> str:
        if member == "weekday":
            return WEEKDAY_NAMES[self.now.weekday()]
        return self.now.strftime("%H:%M") if member == "time" else self.now.date().isoformat()

    def _said(self, field: Field) -> str:
        """The words of a field; nothing for what is not known."""
        base, _, form = field.name.partition(".")
        value = self._value(field.name)
        if value is None or value == "":
            return ""
        slot = self.scenario.slots.get(base)
        if slot is not None and slot.secret:
            return ""
        if isinstance(slot, ChoiceSlot) and form:
            option = slot.options.get(str(value))
            return option.forms.get(form, option.say) if option else ""
        return self._filtered(field, value, slot)

    def _filtered(self, field: Field, value: Value, slot: SlotSpec | None) -> str:
        language = self.scenario.language
        if not field.filter:
            return slot.spoken(value, language) if slot else str(value)
        try:
            return FILTERS[field.filter](value, Spoken(SPEECH[language], self.now.date()), field.argument)
        except (ValueError, ArithmeticError):
            # A call variable or constant that is no date, time or number is said as it is.
            return SPEECH[language].plain(str(value))


def _passes(value: str, condition: Condition) -> bool:
    if condition.equals is not None and value not in condition.equals:
        return False
    if condition.below is not None and not _less(value, condition.below):
        return False
    if condition.above is not None and not _less(condition.above, value):
        return False
    return condition.matches is None or re.search(condition.matches, value) is not None


def _less(left: str, right: str) -> bool:
    """Numbers by value, everything else (ISO dates, HH:MM) by its letters."""
    try:
        return float(left) < float(right)
    except ValueError:
        return left < right


NO_DAY = datetime.combine(date(2000, 1, 1), time())
"""For texts in which no variable depends on the time."""
