"""What the address of a report asks for: the period, and by what its lines are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.statistics.rules import DIRECT, NO_CLICK, OTHERS, PRESETS, Period, period_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask_babel import LazyString
    from werkzeug.datastructures import MultiDict

    from app.statistics.queries import Line

DIMENSIONS: dict[str, LazyString] = {
    "source": _l("Sources"),
    "medium": _l("Media"),
    "campaign": _l("Campaigns"),
    "page": _l("Landing pages"),
    "link": _l("Links"),
    "sub1": _l("Sub-id 1"),
    "sub2": _l("Sub-id 2"),
    "sub3": _l("Sub-id 3"),
    "sub4": _l("Sub-id 4"),
    "sub5": _l("Sub-id 5"),
}
EARLIEST = 1900  # the first year that people mean
OFFICE = {"partner": _l("Partners"), **DIMENSIONS, "how": _l("By what"), "shop": _l("Shops")}
HOW = {
    "staff": _l("Staff's word"),
    "partner_code": _l("Partner's code on the order"),
    "coupon": _l("Promo code"),
    "own": _l("Own purchase"),
    "binding": _l("Customer bound before"),
    "click": _l("Click"),
    "ref": _l("Code in the address"),
    "site": _l("Verified site"),
    "entry": _l("First address of the visit"),
}


@dataclass(frozen=True)
class Asked:
    """A report's wishes, checked."""

    period: Period
    preset: str
    by: str
    shop: str = ""  # its outside id; empty: all

    @property
    def values(self) -> dict[str, str]:
        """The wishes as an address has them."""
        span = {"from": self.period.first.isoformat(), "to": self.period.last.isoformat()}
        shop = {"shop": self.shop} if self.shop else {}
        return {
            "days": self.preset,
            "by": self.by,
            **shop,
            **(span if self.preset == "own" else {}),
        }


def asked(args: MultiDict[str, str], zone: str, dimensions: Sequence[str]) -> Asked:
    """Read the address; whatever cannot be read is as if it were not there."""
    since, until = _day(args.get("from", "")), _day(args.get("to", ""))
    preset = args.get("days", "")
    own = preset == "own" and bool(since or until)
    preset = "own" if own else preset if preset in PRESETS else "30"
    by = args.get("by", "")
    return Asked(
        period_of(clock.today(zone), preset, since, until),
        preset,
        by if by in dimensions else dimensions[0],
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year >= EARLIEST else None


def called(dim: str, line: Line) -> str:
    """Return how a line is called in the reader's language."""
    if line.key == OTHERS:
        return str(_("All others"))
    if line.key == NO_CLICK:
        return str(_("Without a click: by code, binding or staff"))
    if dim == "source" and line.key == DIRECT:
        return str(_("Direct, or not told"))
    return str(HOW.get(line.key, line.name)) if dim == "how" else line.name


HEAD = (
    _l("People"),
    _l("Repeated visits"),
    _l("Bots"),
    _l("Orders"),
    _l("Conversion"),
    _l("Turnover"),
    _l("Commission"),
    _l("Earned per click"),
    _l("Average order"),
    _l("First touch"),
    _l("Only touch"),
    _l("Last minutes"),
)
