"""Rates as people and programs write them: read, checked, told what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select

from app.errors import Conflict, DomainError, FieldError, NotFound
from app.extensions import db
from app.money import MoneyError, parse_decimal
from app.programs.rules import MOST_LEVELS, RateError, buyer_key, parse_rate, write_rate
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.programs.models import Campaign, Group, Terms

LONGEST_NAME = 100
MOST_BUYER_GROUPS = 20


def currency() -> str:
    """Return the scope's merchant's currency. Raises NotFound for a scope without a merchant."""
    tenant = tenants.tenant(current_tenant())
    if tenant is None:
        raise NotFound
    return tenant.currency


def read_levels(
    texts: Sequence[str | None] | None, *, of_terms: bool = False, field: str = "levels"
) -> list[str | None]:
    """Return levels in the API's own form: one rate per level, None where it falls through.

    Empty levels at the end say nothing and are cut. Terms have one to nine levels, all of them
    said. Raises DomainError with the field of each wrong rate.
    """
    unit = currency()
    given = [text.strip() or None if text is not None else None for text in texts or ()]
    while given and given[-1] is None:
        given.pop()
    errors, levels = [], []
    for place, text in enumerate(given):
        try:
            levels.append(None if text is None else write_rate(parse_rate(text, unit), unit))
        except RateError as error:
            errors.append(FieldError(f"{field}.{place}", rate_words(error.code)))
    if len(given) > MOST_LEVELS:
        errors.append(FieldError(field, _("There are at most nine levels.")))
    if of_terms and not given:
        errors.append(FieldError(field, _("Terms need at least one level.")))
    if of_terms and None in given:
        errors.append(
            FieldError(field, _("Every level of the terms needs a rate; 0% pays nothing."))
        )
    if errors:
        raise DomainError("invalid_levels", _("The levels cannot be read."), *errors)
    return levels


def rate_words(code: str) -> str:
    """Return the sentence for a rate that cannot be read."""
    words: dict[str, str] = {
        "above_100": _("Percents go from 0 to 100."),
        "negative": _("A rate cannot be negative."),
        "too_precise": _("This currency has fewer decimals."),
        "too_large": _("The sum is too large."),
    }
    return words.get(code) or str(_("Write percents such as 10%, or a fixed sum such as 50.00."))


def read_by_buyer(
    said: Mapping[str, Sequence[str | None]] | None, field: str = "levels_by_buyer"
) -> dict[str, list[str | None]]:
    """Return levels by the buyer's group, as read_levels writes them; groups without levels are cut.

    Raises DomainError for what cannot be read, for a group named twice and for too many of them.
    """
    found, keys = {}, set()
    for group, texts in (said or {}).items():
        name = " ".join(group.split())
        levels = read_levels(texts, field=field)
        if not 0 < len(name) <= LONGEST_NAME or buyer_key(name) in keys:
            words = _(
                "Name each group of buyers once, in 1 to %(most)s characters.", most=LONGEST_NAME
            )
            raise DomainError("invalid_levels", words, FieldError(field, words))
        keys.add(buyer_key(name))
        if levels:
            found[name] = levels
    if len(found) > MOST_BUYER_GROUPS:
        words = _("At most %(most)s groups of buyers.", most=MOST_BUYER_GROUPS)
        raise DomainError("invalid_levels", words, FieldError(field, words))
    return found


def read_rate(text: str | None, field: str) -> str | None:
    """Return one rate in the API's own form; None where nothing is said. Raises DomainError."""
    if text is None or not text.strip():
        return None
    unit = currency()
    try:
        return write_rate(parse_rate(text.strip(), unit), unit)
    except RateError as error:
        words = rate_words(error.code)
        raise DomainError("invalid_rate", words, FieldError(field, words)) from error


def read_sum(text: str | None, field: str) -> int | None:
    """Return a sum as the API writes it in minor units; None where nothing is said. Raises DomainError."""
    if text is None:
        return None
    try:
        return parse_decimal(text, currency())
    except MoneyError as error:
        words = _("Write a sum such as 10000.00.")
        raise DomainError("invalid_sum", words, FieldError(field, words)) from error


def free_name(table: type[Terms | Group | Campaign], text: str) -> str:
    """Return a name that nothing of the kind has. Raises DomainError, and Conflict for a taken one."""
    name = " ".join(text.split())
    if not 0 < len(name) <= LONGEST_NAME:
        words = _("A name has 1 to %(most)s characters.", most=LONGEST_NAME)
        raise DomainError("invalid_name", words, FieldError("name", words))
    if db.session.scalar(select(table.id).where(table.name == name)) is not None:
        words = _("This name is taken.")
        raise Conflict("name_taken", words, FieldError("name", words))
    return name
