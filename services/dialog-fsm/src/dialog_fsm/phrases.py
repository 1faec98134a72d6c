"""Which of some phrases a sentence contains, inflected, in any order and with a recogniser's slips.

A set comparison alone cannot tell "не подтверждаю" from "подтверждаю"; here each word of a phrase looks for its like
among the words that are not denied.
"""

from bisect import bisect_right
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
# Stems shorter than four letters must be the same; "look" must not be "book".
_SHORT_WORD_LETTERS = 4
_LONG_WORD_LETTERS = 6
_LIKE_RATIO = 75
_LIKE_RATIO_OF_SHORTER = 80
# Letters in a row: only long words and longer phrases are telling, and the sentence may lack but few of their letters.
_FEWEST_LETTERS = {1: 7}
_FEWEST_LETTERS_OF_MANY_WORDS = 11
_LETTERS_MORE = 2
_ROW_RATIO = 82
_GLUED_NEGATIONS = ("не", "ни")


@dataclass(frozen=True, slots=True)
class Match(Generic[Key]):
    """A phrase that was found; ``coverage`` is how much of the sentence it explains, both are 0..1."""

    key: Key
    score: float
    coverage: float
    positions: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Phrase(Generic[Key]):
    order: int
    key: Key
    parts: tuple[tuple[int, float], ...]
    weight: float
    negative: bool
    letters: str

    @property
    def telling_letters(self) -> bool:
        """The letters alone tell the phrase from others."""
        return len(self.letters) >= _FEWEST_LETTERS.get(len(self.parts), _FEWEST_LETTERS_OF_MANY_WORDS)


