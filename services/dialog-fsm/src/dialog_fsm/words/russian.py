"""Russian number words in all their forms, months, weekdays and the small words of dates and times."""

from functools import cache

from num2words import num2words

from dialog_fsm.words.numberword import NumberWord, Rank, rank_of

_CASES = ("n", "g", "d", "a", "i", "p")
_GENDERS = ("m", "f", "n")
_ONE_WORD = (*range(20), *range(20, 100, 10), *range(100, 1000, 100))
_THOUSANDS = {
    1_000: ("тысяча", "тысячи", "тысяче", "тысячу", "тысячей", "тысяч", "тысячам", "тыщ", "тыща", "тыщи"),
    1_000_000: ("миллион", "миллиона", "миллиону", "миллионов", "миллионы", "миллионом"),
}
# How recognisers and people write them besides.
_SPOKEN = {
    "пятьдесят": ("пядесят", "писят"),
    "шестьдесят": ("шесят",),
    "ноль": ("нуль", "нолик", "нулевой", "ноли"),
    "один": ("раз",),
}

MONTHS = {
    1: ("январь", "января", "январе", "январю"),
    2: ("февраль", "февраля", "феврале", "февралю"),
    3: ("март", "марта", "марте", "марту"),
    4: ("апрель", "апреля", "апреле", "апрелю"),
    5: ("май", "мая", "мае", "маю"),
    6: ("июнь", "июня", "июне", "июню"),
    7: ("июль", "июля", "июле", "июлю"),
    8: ("август", "августа", "августе", "августу"),
    9: ("сентябрь", "сентября", "сентябре", "сентябрю"),
    10: ("октябрь", "октября", "октябре", "октябрю"),
    11: ("ноябрь", "ноября", "ноябре", "ноябрю"),
    12: ("декабрь", "декабря", "декабре", "декабрю"),
}

# Monday is 0; the first form answers "when?" after "в"/"во".
WEEKDAYS = {
    0: ("понедельник", "понедельника", "понедельнику", "понедельнике"),
    1: ("вторник", "вторника", "вторнику", "вторнике"),
    2: ("среду", "среда", "среды", "среде"),
    3: ("четверг", "четверга", "четвергу", "четверге"),
    4: ("пятницу", "пятница", "пятницы", "пятнице"),
    5: ("субботу", "суббота", "субботы", "субботе"),
    6: ("воскресенье", "воскресенья", "воскресенью", "воскресение"),
}

RELATIVE_DAYS = {"сегодня": 0, "сегодняшний": 0, "завтра": 1, "завтрашний": 1, "послезавтра": 2}


@cache
def number_words() -> dict[str, NumberWord]:
    """Every form of every number word, with ``ё`` written as ``е``."""
    forms: dict[str, NumberWord] = {}
    for value in (*_ONE_WORD, 1000):
        for form in _ordinals(value):
            forms.setdefault(form, NumberWord(value, rank_of(value), ordinal=True))
    for value in _ONE_WORD:
        for form in _cardinals(value):
            forms[form] = NumberWord(value, rank_of(value))
    for value, spellings in _THOUSANDS.items():
        forms.update(dict.fromkeys(spellings, NumberWord(value, Rank.TIMES)))
    for form, spellings in _SPOKEN.items():
        forms.update(dict.fromkeys(spellings, forms[form]))
    return forms


def _cardinals(value: int) -> set[str]:
    return {
        _plain(num2words(value, lang="ru", case=case, gender=gender, animate=animate))
        for case in _CASES
        for gender in _GENDERS
        for animate in (True, False)
    }


def _ordinals(value: int) -> set[str]:
    return {
        _plain(num2words(value, lang="ru", to="ordinal", case=case, gender=gender, animate=animate))
        for case in _CASES
        for gender in _GENDERS
        for animate in (True, False)
    }


def _plain(form: str) -> str:
    return str(form).replace("ё", "е")
