"""Statements of partners' accounts for both audiences: pages, files, and where each line's reason is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from flask import g, request, url_for
from flask_babel import gettext as _

from app import clock
from app.money import exponent
from app.reports.queries import subjects
from app.site.access import allowed
from app.statements import queries
from app.statements.forms import ALWAYS, PARTS, said
from app.statements.rules import Part, asked_span, month_before
from app.web.files import attachment
from app.web.filters import date_text, pen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from flask import Response
    from flask_babel import LazyString

    from app.statements.rules import Line, Span, Totals
    from app.web.lists import Cell

SHOWN = 500  # lines on a page; files have them all
RECENT = 3  # months by one press


@dataclass(frozen=True)
class Row:
    """A line with its words, and where its reason is."""

    line: Line
    words: str
    about: str
    address: str | None


@dataclass(frozen=True)
class Statement:
    """One partner's account over a span, as pages show it."""

    span: Span
    totals: Totals
    rows: Sequence[Row]

    @property
    def shown(self) -> Sequence[Row]:
        """The newest lines, as many as a page holds."""
        return self.rows[-SHOWN:]


def wanted_span(*, whole: bool = False) -> Span:
    """Return the span that the address asks for: a month or two days."""
    args, zone = request.args, g.tenant.timezone
    today = clock.today(zone)
    return asked_span(
        *(args.get(name, "") for name in ("month", "from", "to")),
        today=today,
        zone=zone,
        whole=whole,
    )


def recent_months() -> list[date]:
    """Return the running month and those before, newest first."""
    found = [clock.today(g.tenant.timezone).replace(day=1)]
    while len(found) < RECENT:
        found.append(month_before(found[-1]))
    return found


def read(partner_id: int, span: Span) -> Statement:
    """Return a partner's account over a span with the reasons of its lines, in four statements."""
    sums = queries.account(span, partner_id)
    tenant = g.tenant
    opening = {partner_id: sums.opening}
    lines = queries.lines(span, opening, tenant.closed_until, tenant.timezone)
    return Statement(span, sums, _rows(lines[partner_id]))


def _rows(lines: Sequence[Line]) -> list[Row]:
    about = subjects(lines)
    door = "cabinet" if g.get("partner_id") else "office"
    order = "cabinet.commissions.show" if door == "cabinet" else "office.orders.show"
    found = []
    for line in lines:
        subject = about.get(line.id)
        number, address = line.reason or "", None
        if subject is not None and subject.deal:
            number = _("Order %(number)s", number=subject.number)
            address = url_for(order, deal=subject.deal) if allowed(order) else None
        elif subject is not None and subject.payout:
            number = subject.payout
            address = url_for(f"{door}.payouts.show", public_id=subject.payout)
        found.append(Row(line, said(line), number, address))
    return found


def parts_of(sums: Totals) -> list[tuple[Part, LazyString, int]]:
    """Return the parts that a statement shows: the usual ones, and those with something in them."""
    return [(p, words, sums.of(p)) for p, words in PARTS.items() if p in ALWAYS or sums.of(p)]


def amount(minor: int) -> Decimal:
    """Return minor units of the merchant's currency as programs read them."""
    return Decimal(minor).scaleb(-exponent(g.tenant.currency))


def file(statement: Statement, kind: str, refcode: str) -> Response:
    """Answer with one partner's statement as CSV or XLSX."""
    span = statement.span
    head = [_("When"), _("What"), _("What for"), _("Amount"), _("Balance after")]
    first: list[Cell] = [span.first, _("Opening balance"), None, None]
    rows: list[list[Cell]] = [[*first, amount(statement.totals.opening)]]
    for row in statement.rows:
        local = pen().local(row.line.at).replace(tzinfo=None, microsecond=0)
        after = amount(row.line.balance)
        rows.append([local, row.words, row.about or None, amount(row.line.amount), after])
    for _part, words, sum_ in parts_of(statement.totals):
        rows.append([None, str(words), None, amount(sum_), None])
    last: list[Cell] = [span.last, _("Closing balance"), None, None]
    rows.append([*last, amount(statement.totals.closing)])
    return attachment(f"statement-{refcode}", _("Statement"), kind, [str(h) for h in head], rows)


def days_of(span: Span) -> str:
    """Return a span in words."""
    return f"{date_text(span.first)} – {date_text(span.last)}"