class PhraseIndex(Generic[Key]):
    """Phrases prepared once, compared often."""

    def __init__(self, phrases: Iterable[tuple[Key, str]], language: Language) -> None:
        self._language = language
        self._stems: list[str] = []
        self._numbers: dict[str, int] = {}
        spelled = ((key, words_of(text)) for key, text in phrases)
        self._phrases = [self._prepare(order, key, words) for order, (key, words) in enumerate(spelled) if words]
        self._having: dict[int, list[int]] = {}
        for index, phrase in enumerate(self._phrases):
            for number, _ in phrase.parts:
                self._having.setdefault(number, []).append(index)
        telling = [index for index, phrase in enumerate(self._phrases) if phrase.telling_letters]
        self._rows = sorted((len(self._phrases[index].letters), index) for index in telling)

    def matches(self, utterance: Utterance) -> list[Match[Key]]:
        """The best match of each key at or over the threshold, best first; equals in the order of the phrases."""
        if not self._phrases or not utterance.words:
            return []
        sentence = _Sentence(utterance, self._stems, self._language)
        near = {index for number in sentence.found for index in self._having[number]}
        found = [(index, sentence.by_words(self._phrases[index])) for index in near]
        found += [(index, sentence.by_letters(self._phrases[index])) for index in self._letter_for_letter(sentence)]
        best: dict[Key, tuple[int, Match[Key]]] = {}
        for index, match in found:
            phrase = self._phrases[index]
            if match is not None and (phrase.key not in best or _rank(match) < _rank(best[phrase.key][1])):
                best[phrase.key] = (phrase.order, match)
        return [match for order, match in sorted(best.values(), key=lambda one: (_rank(one[1]), one[0]))]

    def _letter_for_letter(self, sentence: "_Sentence") -> list[int]:
        """The phrases whose letters are nearly all there in a row, wherever the recogniser parted the words."""
        short_enough = bisect_right(self._rows, (len(sentence.letters) + _LETTERS_MORE, len(self._phrases)))
        rows = {index: self._phrases[index].letters for _, index in self._rows[:short_enough]}
        close = process.extract(sentence.letters, rows, scorer=fuzz.partial_ratio, limit=None, score_cutoff=_ROW_RATIO)
        return [index for _, _, index in close]

    def _prepare(self, order: int, key: Key, words: tuple[str, ...]) -> _Phrase[Key]:
        parts = tuple((self._number(word), _weight(word, self._language)) for word in words)
        if all(weight < 1 for _, weight in parts):
            parts = tuple((number, 1.0) for number, _ in parts)
        return _Phrase(
            order=order,
            key=key,
            parts=parts,
            weight=sum(weight for _, weight in parts),
            negative=not NEGATIONS[self._language].isdisjoint(words),
            letters="".join(words),
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
        self._negations = frozenset(index for index, word in enumerate(words) if word in NEGATIONS[language])
        self._weights = [_weight(word, language) for word in words]
        self.letters = "".join(words)
        self.found: dict[int, list[tuple[float, int]]] = {}
        """By number of the stem: the words that are like it, as (likeness, position)."""
        for position, word in enumerate(words):
            for number, likeness in _alike(stem(word, language), stems):
                self.found.setdefault(number, []).append((likeness, position))

    def by_words(self, phrase: _Phrase[Key]) -> Match[Key] | None:
        """Each word of the phrase has its like in the sentence."""
        found = 0.0
        used: set[int] = set()
        for number, weight in phrase.parts:
            likeness, position = self._nearest(number, used, phrase.negative)
            if position >= 0:
                found += weight * likeness
                used.add(position)
        score = found / phrase.weight
        return self._match(phrase, score, used) if score >= THRESHOLD else None

    def by_letters(self, phrase: _Phrase[Key]) -> Match[Key] | None:
        """The letters of the phrase stand in the sentence in a row, and are denied where the phrase is."""
        row = fuzz.partial_ratio_alignment(self.letters, phrase.letters, score_cutoff=_ROW_RATIO)
        if row is None or row.src_end - row.src_start < len(phrase.letters) - 1:
            # At the ends of the sentence a shorter row is offered: "thing" for "nothing".
            return None
        used = self._words_of_row(row.src_start, row.src_end)
        glued = self.letters[max(0, row.src_start - 2) : row.src_start] in _GLUED_NEGATIONS
        denied = glued or not used.isdisjoint(self._denied | self._negations)
        return self._match(phrase, row.score / 100, used) if denied == phrase.negative else None

    def _words_of_row(self, start: int, end: int) -> set[int]:
        """The words that hold letters ``start`` to ``end`` of the row."""
        used: set[int] = set()
        at = 0
        for index, word in enumerate(self._words):
            if at < end and at + len(word) > start:
                used.add(index)
            at += len(word)
        return used

    def _match(self, phrase: _Phrase[Key], score: float, used: set[int]) -> Match[Key]:
        return Match(phrase.key, score, self._coverage(used), frozenset(used))

    def _nearest(self, number: int, used: set[int], negative: bool) -> tuple[float, int]:
        best = (0.0, -1)
        for likeness, position in self.found.get(number, ()):
            if position not in used and (negative or position not in self._denied) and likeness > best[0]:
                best = (likeness, position)
        return best

    def _coverage(self, positions: set[int]) -> float:
        return sum(self._weights[position] for position in positions) / sum(self._weights)


def _alike(root: str, stems: Sequence[str]) -> list[tuple[int, float]]:
    if len(root) < _SHORT_WORD_LETTERS:
        return [(number, 1.0) for number, known in enumerate(stems) if known == root]
    cutoff = _LIKE_RATIO if len(root) >= _LONG_WORD_LETTERS else _LIKE_RATIO_OF_SHORTER
    close = process.extract(root, stems, scorer=fuzz.ratio, limit=None, score_cutoff=cutoff)
    return [(number, ratio / 100) for known, ratio, number in close if not _is_denial_of(root, known)]


def _is_denial_of(word: str, known: str) -> bool:
    """ "неверно" is nearly the same letters as "верно", and the contrary."""
    return any(word.startswith(glued) != known.startswith(glued) for glued in _GLUED_NEGATIONS)


def _weight(word: str, language: Language) -> float:
    return _LIGHT_WEIGHT if word in LIGHT[language] else 1.0


def _rank(match: Match[Key]) -> tuple[float, float]:
    """Smaller is better; differences below a hundredth are none."""
    return (-round(match.score, 2), -round(match.coverage, 2))
