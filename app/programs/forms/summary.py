"""A set of terms in plain sentences, as partners are told."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_babel import gettext, ngettext

from app.money import parse_decimal
from app.programs.queries import read_conditions
from app.tenants import queries as tenants
from app.web.filters import money_text, percent
from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.programs.queries import Conditions

DAYS = ("hold_days", "window_days")  # of terms; where they say nothing, the merchant's settings do


@dataclass(frozen=True)
class Summary:
    """A set of terms for plain sentences: what is paid, from what, when, and for how long a click counts.

    Caps are sums of the merchant's currency, None: no cap. `cashback`: None where none is paid.
    """

    levels: list[str | None]
    hold_days: int
    window_days: int
    shipping: bool
    tax: bool
    lifetime: bool
    discount: bool = False
    by_buyer: tuple[tuple[str, list[str | None]], ...] = ()
    cashback: str | None = None
    promotional: bool = True
    foreign_coupons: bool = True
    first_orders: int | None = None
    cap_order: str | None = None
    cap_customer: str | None = None
    cap_partner: str | None = None
    cap_terms: str | None = None

    @property
    def sentences(self) -> list[str]:
        """What a partner is told, in the reader's language."""
        return [*self._rates(), *self._from_what(), *self._at_most(), *self._when()]

    def _rates(self) -> Iterator[str]:
        for level, rate in enumerate(self.levels, start=1):
            if rate is None:
                continue
            if level == 1:
                yield gettext("You earn %(rate)s from each sale that you bring.", rate=rate)
            elif level == 2:
                yield gettext(
                    "You earn %(rate)s from each sale of the partners whom you have brought.",
                    rate=rate,
                )
            else:
                yield gettext(
                    "Level %(level)s, further down your network: %(rate)s.", level=level, rate=rate
                )
        for name, levels in self.by_buyer:
            words = gettext("From buyers of the group %(name)s:", name=name)
            yield f"{words} {' · '.join(rate or '—' for rate in levels)}"
        if self.cashback:
            yield gettext("Your own purchases earn you %(rate)s.", rate=self.cashback)

    def _from_what(self) -> Iterator[str]:
        found = [
            gettext("Commission is reckoned from what the buyer pays, shipping included.")
            if self.shipping
            else gettext(
                "Commission is reckoned from what the buyer pays for goods, without shipping."
            )
        ]
        if not self.tax:
            found.append(gettext("Tax is left out."))
        if self.discount:
            found.append(gettext("Prices count as they were before the discount."))
        yield " ".join(found)
        if not self.promotional:
            yield gettext("Promotional goods earn nothing.")
        if not self.foreign_coupons:
            yield gettext(
                "Orders with a coupon of the shop or of another partner earn nothing; "
                "your own code does no harm."
            )
        if self.first_orders:
            yield ngettext(
                "Only the first order of each customer earns.",
                "Only the first %(num)s orders of each customer earn.",
                self.first_orders,
            )

    def _at_most(self) -> Iterator[str]:
        if self.cap_order is not None:
            yield gettext(
                "An order earns at most %(sum)s, all levels together.", sum=self.cap_order
            )
        if self.cap_customer is not None:
            yield gettext(
                "A customer earns at most %(sum)s, all orders together.", sum=self.cap_customer
            )
        if self.cap_partner is not None:
            yield gettext(
                "At most %(sum)s becomes available to you in a calendar month.",
                sum=self.cap_partner,
            )
        if self.cap_terms is not None:
            yield gettext(
                "All partners on these terms together earn at most %(sum)s in a calendar month.",
                sum=self.cap_terms,
            )

    def _when(self) -> Iterator[str]:
        if self.hold_days:
            yield ngettext(
                "A commission is on hold for %(num)s day after the order is completed; "
                "then you can ask for it.",
                "A commission is on hold for %(num)s days after the order is completed; "
                "then you can ask for it.",
                self.hold_days,
            )
        else:
            yield gettext("You can ask for a commission as soon as the order is completed.")
        yield ngettext(
            "A click counts for %(num)s day.", "A click counts for %(num)s days.", self.window_days
        )
        if self.lifetime:
            yield gettext("A customer whom you have brought stays yours: later orders count too.")


def summary(now: Conditions) -> Summary:
    """Return what people are told of terms; days that the terms leave open are the merchant's."""
    return _summary(now, tenants.settings(), surroundings().currency)


def announced(said: Mapping[str, Any], currency: str) -> Summary:
    """Return what a partner is told of announced terms, from the facts of their announcement."""
    known = tenants.settings()
    earning = {name: said[name] for name in known.keys() & said.keys() if name not in DAYS}
    return _summary(read_conditions(said), {**known, **earning}, currency)


def _summary(now: Conditions, settings: Mapping[str, Any], currency: str) -> Summary:
    def sum_of(minor: int | None) -> str | None:
        return None if minor is None else money_text(minor, currency)

    def plain(levels: Sequence[str | None]) -> list[str | None]:
        return [None if rate is None else written_out(rate, currency) for rate in levels]

    cashback = now.cashback_rate if settings["cashback"] else None
    return Summary(
        levels=plain(now.levels),
        hold_days=settings["hold_days"] if now.hold_days is None else now.hold_days,
        window_days=settings["window_days"] if now.window_days is None else now.window_days,
        shipping=now.shipping,
        tax=now.tax,
        lifetime=settings["lifetime"],
        discount=now.discount,
        by_buyer=tuple((name, plain(levels)) for name, levels in now.levels_by_buyer.items()),
        cashback=written_out(cashback, currency) if cashback else None,
        promotional=settings["promotional"],
        foreign_coupons=settings["foreign_coupons"],
        first_orders=settings["first_orders"],
        cap_terms=sum_of(now.cap),
        **{name: sum_of(settings[name]) for name in ("cap_order", "cap_customer", "cap_partner")},
    )


def written_out(rate: str, currency: str) -> str:
    """Return a rate as plain text by locale."""
    if rate.endswith("%"):
        return percent(Decimal(rate[:-1]))
    return money_text(parse_decimal(rate, currency), currency)
