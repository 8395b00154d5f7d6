"""Statistics of payouts: by month and by method, with how long they took."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from flask import g, request
from flask_babel import get_locale
from flask_babel import gettext as _

from app import clock
from app.errors import NotFound
from app.lists.rules import FORMATS
from app.lists.service import told
from app.money import exponent
from app.site.access import requires
from app.wallet import queries
from app.wallet.office.lists import bp
from app.wallet.rules import Paid, months_back
from app.web.files import attachment
from app.web.pages import page

if TYPE_CHECKING:
    from datetime import date

    from flask import Response

SPANS = (12, 24, 60)  # months


@bp.get("/statistics/payouts/")
@requires("money.read")
def statistics() -> Response:
    """Show what was paid, month by month and method by method."""
    span, months, methods, whole = _read()
    return page(
        "wallet/office/statistics.html",
        span=span,
        spans=SPANS,
        months=months,
        labels=[_month(each.month) for each in months],
        methods=methods,
        names=queries.method_names(),
        whole=whole,
    )


@bp.get("/statistics/payouts/file")
@requires("money.read")
def statistics_file() -> Response:
    """Answer with the lines as CSV or XLSX: by month, or by method."""
    _span, months, methods, _whole = _read()
    what, kind = request.args.get("what", "months"), request.args.get("format", "csv")
    if what not in {"months", "methods"} or kind not in FORMATS:
        raise NotFound
    first = _("Month") if what == "months" else _("Method")
    names = queries.method_names()
    rows: list[list[Any]] = [
        [
            each.month if what == "months" else names.get(each.method_id or 0),
            each.number, _sum(each.total), _sum(each.average), each.days,
        ]
        for each in (months if what == "months" else methods)
    ]  # fmt: skip
    head = [first, _("Payouts"), _("Paid out"), _("Average"), _("Median days")]
    told("payout_statistics", len(rows), kind)
    return attachment(f"payouts-by-{what[:-1]}", first, kind, head, rows)


def _read() -> tuple[int, list[Paid], list[Paid], Paid]:
    """Return the span asked for, its months (those without payouts too), its methods, and the whole."""
    asked = request.args.get("months", "")
    span = int(asked) if asked in {str(each) for each in SPANS} else SPANS[0]
    zone = g.tenant.timezone
    days = months_back(clock.today(zone), span)
    since = datetime.combine(days[0], time(), ZoneInfo(zone))
    found = queries.paid_since(since, zone)
    by_month = {each.month: each for each in found if each.month is not None}
    months = [by_month.get(day, Paid(day, None, 0, 0, None)) for day in days]
    methods = [each for each in found if each.month is None and each.method_id is not None]
    whole = next((e for e in found if e.month is None and e.method_id is None), None)
    return span, months, methods, whole or Paid(None, None, 0, 0, None)


def _month(day: date | None) -> str:
    return str(format_skeleton("yMMM", day, locale=get_locale()))


def _sum(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-exponent(g.tenant.currency))
