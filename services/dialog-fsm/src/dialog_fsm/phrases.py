"""Which of some phrases a sentence contains, inflected, in any order and with a recogniser's slips.

A set comparison alone cannot tell "не подтверждаю" from "подтверждаю"; here each word of a phrase looks for its like
among the words that are not denied.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rapidfuzz import fuzz, process

from dialog_fsm.utterance import Utterance, words_of
from dialog_fsm.words import Language
from dialog_fsm.words.small import LIGHT, NEGATIONS, denied
from dialog_fsm.words.stems import stem

Key = TypeVar("Key")

THRESHOLD = 0.75
_LIGHT_WEIGHT = 0.2
_LIKE_RATIO = 75
_SHORT_WORD_LETTERS = 4
# Beyond this many words a sentence is more than its one phrase, so the whole is not compared.
_WHOLE_WORDS = 6
_WHOLE_RATIO = 78


@dataclass(frozen=True, slots=True)
class Match(Generic[Key]):
    """A phrase that was found; ``coverage`` is how much of the sentence it explains, both are 0..1."""

    key: Key
    score: float
    coverage: float
    positions: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Phrase(Generic[Key]):
    key: Key
    parts: tuple[tuple[int, float], ...]
    weight: float
    negative: bool


class PhraseIndex(Generic[Key]):
    """Phrases prepared once, compared often."""

    def __init__(self, phrases: Iterable[tuple[Key, str]], language: Language) -> None:
        self._language = language
        self._stems: list[str] = []
        self._numbers: dict[str, int] = {}
        spelled = [(key, words_of(text)) for key, text in phrases]
        self._phrases = [self._prepare(key, words) for key, words in spelled if words]
        self._joined = ["".join(words) for _, words in spelled if words]
        self._having: dict[int, list[int]] = {}
        for index, phrase in enumerate(self._phrases):
            for number, _ in phrase.parts:
                self._having.setdefault(number, []).append(index)

    def matches(self, utterance: Utterance) -> list[Match[Key]]:
        """The best match of each key at or over the threshold, best first; equals in the order of the phrases."""
        if not self._phrases or not utterance.words:
            return []
        sentence = _Sentence(utterance, self._stems, self._language)
        whole = self._nearly_whole(utterance)
        near = {index for number in sentence.found for index in self._having[number]}
        best: dict[Key, Match[Key]] = {}
        for index in sorted(near | whole.keys()):
            phrase = self._phrases[index]
            match = sentence.match(phrase, whole.get(index, 0.0))
            if match is not None and _beats(match, best.get(phrase.key)):
                best[phrase.key] = match
        return sorted(best.values(), key=lambda match: (-round(match.score, 2), -round(match.coverage, 2)))

    def _nearly_whole(self, utterance: Utterance) -> dict[int, float]:
        """The phrases that a short sentence is nearly letter for letter, wherever its words were parted."""
        if len(utterance.words) > _WHOLE_WORDS:
            return {}
        joined = "".join(utterance.words)
        close = process.extract(joined, self._joined, scorer=fuzz.ratio, limit=None, score_cutoff=_WHOLE_RATIO)
        return {index: ratio / 100 for _, ratio, index in close}

    def _prepare(self, key: Key, words: tuple[str, ...]) -> _Phrase[Key]:
        parts = tuple((self._number(word), _weight(word, self._language)) for word in words)
        if all(weight < 1 for _, weight in parts):
            parts = tuple((number, 1.0) for number, _ in parts)
        return _Phrase(
            key=key,
            parts=parts,
            weight=sum(weight for _, weight in parts),
            negative=not NEGATIONS[self._language].isdisjoint(words),
        )

    def _number(self, word: str) -> int:
        root = stem(word, self._language)
        if root not in self._numbers:
            self._numbers[root] = len(self._stems)
            self._stems.append(root)
        return self._numbers[root]


class _Sentence:
    """A sentence against a vocabulary of stems."""

    def __init__(self, utterance: Utterance, stems: Sequence[str], language: Language) -> None:
        words = utterance.words
        self._words = words
        self._denied = denied(words, language)
        self._negative = not NEGATIONS[language].isdisjoint(words)
        self._weights = [_weight(word, language) for word in words]
        self.found: dict[int, list[tuple[float, int]]] = {}
        """By number of the stem: the words that are like it, as (likeness, position)."""
        for position, word in enumerate(words):
            for number, likeness in _alike(stem(word, language), stems):
                self.found.setdefault(number, []).append((likeness, position))

    def match(self, phrase: _Phrase[Key], whole: float) -> Match[Key] | None:
        found = 0.0
        used: set[int] = set()
        for number, weight in phrase.parts:
            likeness, position = self._nearest(number, used, phrase.negative)
            if position >= 0:
                found += weight * likeness
                used.add(position)
        score = max(found / phrase.weight, whole if phrase.negative == self._negative else 0.0)
        if score < THRESHOLD:
            return None
        positions = frozenset(used) if used else frozenset(range(len(self._words)))
        return Match(phrase.key, score, self._coverage(positions), positions)

    def _nearest(self, number: int, used: set[int], negative: bool) -> tuple[float, int]:
        best = (0.0, -1)
        for likeness, position in self.found.get(number, ()):
            if position not in used and (negative or position not in self._denied) and likeness > best[0]:
                best = (likeness, position)
        return best

    def _coverage(self, positions: frozenset[int]) -> float:
        return sum(self._weights[position] for position in positions) / sum(self._weights)


def _alike(root: str, stems: Sequence[str]) -> list[tuple[int, float]]:
    if len(root) < _SHORT_WORD_LETTERS:
        return [(number, 1.0) for number, known in enumerate(stems) if known == root]
    close = process.extract(root, stems, scorer=fuzz.ratio, limit=None, score_cutoff=_LIKE_RATIO)
    return [(number, ratio / 100) for _, ratio, number in close]


def _weight(word: str, language: Language) -> float:
    return _LIGHT_WEIGHT if word in LIGHT[language] else 1.0


def _beats(match: Match[Key], other: Match[Key] | None) -> bool:
    return other is None or (match.score, match.coverage) > (other.score, other.coverage)
