"""Typed slots: what is read from a sentence or from keys, one file per type."""

from typing import Annotated

from pydantic import Field

from dialog_fsm.slots.base import Moment, Reading, SlotSpec, Value
from dialog_fsm.slots.choice import ChoiceSlot, Option
from dialog_fsm.slots.date import DateSlot
from dialog_fsm.slots.digits import DigitsSlot
from dialog_fsm.slots.free import FreeSlot
from dialog_fsm.slots.number import NumberSlot
from dialog_fsm.slots.phone import PhoneSlot
from dialog_fsm.slots.time import TimeSlot
from dialog_fsm.slots.yes_no import YesNoSlot

Slot = Annotated[
    YesNoSlot | NumberSlot | PhoneSlot | DateSlot | TimeSlot | ChoiceSlot | DigitsSlot | FreeSlot,
    Field(discriminator="type"),
]

__all__ = [
    "ChoiceSlot",
    "DateSlot",
    "DigitsSlot",
    "FreeSlot",
    "Moment",
    "NumberSlot",
    "Option",
    "PhoneSlot",
    "Reading",
    "Slot",
    "SlotSpec",
    "TimeSlot",
    "Value",
    "YesNoSlot",
]
