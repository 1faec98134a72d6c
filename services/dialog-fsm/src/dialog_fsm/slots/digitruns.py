"""Digits said one by one or in groups ("восемь девятьсот двенадцать", "nine one two double five")."""

from dialog_fsm.utterance import Utterance

_REPEATS = {"double": 2, "triple": 3, "дважды": 2, "трижды": 3}


def digits_of(utterance: Utterance, taken: frozenset[int] = frozenset()) -> tuple[str, frozenset[int]]:
    """All digits of a sentence in one string, and the indices of their words."""
    digits: list[str] = []
    positions: set[int] = set()
    for numeral in utterance.numerals:
        if numeral.start in taken:
            continue
        before = utterance.words[numeral.start - 1] if numeral.start else ""
        digits.append(numeral.digits * (_REPEATS.get(before, 1) if len(numeral.digits) == 1 else 1))
        positions.update(range(numeral.start, numeral.end))
    return "".join(digits), frozenset(positions)


def digits_by_pause(utterance: Utterance) -> str:
    """The same, with commas as borders: "сто, десять" is 100 and 10, where "сто десять" is 110."""
    pieces = (Utterance(piece, utterance.language) for piece in utterance.text.split(","))
    return "".join(digits_of(piece)[0] for piece in pieces)
