"""Looking a word up among known forms, a recogniser's slip in a long one (not in its first letter) forgiven."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Generic, TypeVar

from rapidfuzz import fuzz, process

Value = TypeVar("Value")

# Short words are too alike to forgive anything: "июня" and "июля" are one letter apart.
SLIP_LETTERS = 6
_SLIP_RATIO = 84
_SLIP_MARGIN = 4
_REMEMBERED = 4096


class Forms(Generic[Value]):
    """Forms of words and what they mean."""

    def __init__(self, meanings: Mapping[str, Value]) -> None:
        self._meanings = dict(meanings)
        self._long = tuple(form for form in self._meanings if len(form) >= SLIP_LETTERS)
        self._close = lru_cache(maxsize=_REMEMBERED)(self._nearest)

    @classmethod
    def of(cls, table: Mapping[Value, tuple[str, ...]]) -> "Forms[Value]":
        """From a table that lists the forms of each meaning."""
        return cls({form: meaning for meaning, forms in table.items() for form in forms})

    def find(self, word: str) -> Value | None:
        """What the word means; None when it is none of these, or as near to one as to another."""
        exact = self._meanings.get(word)
        if exact is not None or len(word) < SLIP_LETTERS:
            return exact
        return self._close(word)

    def _nearest(self, word: str) -> Value | None:
        alike = [form for form in self._long if form[0] == word[0]]
        close = process.extract(word, alike, scorer=fuzz.ratio, limit=3, score_cutoff=_SLIP_RATIO)
        if not close:
            return None
        best = self._meanings[close[0][0]]
        rivals = [score for form, score, _ in close[1:] if self._meanings[form] != best]
        return best if not rivals or close[0][1] - max(rivals) >= _SLIP_MARGIN else None
