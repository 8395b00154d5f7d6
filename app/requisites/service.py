"""The sentences about what is wrong with payment and legal details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l

from app.errors import DomainError, FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.requisites.rules import Problem

WORDS = {
    "missing": _l("Fill this in."),
    "only_digits": _l("Only digits belong here."),
    "length": _l("%(have)s digits are here, %(want)s belong here."),
    "inn_check": _l(
        "The end of an INN checks the rest (%(last)s of its digits), and here it does not fit: look for a slip."
    ),
    "last_check": _l(
        "The last digit follows from the others, and here it does not: look for a slip."
    ),
    "kpp": _l("A KPP has 9 characters: 4 digits, 2 digits or capital letters, 3 digits."),
    "bik_begins": _l(
        "A BIK begins with 04, or with 00 to 03 for treasuries and the Bank of Russia."
    ),
    "account_correspondent": _l(
        "This is the bank's own correspondent account; here belongs the payee's, beginning with 40 or 42."
    ),
    "account_currency": _l(
        "Digits 6 to 8 name the currency: 810 for roubles. Here they are %(digits)s."
    ),
    "account_check": _l(
        "The account does not belong to this BIK: its 9th digit (%(digit)s) follows from the BIK and the "
        "other digits. Compare both with the bank's paper."
    ),
    "correspondent_begins": _l(
        "A correspondent account begins with 301. Here it begins with %(digits)s."
    ),
    "correspondent_ends": _l(
        "A correspondent account ends with the last three digits of the BIK: %(want)s, not %(have)s."
    ),
    "iban": _l(
        "This is no IBAN: two letters of the country, two digits, then as many characters as it uses."
    ),
    "iban_check": _l(
        "The check digits (%(digits)s, places 3 and 4) do not fit the rest: look for a slip."
    ),
    "bic": _l(
        "A BIC has 8 or 11 characters: 4 letters of the bank, 2 of the country, 2 or 5 of the place."
    ),
    "card_length": _l("%(have)s digits are here; a card has 13 to 19."),
    "card_check": _l("The last digit of a card follows from the others: look for a slip."),
    "phone": _l("Write the phone with its country code, such as +7 916 123-45-67."),
}


def words(problem: Problem) -> str:
    """Return the sentence about a problem, in the reader's language."""
    return str(WORDS[problem.code]) % problem.facts


def refuse(problems: Mapping[str, Problem]) -> None:
    """Raise DomainError (422) that names every field with its sentence; nothing where nothing is wrong."""
    if problems:
        errors = [FieldError(name, words(problem)) for name, problem in problems.items()]
        raise DomainError("details_wrong", errors[0].message, *errors)
