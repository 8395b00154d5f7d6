"""The reader's language, for sentences of rules."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from babel.numbers import format_decimal
from flask_babel import format_date, get_locale, gettext, ngettext

from app.money import to_decimal_string
from app.programs.service import currency
from app.ranks import queries as ranks

if TYPE_CHECKING:
    from datetime import date


class Spoken:
    """Says sentences of rules in the language of the request; sums in the merchant's currency."""

    def __init__(self) -> None:
        """Read the currency once."""
        self.currency = currency()
        self.ranks: dict[str, str] | None = None

    def gettext(self, text: str, **values: Any) -> str:
        """Return the sentence in the reader's language."""
        return str(gettext(text, **values))

    def ngettext(self, one: str, many: str, num: int, **values: Any) -> str:
        """Return the form that the number wants."""
        return str(ngettext(one, many, num, **values))

    def money(self, minor: int) -> str:
        """Write a sum without its currency."""
        plain = to_decimal_string(minor, self.currency)
        places = len(plain.partition(".")[2])
        shape = "#,##0" + ("." + "0" * places if places else "")
        return format_decimal(Decimal(plain), format=shape, locale=get_locale())

    def number(self, value: Any) -> str:
        """Write a number."""
        shape = "#,##0.######"
        return format_decimal(Decimal(str(value)), format=shape, locale=get_locale())

    def day(self, value: date) -> str:
        """Write a day."""
        return str(format_date(value))

    def called(self, fact: str, value: str) -> str:
        """Return a rank by its name, read once; any other word is itself."""
        if not fact.endswith("rank"):
            return value
        if self.ranks is None:
            self.ranks = {each.code: each.name for each in ranks.ranks()}
        return self.ranks.get(value.casefold(), value)
