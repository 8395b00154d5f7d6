"""Numbers that banks and tax offices give: each is tidied first, then its problem is named, or None.

A problem says which group of digits is wrong, so that a person finds the slip; its words stand in
`app.requisites.service`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import phonenumbers
from schwifty import BIC, IBAN
from schwifty.exceptions import InvalidChecksumDigits, SchwiftyException
from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.ru import inn, ogrn

if TYPE_CHECKING:
    from collections.abc import Mapping

WEIGHTS = (7, 1, 3)  # of an account's digits, over and over; the sum's last digit is 0
ACCOUNT = 20
RUBLES = "810"  # digits 6 to 8 of an account in roubles
FOREIGN = frozenset(
    {"978", "840", "156", "398", "933", "980"}
)  # other currencies accounts are kept in
_BIK = re.compile(r"0[0-4][0-9]{7}")
_KPP = re.compile(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}")
_SETTLEMENT = ("000", "001", "002")  # a BIK that ends so is the Bank of Russia's own office
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f.\-\u2010-\u2015]")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a field: a code, and what its sentence says besides."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


def plain(text: str) -> str:
    """Return the text as numbers are kept: no spaces, dots or dashes, capital letters."""
    return _SPACES.sub("", text).upper()


def digits(text: str) -> str:
    """Return the text without spaces and dashes, for numbers made of digits."""
    return _SPACES.sub("", text)


def _whole(text: str, *lengths: int) -> Problem | None:
    """Only digits, and as many as belong: else which are there."""
    if not text:
        return Problem("missing")
    if not (text.isascii() and text.isdecimal()):
        return Problem("only_digits")
    if len(text) not in lengths:
        wanted = " / ".join(map(str, lengths))
        return Problem("length", {"have": len(text), "want": wanted})
    return None


def inn_problem(text: str, *lengths: int) -> Problem | None:
    """An INN: 10 digits of a company, 12 of a person; its last one (two) check the others."""
    found = _whole(text, *(lengths or (10, 12)))
    return found or (
        None if _holds(inn, text) else Problem("inn_check", {"last": (len(text) - 8) // 2})
    )


def ogrn_problem(text: str, length: int) -> Problem | None:
    """An OGRN (13) or OGRNIP (15 digits); the last digit checks the others."""
    return _whole(text, length) or (None if _holds(ogrn, text) else Problem("last_check"))


def kpp_problem(text: str) -> Problem | None:
    """A KPP: 4 digits of the tax office, 2 signs of the reason, 3 digits of the number."""
    if not text:
        return Problem("missing")
    return None if _KPP.fullmatch(text) else Problem("kpp", {"have": len(text)})


def bik_problem(text: str) -> Problem | None:
    """A BIK: 9 digits, the first two name the country."""
    return _whole(text, 9) or (None if _BIK.fullmatch(text) else Problem("bik_begins"))


def account_problem(text: str, bik: str) -> Problem | None:
    """A Russian account: 20 digits, checked together with its bank's BIK (as the Bank of Russia orders).

    Before the account the last three digits of the BIK are put; for an office of the Bank of Russia
    a nought and its fifth and sixth. The BIK must be sound already, else the sum says nothing.
    """
    found = _whole(text, ACCOUNT)
    if found:
        return found
    if text.startswith("301"):
        return Problem("account_correspondent")
    if text[5:8] != RUBLES and text[5:8] not in FOREIGN:
        return Problem("account_currency", {"digits": text[5:8]})
    if bik_problem(bik) or _sums(_front(bik) + text):
        return None
    return Problem("account_check", {"digit": text[8]})


def with_key(account: str, bik: str) -> str:
    """Return the account with the 9th digit that belongs to it at the bank with this BIK."""
    tries = (f"{account[:8]}{key}{account[9:]}" for key in range(10))
    return next(each for each in tries if _sums(_front(bik) + each))


def correspondent_problem(text: str, bik: str) -> Problem | None:
    """A bank's own account: begins with 301, ends as the BIK does; none at an office of the Bank of Russia."""
    official = bik.endswith(_SETTLEMENT)  # a treasury's single account follows rules of its own
    found = None if official and not text else _whole(text, ACCOUNT)
    if found or official:
        return found
    if not text.startswith("301"):
        return Problem("correspondent_begins", {"digits": text[:3]})
    if bik_problem(bik):
        return None
    if text[-3:] != bik[-3:]:
        return Problem("correspondent_ends", {"want": bik[-3:], "have": text[-3:]})
    return None if _sums(f"0{bik[4:6]}{text}") else Problem("last_check")


def iban_problem(text: str) -> Problem | None:
    """An IBAN: the country's length and structure, and the check digits in places 3 and 4."""
    if not text:
        return Problem("missing")
    try:
        IBAN(text)
    except InvalidChecksumDigits:
        return Problem("iban_check", {"digits": text[2:4]})
    except SchwiftyException:
        return Problem("iban")
    return None


def bic_problem(text: str) -> Problem | None:
    """A BIC (SWIFT): 8 or 11 signs: bank, country, place, branch."""
    try:
        BIC(text)
    except SchwiftyException:
        return Problem("bic")
    return None


def card_problem(text: str) -> Problem | None:
    """A card: 13 to 19 digits, checked by Luhn's sum."""
    found = _whole(text, *range(13, 20))
    if found:
        return Problem("card_length", {"have": len(text)}) if found.code == "length" else found
    return None if luhn.is_valid(text) else Problem("card_check")


def phone_problem(text: str) -> Problem | None:
    """A phone in E.164, with a number that its country gives out."""
    if not text:
        return Problem("missing")
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return Problem("phone")
    return None if phonenumbers.is_valid_number(number) else Problem("phone")


def phone(text: str, region: str | None = "RU") -> str:
    """Return a phone in E.164 where it can be read, else as it was typed."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return text.strip()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _front(bik: str) -> str:
    return f"0{bik[4:6]}" if bik.endswith(_SETTLEMENT) else bik[-3:]


def _sums(text: str) -> bool:
    return sum(int(c) * WEIGHTS[n % 3] for n, c in enumerate(text)) % 10 == 0


def _holds(number: object, text: str) -> bool:
    try:
        number.validate(text)  # type: ignore[attr-defined]
    except ValidationError:
        return False
    return True
