"""What a document says: made once from the ledger, the words and the requisites of the day."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.documents.rules import LONGEST_LINES, Content, Kind, Row, earned, sum_of
from app.documents.service.texts import words_of
from app.extensions import db
from app.money import exponent
from app.orders.models import Order
from app.payouts.service import in_force
from app.requisites.rules import BankAccount, Iban
from app.statements import queries as statements
from app.statements.rules import Part, Totals
from app.tenancy import current_tenant
from app.tenants.queries import legal, tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from app.partners.models import Partner
    from app.statements.rules import Line, Span
    from app.tenants.models import Tenant

LONG_DAYS = {"ru": "d MMMM y"}  # without the abbreviated word for a year, which ends in a full stop
PATTERN = "#,##0.00\u00a0\u00a4"  # figures, then the currency, in every language


@dataclass(frozen=True)
class Draft:
    """A document that has no number yet."""

    partner_id: int
    amount: int
    content: Content


def drafts(
    kind: Kind, span: Span, partners: Iterable[Partner], locale: str, today: date
) -> list[Draft]:
    """Return what documents of a kind would say about partners; two statements for all of them.

    Who neither had nor moved anything gets none, and an act only who earned something.
    """
    known = {partner.id: partner for partner in partners}
    merchant = tenant(current_tenant())
    if merchant is None or not known:
        return []
    accounts = statements.accounts(span, known)
    wanted = {i: t for i, t in accounts.items() if _worth(kind, t)}
    openings = {i: each.opening for i, each in wanted.items()}
    lines = statements.lines(span, openings, merchant.closed_until, merchant.timezone)
    with force_locale(locale):
        writer = _Writer(kind, span, merchant, locale, today)
        if kind is not Kind.ACT:
            writer.numbers = _numbers(lines)
        return [
            Draft(i, sum_of(kind, each), writer.content(known[i], each, lines[i]))
            for i, each in sorted(wanted.items())
        ]


def _worth(kind: Kind, totals: Totals) -> bool:
    if kind is Kind.ACT:
        return any(totals.of(part) for part in (Part.CREDITED, Part.REVERSED, Part.BY_HAND))
    return totals.moved


def _numbers(lines: Mapping[int, Iterable[Line]]) -> dict[int, str]:
    ids = {line.order_id for each in lines.values() for line in each if line.order_id is not None}
    query = select(Order.id, Order.number).where(Order.id.in_(ids))
    return {row.id: row.number for row in db.session.execute(query)} if ids else {}


class _Writer:
    """Puts one kind of document of one period into words of one language."""

    def __init__(self, kind: Kind, span: Span, merchant: Tenant, locale: str, today: date) -> None:
        self.kind, self.span, self.merchant = kind, span, merchant
        self.locale, self.today = locale, today
        self.words = words_of(kind, locale)
        self.us = requisites_of_merchant(merchant)
        self.numbers: dict[int, str] = {}  # of orders

    def content(self, partner: Partner, totals: Totals, lines: list[Line]) -> Content:
        """Return the whole; the number comes when it is issued."""
        rows = self._earned(lines) if self.kind is Kind.ACT else self._all(lines)
        them = requisites_of_partner(partner)
        return Content(
            words=self.words,
            values=self._values(partner, totals, them),
            opening=totals.opening,
            parts={part.value: sum_ for part, sum_ in totals.parts.items()},
            closing=totals.closing,
            rows=tuple(rows[:LONGEST_LINES]),
            cut=max(len(rows) - LONGEST_LINES, 0),
            locale=self.locale,
            us=self.us,
            them=them,
        )

    def _earned(self, lines: list[Line]) -> list[Row]:
        last = self.span.last.isoformat()
        return [Row(last, self._what(part, month), "", sum_) for part, month, sum_ in earned(lines)]

    def _all(self, lines: list[Line]) -> list[Row]:
        zone = ZoneInfo(self.merchant.timezone)
        return [
            Row(
                line.at.astimezone(zone).date().isoformat(),
                self._what(line.part, line.corrects),
                line.reason or self.numbers.get(line.order_id or 0, ""),
                line.amount,
                line.balance,
            )
            for line in lines
        ]

    def _what(self, part: Part, corrects: date | None) -> str:
        words = {
            Part.CREDITED: _("Reward for buyers' orders"),
            Part.REVERSED: _("Reward taken back after returns"),
            Part.BY_HAND: _("Booked by hand"),
            Part.SPENT: _("Spent on orders"),
            Part.WITHDRAWN: _("Paid out"),
            Part.FEE: _("Fee of the payout"),
            Part.WITHHELD: _("Tax withheld"),
            Part.OTHER: _("Other"),
        }[part]
        if corrects is None:
            return str(words)
        month = format_skeleton("yMMMM", corrects, locale=self.locale)
        return str(_("%(what)s: correction for %(month)s", what=words, month=month))

    def _values(self, partner: Partner, totals: Totals, them: dict[str, str]) -> dict[str, str]:
        paid = -sum(totals.of(p) for p in (Part.WITHDRAWN, Part.FEE, Part.WITHHELD))
        return {
            "date": self._day(self.today),
            "month": format_skeleton("yMMMM", self.span.first, locale=self.locale),
            "first": self._day(self.span.first),
            "last": self._day(self.span.last),
            "merchant": self.us["name"],
            "merchant_details": details_line(self.us),
            "partner": them["name"],
            "partner_details": details_line(them),
            "code": partner.refcode,
            "amount": self._sum(sum_of(self.kind, totals)),
            "opening": self._sum(totals.opening),
            "closing": self._sum(totals.closing),
            "paid": self._sum(paid),
            "withheld": self._sum(-totals.of(Part.WITHHELD)),
            "signer": self.us.get("signer", ""),
        }

    def _day(self, day: date) -> str:
        return format_date(day, format=LONG_DAYS.get(self.locale, "long"), locale=self.locale)

    def _sum(self, minor: int) -> str:
        currency = self.merchant.currency
        value = Decimal(minor).scaleb(-exponent(currency))
        return format_currency(value, currency, PATTERN, locale=self.locale)


def requisites_of_merchant(merchant: Tenant) -> dict[str, str]:
    """Return the merchant's requisites as they are today; without any its name."""
    known = legal()
    return _said(asdict(known)) if known else {"name": merchant.name}


def requisites_of_partner(partner: Partner) -> dict[str, str]:
    """Return the partner's requisites that are in force today; without any his name."""
    known = in_force(partner)
    if known.payee is None:
        return {"name": partner.name}
    banks = [w for w in known.ways.values() if isinstance(w, BankAccount | Iban)]
    return _said({**asdict(known.payee), **(asdict(banks[0]) if banks else {})})


def _said(facts: dict[str, Any]) -> dict[str, str]:
    return {name: str(text) for name, text in facts.items() if text}


def details_line(requisites: dict[str, str]) -> str:
    """Return requisites in one line, the name left out."""
    names = {
        "inn": _("INN"),
        "kpp": _("KPP"),
        "ogrn": _("OGRN"),
        "address": _("address"),
        "bank": _("bank"),
        "bik": _("BIK"),
        "account": _("account"),
        "correspondent": _("correspondent account"),
        "iban": "IBAN",
        "bic": "BIC",
    }
    return ", ".join(f"{label} {requisites[n]}" for n, label in names.items() if requisites.get(n))
