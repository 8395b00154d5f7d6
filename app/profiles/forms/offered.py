"""Words that the merchant has defined himself: the constructor offers them instead of a free word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext

from app.coupons import queries as coupons
from app.ranks import queries as ranks
from app.wordings import forms as wordings
from app.wordings.queries import kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.profiles.rules.facts import Fact

Options = tuple[tuple[str, str], ...]


def _ranks() -> Options:
    return tuple((each.code, each.name) for each in ranks.ranks())


def _coupons() -> Options:
    return tuple((each.public_id, each.name) for each in coupons.kinds())


def _messages() -> Options:
    return tuple(wordings.choices(kept()))


def _awards() -> Options:
    return tuple((each.code, each.name) for each in ranks.awards())


FACTS: dict[str, Callable[[], Options]] = {
    "member.rank": _ranks,
    "referral.referrer_rank": _ranks,
    "upline.rank": _ranks,
}
ARGS: dict[str, Callable[[], Options]] = {
    "rank": _ranks,
    "award": _awards,
    "coupon": _coupons,
    "message": _messages,
}


def of_fact(key: str) -> Options:
    """Return the words that a fact may be, with their names; none: any word."""
    return FACTS[key]() if key in FACTS else ()


def choices(fact: Fact) -> tuple[tuple[str | int, str], ...]:
    """Return the values that a control offers: the fact's own, or words that the merchant has defined."""
    own = (*fact.options, *fact.names)
    return tuple((value, gettext(label)) for value, label in own) or of_fact(fact.key)


def of_arg(name: str) -> Options | None:
    """Return the words that an argument may be, with their names; None: any word."""
    return ARGS[name]() if name in ARGS else None
