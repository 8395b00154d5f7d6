"""What people type into the constructor, read by their locale into a rule's values, and back."""

from __future__ import annotations

import re
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app.money import Money, MoneyError, parse_typed, plain_number
from app.profiles.forms.offered import FACTS
from app.profiles.rules.facts import LISTS, Fact, Kind
from app.web.filters import locale_name, money_plain
from app.web.forms import storable
from app.web.locale import zone
from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

_BETWEEN = re.compile(r"\s*(?:–|—|…|\.\.\.?|\s-\s)\s*")
LONGEST = 2_000


class TypedError(ValueError):
    """It cannot be read; the text is the complaint."""


def wanted(fact: Fact, op: str, typed: Sequence[str]) -> Any:
    """Return what a row compares with, as JSON. Raises TypedError."""
    said = [text.strip() for text in typed if text.strip()]
    if not said:
        raise TypedError(_("Fill this in."))
    if any(len(text) > LONGEST or not storable(text) for text in said):
        raise TypedError(_("This cannot be read."))
    if op in LISTS:
        return _listed(fact, said)
    if op == "is":
        return said[0] == "yes"
    if op == "within_days":
        return count(said[0])
    if op == "between":
        ends = _BETWEEN.split(said[0])
        if len(ends) != 2:
            raise TypedError(_("Write two values with a dash between them."))
        return [_one(fact, each) for each in ends]
    return _one(fact, said[0])


def shown(fact: Fact, op: str, value: Any) -> list[str]:
    """Return a value as the row shows it."""
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if op == "between":
        return [" – ".join(_shown(fact, each) for each in value)]
    if isinstance(value, list | tuple):
        each = [_shown(fact, one) for one in value]
        return each if fact.options or fact.names or fact.key in FACTS else [", ".join(each)]
    return [_shown(fact, value)] if op != "within_days" else [str(value)]


def money(text: str) -> int:
    """Read a sum, or bonuses, in minor units. Raises TypedError."""
    currency = surroundings().currency
    try:
        return parse_typed(text, locale_name(), currency)
    except MoneyError as error:
        example = money_plain(Money(123450, currency))
        words = _("Type a sum in figures, such as %(example)s.", example=example)
        raise TypedError(words) from error


def money_shown(minor: int) -> str:
    """Write minor units as they are typed."""
    return money_plain(Money(minor, surroundings().currency))


def count(text: str) -> int:
    """Read a whole number. Raises TypedError."""
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise TypedError(_("Type a whole number."))
    return int(text)


def moment(text: str) -> str:
    """Read a moment typed in the merchant's zone. Raises TypedError."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise TypedError(_("Type a date and a time.")) from error
    if local.tzinfo is not None or not 1970 <= local.year <= 9998:
        raise TypedError(_("Type a date and a time."))
    return local.replace(tzinfo=zone()).isoformat()


def moment_shown(said: str) -> str:
    """Write a moment as the browser's control takes it."""
    return datetime.fromisoformat(said).astimezone(zone()).strftime("%Y-%m-%dT%H:%M")


def number(text: str) -> int | str:
    """Read a number: whole, or decimals as a string. Raises TypedError."""
    try:
        plain = plain_number(text, locale_name())
    except MoneyError as error:
        raise TypedError(_("Type a number.")) from error
    return int(plain) if "." not in plain else plain


def rate(text: str, *, times: bool = False) -> str:
    """Read "5%", "5" or "1/3"; with `times`, "2" is twice. Raises TypedError."""
    said = text.strip()
    if re.fullmatch(r"[0-9]{1,9}/[1-9][0-9]{0,8}", said):
        return said
    plain = str(number(said.removesuffix("%").strip()))
    if not times or said.endswith("%"):
        return f"{plain}%"
    exact = Fraction(plain)
    return f"{exact.numerator}/{exact.denominator}"


def rate_shown(said: str) -> str:
    """Write a rate as it is typed: by the locale's decimal sign; 2/1 is 2."""
    if said.endswith("/1"):
        return said[:-2]
    point = "," if "," in money_plain(Money(15, "RUB")) else "."
    return said.replace(".", point)


def _one(fact: Fact, text: str) -> Any:
    if fact.kind is Kind.MONEY:
        return money(text)
    if fact.kind is Kind.NUMBER:
        return number(text)
    if fact.kind is Kind.ANY:
        try:
            return number(text)
        except TypedError:
            return text
    return text


def _listed(fact: Fact, said: list[str]) -> list[str | int]:
    if fact.options:
        known = {str(value): value for value, _label in fact.options}
        return [known.get(text, text) for text in said]
    return [word.strip() for text in said for word in text.split(",") if word.strip()]


def _shown(fact: Fact, value: Any) -> str:
    if fact.kind is Kind.MONEY and isinstance(value, int):
        return money_shown(value)
    if fact.kind is Kind.NUMBER:
        return rate_shown(str(value))
    return str(value)
