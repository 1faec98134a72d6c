"""What variables a scenario has, and whether its templates and conditions use them rightly."""

from collections.abc import Iterator

from dialog_fsm.scenario import Condition, Scenario
from dialog_fsm.slots import ChoiceSlot
from dialog_fsm.strict import nearest
from dialog_fsm.template import Field, TemplateError, filter_fault, parse_template
from dialog_fsm.texts import Placed, silent_texts, spoken_texts

CALL_FIELDS = ("caller_number", "dialled_number")
NOW_FIELDS = ("date", "time", "weekday")


def field_faults(scenario: Scenario) -> Iterator[Placed]:
    """Path and text of every malformed template and unknown variable."""
    for path, text in spoken_texts(scenario):
        for fault in _template_faults(scenario, text, spoken=True):
            yield path, f"{_where(path)}: {fault}"
    for path, text in silent_texts(scenario):
        for fault in _template_faults(scenario, text, spoken=False):
            yield path, f"{_where(path)}: {fault}"


def _where(path: tuple[str | int, ...]) -> str:
    if path[0] in ("states", "slots") and len(path) > 2:
        return f'{str(path[0])[:-1]} "{path[1]}": {path[2]}'
    return ": ".join(str(part) for part in path[:2] if isinstance(part, str))


def _template_faults(scenario: Scenario, text: str, *, spoken: bool) -> Iterator[str]:
    try:
        template = parse_template(text)
    except TemplateError as error:
        yield str(error)
        return
    for field in template.fields:
        fault = _field_fault(scenario, field, spoken=spoken)
        if fault:
            yield fault


def _field_fault(scenario: Scenario, field: Field, *, spoken: bool) -> str:
    base, _, form = field.name.partition(".")
    if base == "call":
        return _member_fault("call", form, (*CALL_FIELDS, *scenario.call))
    if base == "now":
        return _member_fault("now", form, NOW_FIELDS)
    slot = scenario.slots.get(base)
    if slot is None:
        if field.name in scenario.constants:
            return ""
        known = [*scenario.slots, *scenario.constants, *(f"call.{name}" for name in (*CALL_FIELDS, *scenario.call))]
        return f'no slot or variable defines "{field.name}"{nearest(field.name, known)}; there are: {", ".join(known)}'
    if slot.secret and spoken:
        return f'slot "{base}" is secret and must not be said'
    if form:
        return _form_fault(scenario, base, form)
    return filter_fault(field, slot.type, scenario.language)


def _member_fault(base: str, member: str, known: tuple[str, ...]) -> str:
    if member in known:
        return ""
    cure = "; list the channel variable under call:" if base == "call" else ""
    return f'"{base}.{member}" is not defined{nearest(member, list(known))}; {base} has: {", ".join(known)}{cure}'


def _form_fault(scenario: Scenario, name: str, form: str) -> str:
    slot = scenario.slots[name]
    if not isinstance(slot, ChoiceSlot):
        return f'"{name}.{form}": only the options of a choice have forms'
    lacking = [option for option, value in slot.options.items() if form not in value.forms]
    return f'"{name}.{form}": option {", ".join(lacking)} has no form "{form}"' if lacking else ""


def condition_fault(scenario: Scenario, name: str, condition: Condition) -> str:
    """Why a condition cannot be used, or an empty text."""
    base, _, member = name.partition(".")
    if base == "call":
        return _member_fault("call", member, (*CALL_FIELDS, *scenario.call))
    if base == "now":
        return _member_fault("now", member, NOW_FIELDS)
    slot = scenario.slots.get(name)
    if slot is None:
        known = list(scenario.slots)
        return f'no slot or variable defines "{name}"{nearest(name, known)}; slots are: {", ".join(known)}'
    if isinstance(slot, ChoiceSlot):
        strange = [value for value in condition.equals or () if value not in slot.options]
        if strange:
            return f'"{strange[0]}" is no option of "{name}"; options are: {", ".join(slot.options)}'
    return ""
