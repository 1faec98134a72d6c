"""English number words, months, weekdays and the small words of dates and times."""

from functools import cache

from num2words import num2words

from dialog_fsm.words.numberword import NumberWord, Rank, rank_of

_ONE_WORD = (*range(20), *range(20, 100, 10))
_TIMES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}

MONTHS = {
    1: ("january", "jan"),
    2: ("february", "feb"),
    3: ("march", "mar"),
    4: ("april", "apr"),
    5: ("may",),
    6: ("june", "jun"),
    7: ("july", "jul"),
    8: ("august", "aug"),
    9: ("september", "sept", "sep"),
    10: ("october", "oct"),
    11: ("november", "nov"),
    12: ("december", "dec"),
}

WEEKDAYS = {
    0: ("monday", "mondays", "mon"),
    1: ("tuesday", "tuesdays", "tue"),
    2: ("wednesday", "wednesdays", "wed"),
    3: ("thursday", "thursdays", "thu"),
    4: ("friday", "fridays", "fri"),
    5: ("saturday", "saturdays", "sat"),
    6: ("sunday", "sundays", "sun"),
}

RELATIVE_DAYS = {"today": 0, "tonight": 0, "tomorrow": 1}


@cache
def number_words() -> dict[str, NumberWord]:
    """Every number word, cardinal and ordinal; "oh" is a nought of a telephone number."""
    forms = {str(num2words(value)): NumberWord(value, rank_of(value)) for value in _ONE_WORD}
    for value in _ONE_WORD:
        forms[str(num2words(value, to="ordinal"))] = NumberWord(value, rank_of(value), ordinal=True)
    for word, value in _TIMES.items():
        forms[word] = NumberWord(value, Rank.TIMES)
        forms[f"{word}th"] = NumberWord(value, Rank.TIMES, ordinal=True)
    forms["oh"] = forms["nought"] = forms["nil"] = forms["zero"]
    return forms
