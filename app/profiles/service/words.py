"""The reader's language, for sentences of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import format_date, format_decimal, gettext, ngettext

from app.money import to_decimal_string
from app.programs.service import currency

if TYPE_CHECKING:
    from datetime import date


class Spoken:
    """Says sentences of rules in the language of the request; sums in the merchant's currency."""

    def __init__(self) -> None:
        """Read the currency once."""
        self.currency = currency()

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
        return str(format_decimal(plain, format="#,##0" + ("." + "0" * places if places else "")))

    def number(self, value: Any) -> str:
        """Write a number."""
        return str(format_decimal(value, format="#,##0.######", decimal_quantization=False))

    def day(self, value: date) -> str:
        """Write a day."""
        return str(format_date(value))
