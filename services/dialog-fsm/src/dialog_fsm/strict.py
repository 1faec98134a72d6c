"""Models of what people write: every unknown key is refused, with the nearest known one."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError
from rapidfuzz import fuzz, process

_SUGGEST_RATIO = 60


def nearest(word: str, known: "list[str]") -> str:
    """`` (did you mean "prompt"?)``, or nothing when nothing is near."""
    close = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=_SUGGEST_RATIO)
    return f'; did you mean "{close[0]}"?' if close else ""


class Strict(BaseModel):
    """A frozen model whose unknown keys are errors of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = [field.alias or name for name, field in cls.model_fields.items()]
        for key in data:
            if key not in known:
                raise PydanticCustomError(
                    "unknown_key",
                    'unknown key "{key}"{hint}',
                    {"key": str(key), "hint": nearest(str(key), known) or f"; keys are: {', '.join(known)}"},
                )
        return data


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, (str, int, float)) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
"""One text, or a list of them to choose from in turn."""
