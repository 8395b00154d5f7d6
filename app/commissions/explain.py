"""Say in the reader's language why a share is what it is, and why there is none.

Doors call this; the facts were stored with the share, so the sentence can always be made again.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_babel import gettext, lazy_gettext

from app.money import to_decimal_string
from app.web.filters import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from flask_babel.speaklater import LazyString

    from app.commissions.queries import ShareRow

KINDS: dict[str, LazyString] = {
    "staff": lazy_gettext("Set by staff"),
    "partner_code": lazy_gettext("Partner's code on the order"),
    "coupon": lazy_gettext("Coupon that is a partner's code"),
    "own": lazy_gettext("The buyer is a partner: cashback"),
    "binding": lazy_gettext("Customer bound to the partner"),
    "click": lazy_gettext("Click on a partner's link"),
    "ref": lazy_gettext("Partner's mark in the shop's message"),
    "site": lazy_gettext("Visit from a partner's site"),
    "entry": lazy_gettext("Address of the first visit"),
}
MOVES: dict[str, LazyString] = {
    "accrual": lazy_gettext("credited"),
    "release": lazy_gettext("became available"),
    "reversal": lazy_gettext("taken back while on hold"),
    "clawback": lazy_gettext("taken back"),
    "return": lazy_gettext("put on hold again"),
}
SOURCES: dict[str, LazyString] = {
    "partner": lazy_gettext("the partner's own rate"),
    "campaign": lazy_gettext("the campaign"),
    "product": lazy_gettext("the product's rate"),
    "category": lazy_gettext("the category's rate"),
    "group": lazy_gettext("the partner group's rate"),
    "terms": lazy_gettext("the partner terms"),
}
CAPS: dict[str, LazyString] = {
    "order": lazy_gettext("The cap of %(most)s an order was reached:"),
    "customer": lazy_gettext("The cap of %(most)s a customer was reached:"),
    "partner": lazy_gettext("The cap of %(most)s a month for this partner was reached:"),
    "terms": lazy_gettext("The cap of %(most)s a month for these terms was reached:"),
    "month": lazy_gettext("The budget of %(most)s a month was reached:"),
}
NOTHING: dict[str, LazyString] = {
    "no_claim": lazy_gettext(
        "Nothing shows that a partner brought this order: no code, link or binding."
    ),
    "unknown": lazy_gettext("The code or link on this order belongs to no partner."),
    "bot": lazy_gettext("The click came from a robot, so it does not count."),
    "hidden_frame": lazy_gettext(
        "The click came from a hidden frame or image, so it does not count."
    ),
    "self_referral": lazy_gettext("The buyer is the partner: own purchases earn nothing here."),
    "blocked": lazy_gettext("The partner was blocked when the order was made."),
    "inactive": lazy_gettext("The partner was not active yet when the order was made."),
    "after_order": lazy_gettext("The click came after the order."),
    "outside_window": lazy_gettext("The click was too long before the order."),
    "existing_customer": lazy_gettext(
        "The buyer was a customer before the partner's link or code."
    ),
    "foreign": lazy_gettext(
        "The buyer belongs to another partner, and other partners' codes are ignored."
    ),
    "weaker": lazy_gettext("Another claim is stronger."),
    "click_present": lazy_gettext("The same visit counts as a click already."),
    "cancelled": lazy_gettext("The order is cancelled, so nothing is due."),
    "refunded": lazy_gettext("The order is refunded, so nothing is due."),
    "not_participating": lazy_gettext("None of the products takes part in the partner program."),
    "promotional": lazy_gettext("Promotional goods earn nothing."),
    "foreign_coupon": lazy_gettext(
        "A coupon was used that is not the partner's own: such orders earn nothing."
    ),
    "beyond_first": lazy_gettext(
        "Only the first orders of each customer earn, and this is a later one."
    ),
    "cap_reached": lazy_gettext("A cap was reached, so nothing was left to pay."),
    "no_lines": lazy_gettext("The order has no lines."),
    "nothing_left": lazy_gettext(
        "Nothing is left to earn from: all was refunded or paid otherwise."
    ),
    "rate_is_zero": lazy_gettext("The rate for these products is zero."),
    "no_rate": lazy_gettext("No rate is set for these products."),
    "won": lazy_gettext("This claim won the order."),
}


def nothing(reason: str | None) -> str:
    """Return one sentence for "why nothing"; an unknown code speaks for itself."""
    return str(NOTHING.get(reason or "no_claim", reason or ""))


def api_money(currency: str) -> Callable[[int], str]:
    """Return how answers of the API write minor units of the currency."""
    return lambda minor: to_decimal_string(minor, currency)


def share(row: ShareRow, write: Callable[[int], str]) -> str:
    """Return why one level's amount is what it is, line by line; `write` turns minor units to text."""
    return " ".join(line(part.why, part.amount, write) for part in row.lines)


def line(why: Mapping[str, Any], amount: int, write: Callable[[int], str]) -> str:
    """Return the arithmetic of one line: base x rate, where the rate stands, and what was cut."""
    said = {"rate": _rate(str(why["rate"])), "amount": write(amount)}
    said["source"] = _source(why)
    if str(why["rate"]).endswith("%"):
        base = write(int(why["base"]))
        text = gettext("%(rate)s of %(base)s = %(amount)s (%(source)s).", base=base, **said)
    else:
        text = gettext("Fixed %(rate)s: %(amount)s (%(source)s).", **said)
    return " ".join([text, *_notes(why, write), *_caps(why, write)])


def _source(why: Mapping[str, Any]) -> str:
    if why.get("cashback"):
        return str(gettext("cashback of the partner terms"))
    source = str(SOURCES.get(why["source"], why["source"]))
    if why.get("buyer_group"):
        words: str = gettext(
            "%(source)s, for buyers of the group %(group)s", source=source, group=why["buyer_group"]
        )
        return words
    return source


def _caps(why: Mapping[str, Any], write: Callable[[int], str]) -> Iterable[str]:
    for cap in why.get("caps", ()):
        name, paid = str(cap["by"]), int(cap["paid"])
        said = {"most": write(int(cap["most"])), "wanted": write(int(cap["wanted"]))}
        text = str(CAPS[name]) % said if name in CAPS else name
        if paid:
            more = gettext("%(paid)s of %(wanted)s were paid.", paid=write(paid), **said)
        else:
            more = gettext("nothing of %(wanted)s was paid.", **said)
        yield f"{text} {more}"


def _rate(rate: str) -> str:
    return percent(Decimal(rate[:-1])) if rate.endswith("%") else rate


def _notes(why: Mapping[str, Any], write: Callable[[int], str]) -> Iterable[str]:
    if why.get("refunded"):
        yield gettext("Refunded: %(sum)s.", sum=write(int(why["refunded"])))
    if why.get("undiscounted"):
        yield gettext("Before the discount: %(sum)s.", sum=write(int(why["undiscounted"])))
    if why.get("bonus"):
        yield gettext("Paid in bonuses: %(sum)s.", sum=write(int(why["bonus"])))
    if why.get("cut"):
        yield gettext(
            "Cut by %(sum)s: all levels together never exceed the base.",
            sum=write(int(why["cut"])),
        )
