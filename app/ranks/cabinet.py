"""The cabinet: what was sold of the goods whose rights a partner holds, what it earned, and the files of it."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import Blueprint, g, request
from flask_babel import gettext as _
from sqlalchemy import select

from app.bonuses import queries as bonuses
from app.earnings import queries as earnings
from app.errors import NotFound
from app.extensions import db
from app.lists.rules import FORMATS
from app.partners.models import Partner
from app.ranks.forms import OF_WORDS
from app.site.access import requires
from app.web import statements
from app.web.files import attachment
from app.web.filters import pen
from app.web.pages import page

if TYPE_CHECKING:
    from datetime import date

    from flask import Response

    from app.earnings.queries import Sales
    from app.ranks.rules import Held
    from app.statements.rules import Span

bp = Blueprint("ranks", __name__, url_prefix="/rights")

SHOWN = 200  # lines on a page; files have them all
MOST_BARS = 62  # days that a picture shows one by one; longer spans by month


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show the sales of a period; `?month=2026-09`, or `?from=` and `?to=`."""
    member_id, span = _member(), statements.wanted_span()
    if member_id is None:
        return page("ranks/cabinet/index.html", sales=None)
    found = earnings.sales_of(member_id, span.starts, span.ends)
    days, sold, accrued = _bars(found, span)
    return page(
        "ranks/cabinet/index.html",
        sales=found,
        lines=found.lines[:SHOWN],
        span=span,
        months=statements.recent_months(),
        balance=bonuses.balance(member_id),
        held=[(each, _share(each)) for each in earnings.held_by(member_id)],
        of=OF_WORDS,
        days=days,
        sold=sold,
        accrued=accrued,
    )


@bp.get("/file")
@requires("partner")
def download() -> Response:
    """Answer with all lines as CSV or XLSX (`?format=`)."""
    member_id, kind = _member(), request.args.get("format", "csv")
    if kind not in FORMATS:
        raise NotFound
    span = statements.wanted_span()
    found = earnings.sales_of(member_id or 0, span.starts, span.ends)
    head = [
        *(_("When"), _("Order"), _("Goods"), _("Quantity"), _("Sold for"), _("Came back")),
        *(_("Your share, %"), _("By rights to"), _("Accrued for the order"), _("Taken back")),
    ]
    rows, told = [], set()
    for line in found.lines:
        paid = found.paid.get(line.order_id)
        first = paid is not None and line.order_id not in told
        told.add(line.order_id)
        rows.append(
            [
                pen().local(line.at).replace(tzinfo=None, microsecond=0),
                line.number,
                line.name,
                Decimal(line.quantity),
                statements.amount(line.value),
                statements.amount(line.back),
                line.share,
                f"{OF_WORDS[line.of]}: {line.word}",
                statements.amount(paid.accrued) if paid and first else None,
                statements.amount(paid.back) if paid and first else None,
            ]
        )
    return attachment("sales-of-my-goods", _("Sales"), kind, [str(h) for h in head], rows)


def _share(held: Held) -> Decimal:
    return Decimal(held.share.numerator * 100) / held.share.denominator


def _bars(found: Sales, span: Span) -> tuple[list[date], list[int], list[int]]:
    """Return days (or months of a long span) with what was sold and accrued on each."""
    zone = ZoneInfo(g.tenant.timezone)
    by_month = (span.last - span.first).days >= MOST_BARS
    sold: dict[date, int] = defaultdict(int)
    accrued: dict[date, int] = defaultdict(int)
    seen = set()
    for line in found.lines:
        day = line.at.astimezone(zone).date()
        day = day.replace(day=1) if by_month else day
        sold[day] += line.value - line.back
        if line.order_id not in seen and line.order_id in found.paid:
            paid = found.paid[line.order_id]
            accrued[day] += paid.accrued - paid.back
        seen.add(line.order_id)
    length = (span.last - span.first).days + 1
    days = [span.first + timedelta(days=n) for n in range(length)]
    if by_month:
        days = sorted({day.replace(day=1) for day in days})
    return days, [sold[day] for day in days], [accrued[day] for day in days]


def hidden() -> frozenset[str]:
    """Return the page's endpoint where it is nothing for this partner: he holds no rights."""
    return frozenset({"cabinet.ranks.index"}) if _member() is None else frozenset()


def _member() -> int | None:
    """Return the customer who the partner is; None where he holds no rights, or is none."""
    member_id = db.session.scalar(select(Partner.member_id).where(Partner.id == g.partner_id))
    return member_id if member_id is not None and earnings.holds_any(member_id) else None
