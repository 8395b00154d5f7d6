"""What messages to customers are filled with: bonuses that were given, until when, and the way to them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from flask_babel import force_locale, gettext, ngettext

from app import clock, crypto
from app.bonuses import queries as bonuses
from app.coupons import queries as coupons
from app.installation import public_address
from app.money import to_decimal_string
from app.notifications import queries, rules
from app.notifications.rules import Channel
from app.notifications.words import DATES
from app.ranks import queries as ranks
from app.tenancy import current_tenant
from app.wordings import queries as wordings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.notifications.queries import Customer
    from app.partners.models import Partner
    from app.tenants.models import Tenant

UNSUBSCRIBE = "unsubscribe"
_TEXTS = {"bonus.expiring": "expiring", "rank.warned": "rank_warning"}
NAMES = {"en": "Anna", "ru": "Анна"}  # of a customer who is not there


class CustomerView:
    """The part of a view that is about a customer, and about leaving letters."""

    kind: str
    recipient: str
    channel: str
    locale: str
    facts: dict[str, Any]
    merchant: Tenant

    if TYPE_CHECKING:

        @cached_property
        def partner(self) -> Partner | None:
            """The partner whom the event concerns."""

    @cached_property
    def customer(self) -> Customer | None:
        """The customer whom the message is for, or of whom staff are told."""
        kind, _, number = self.recipient.partition(":")
        if self.kind == "staff.told":
            kind, number = "member", str(self.facts.get("member_id") or 0)
        return queries.customers([int(number)]).get(int(number)) if kind == "member" else None

    @property
    def texts(self) -> Mapping[str, Mapping[str, str]] | None:
        """The texts of a message that the merchant words himself, by language."""
        code = _TEXTS.get(self.kind) or self.facts.get("text")
        return wordings.texts(str(code)) if code else None

    @cached_property
    def credit(self) -> tuple[int, datetime | None, datetime | None]:
        """How many bonuses the message is about, from when they can be spent, and until when."""
        if "amount" in self.facts:
            until = self.facts.get("at")
            return int(self.facts["amount"]), None, datetime.fromisoformat(until) if until else None
        key, rule = self.facts.get("event"), self.facts.get("rule")
        if self.customer is None or not key:
            return 0, None, None
        by_rule = bonuses.given(self.customer.id, f"profile:{key}:{rule}:")
        return by_rule if by_rule[0] else bonuses.given(self.customer.id, f"profile:{key}:")

    @property
    def account_link(self) -> str | None:
        """Where the customer sees his bonuses, if he has a cabinet."""
        tried = self.kind == "wording.tried"
        has_one = tried or (self.customer is not None and self.customer.has_cabinet)
        return public_address(f"/{self.merchant.slug}/cabinet/bonuses/") if has_one else None

    @property
    def values(self) -> dict[str, str]:
        """What may be filled in for the customer."""
        if self.customer is None:
            return sample(self.merchant, self.locale)
        amount, usable, until = self.credit
        rank = ranks.rank_of(self.customer.id)
        standing = bonuses.balance(self.customer.id).available
        return {
            "name": self.customer.name or gettext("dear customer"),
            "shop": self.merchant.name,
            "amount": plain(amount, self.merchant.currency, self.locale),
            "usable": usable_text(usable, self.merchant, self.locale),
            "valid": valid_text(until, self.merchant, self.locale),
            "balance": plain(standing, self.merchant.currency, self.locale),
            "coupon": coupons.issued_for(self.customer.id, str(self.facts.get("event"))) or "—",
            "rank": rank.name if rank is not None else "—",
            **self.fall,
            "link": self.account_link or self.customer.shop_address,
        }

    @property
    def fall(self) -> dict[str, str]:
        """When a rank is lost, and what is missing; of other messages nothing."""
        day, lacks = self.facts.get("falls_on"), self.facts.get("lacks")
        if not day:
            return {"day": "—", "lacks": "—"}
        at = datetime.combine(date.fromisoformat(day), time(12), ZoneInfo(self.merchant.timezone))
        said = lacks if isinstance(lacks, dict) else {}
        return {
            "day": _day(at, self.merchant, self.locale),
            "lacks": lacks_text(said, self.merchant, self.locale),
        }

    @cached_property
    def unsubscribe(self) -> str | None:
        """Where letters can be turned off without signing in; None for letters that must come."""
        if self.channel != Channel.EMAIL:
            return None
        rule, said = rules.RULES.get(self.kind), None
        if self.kind in rules.TO_CUSTOMERS and self.customer is not None:
            said = [current_tenant(), self.customer.id, rules.CUSTOMER]
        elif rule is not None and rule.notice and rule.to is rules.To.PARTNER and self.partner:
            said = [current_tenant(), self.partner.id, self.kind]
        if said is None:
            return None
        token = crypto.sign(UNSUBSCRIBE, said)
        return public_address(f"/{self.merchant.slug}/unsubscribe/{token}")


def plain(minor: int, currency: str, locale: str) -> str:
    """Write bonuses without a sign of currency: 100, or 12.50."""
    value = to_decimal_string(minor, currency)
    _whole, _point, rest = value.partition(".")
    shape = "#,##0." + "0" * len(rest) if int(rest or 0) else "#,##0"
    return str(format_decimal(Decimal(value), format=shape, locale=locale))


def lacks_text(lacks: Mapping[str, int], merchant: Tenant, locale: str) -> str:
    """Say what is missing for a rank: "2 more orders, purchases for 1,500"."""
    said = []
    for name, value in lacks.items():
        if name == "orders":
            said.append(ngettext("%(num)s more order", "%(num)s more orders", value))
        elif name == "friends":
            words = ngettext("%(num)s more friend who buys", "%(num)s more friends who buy", value)
            said.append(words)
        else:
            amount = plain(value, merchant.currency, locale)
            words = gettext("purchases for %(sum)s more", sum=amount)
            if name == "friends_sum":
                words = gettext("friends' purchases for %(sum)s more", sum=amount)
            said.append(words)
    return ", ".join(said) or "—"


def usable_text(at: datetime | None, merchant: Tenant, locale: str) -> str:
    """Say from when bonuses can be spent: "at once", "from Dec 5, 2026"."""
    if at is None or at <= clock.now():
        return str(gettext("at once"))
    return str(gettext("from %(day)s", day=_day(at, merchant, locale)))


def valid_text(until: datetime | None, merchant: Tenant, locale: str) -> str:
    """Say until when bonuses are valid: "with no end date", "until Dec 5, 2026, 12:00 PM"."""
    if until is None:
        return str(gettext("with no end date"))
    local = until.astimezone(ZoneInfo(merchant.timezone))
    day = _day(until, merchant, locale)
    time = format_time(local, "short", locale=locale)
    return str(gettext("until %(when)s", when=f"{day}, {time}"))


def _day(at: datetime, merchant: Tenant, locale: str) -> str:
    local = at.astimezone(ZoneInfo(merchant.timezone))
    return str(format_date(local, DATES.get(locale, "medium"), locale=locale))


def sample(merchant: Tenant, locale: str) -> dict[str, str]:
    """Return what fills a message for somebody who is not there, so that one sees how it reads."""
    with force_locale(locale):
        return {
            "name": NAMES.get(locale, "Anna"),
            "shop": merchant.name,
            "amount": "100",
            "usable": usable_text(None, merchant, locale),
            "valid": valid_text(clock.now() + timedelta(days=90), merchant, locale),
            "balance": "350",
            "coupon": "K7F2-9QXM",
            "rank": gettext("Silver"),
            "day": _day(clock.now() + timedelta(days=14), merchant, locale),
            "lacks": lacks_text({"orders": 2}, merchant, locale),
            "link": public_address(f"/{merchant.slug}/cabinet/bonuses/"),
        }
