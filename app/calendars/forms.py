"""Words of the money calendar, the same on the page and in calendar programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.calendars.rules import Kind, Note
from app.web.filters import money_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.calendars.rules import Item

KINDS = {
    Kind.FREE: (_l("Becomes available"), "info"),
    Kind.RUN: (_l("Planned pay run"), "warn"),
    Kind.PAID: (_l("Paid out"), "good"),
}


def notes(items: Iterable[Item], currency: str, owner: str) -> list[Note]:
    """Return a feed's entries: sums and what happens, and no word about anybody."""
    return [
        Note(item.day, f"{owner}:{item.kind}", words(item, money_text(item.amount, currency)))
        for item in items
    ]


def words(item: Item, amount: str) -> str:
    """Return one line of a day."""
    if item.kind is Kind.RUN and not item.amount:
        return str(_("Planned pay run"))
    if item.kind is Kind.RUN:
        return str(_("Planned pay run, about %(sum)s", sum=amount))
    return f"{KINDS[item.kind][0]}: {amount}"
