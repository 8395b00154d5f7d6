"""Sentences marked for the catalogues, and who says them: rules themselves know no language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import date


def N_(text: str) -> str:  # noqa: N802 - the mark by which catalogues find a sentence
    """Mark a sentence; whoever shows it translates it."""
    return text


class Words(Protocol):
    """A language: its catalogue, and how it writes sums, numbers and days."""

    def gettext(self, text: str, **values: Any) -> str:
        """Return the sentence in the language."""
        ...

    def ngettext(self, one: str, many: str, num: int, **values: Any) -> str:
        """Return the sentence in the form that the number wants."""
        ...

    def money(self, minor: int) -> str:
        """Write minor units of the merchant's currency, or bonuses."""
        ...

    def number(self, value: Any) -> str:
        """Write a number."""
        ...

    def day(self, value: date) -> str:
        """Write a day."""
        ...

    def called(self, fact: str, value: str) -> str:
        """Return how the merchant calls a word of a fact: a rank by its name."""
        ...


class English:
    """The language of the code; sums have two decimals."""

    def gettext(self, text: str, **values: Any) -> str:
        """Return the sentence as it stands in the code."""
        return text % values if values else text

    def ngettext(self, one: str, many: str, num: int, **values: Any) -> str:
        """Return the one or the other."""
        return (one if num == 1 else many) % {"num": num, **values}

    def money(self, minor: int) -> str:
        """Write 3,000.00 for 300000."""
        whole, part = divmod(abs(minor), 100)
        return f"{'-' if minor < 0 else ''}{whole:,}.{part:02}"

    def number(self, value: Any) -> str:
        """Write a number as it is."""
        return str(value)

    def day(self, value: date) -> str:
        """Write a day as standards do."""
        return value.isoformat()

    def called(self, fact: str, value: str) -> str:  # noqa: ARG002 - others look it up by the fact
        """Return the word itself."""
        return value
