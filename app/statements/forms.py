"""Statements in words: what moved, by kinds, and the parts that they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.statements.rules import Part
from app.web.filters import month_text

if TYPE_CHECKING:
    from flask_babel import LazyString

    from app.statements.rules import Line

KINDS: dict[str, LazyString] = {
    "accrual": _l("Commission"),
    "reversal": _l("Commission taken back"),
    "release": _l("The hold ended"),
    "return": _l("Back on hold"),
    "clawback": _l("Commission taken back"),
    "repayment": _l("Debt repaid"),
    "adjustment": _l("By hand"),
    "opening": _l("Brought along from the former system"),
    "write_off": _l("Written off"),
    "adjustment_undone": _l("An entry by hand taken back"),
    "payout_requested": _l("Payout asked for"),
    "payout_funded": _l("Into a payout"),
    "payout_returned": _l("Payout not made"),
    "payout_paid": _l("Paid out"),
    "payout_advance": _l("Paid in advance"),
    "payout_left": _l("Paid out"),
    "fee": _l("Fee of the payout"),
    "withheld": _l("Tax withheld"),
    "spending": _l("Spent on an order"),
    "spending_back": _l("Back from an order"),
    "conversion": _l("Turned into bonuses"),
    "bonus_withdrawal": _l("Bonuses withdrawn as money"),
}
PARTS: dict[Part, LazyString] = {
    Part.CREDITED: _l("Credited"),
    Part.REVERSED: _l("Taken back"),
    Part.BY_HAND: _l("By hand"),
    Part.SPENT: _l("Spent on orders"),
    Part.WITHDRAWN: _l("Paid out"),
    Part.FEE: _l("Fee"),
    Part.WITHHELD: _l("Tax withheld"),
    Part.OTHER: _l("Other"),
}
# These stand in every statement; the others where there is something.
ALWAYS = (Part.CREDITED, Part.WITHDRAWN)


def said(line: Line) -> str:
    """Return what a line is about, and which closed month it corrects."""
    words = str(KINDS.get(line.kind, line.kind))
    if line.corrects is None:
        return words
    return str(_("%(what)s: correction for %(month)s", what=words, month=month_text(line.corrects)))
