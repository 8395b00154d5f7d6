"""Say in the reader's language, from the facts stored with a share, why it is what it is, or why none."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from app.attribution.explain import evidence
from app.commissions.rules import BY_HAND
from app.money import half_up, to_decimal_string
from app.web.filters import date_text, datetime_text, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from flask_babel.speaklater import LazyString

    from app.commissions.queries import DealView, ShareRow

KINDS: dict[str, LazyString] = {
    "staff": _l("Set by staff"),
    "partner_code": _l("Partner's code on the order"),
    "coupon": _l("Coupon that is a partner's code"),
    "own": _l("The buyer is a partner: cashback"),
    "binding": _l("Customer bound to the partner"),
    "click": _l("Click on a partner's link"),
    "ref": _l("Partner's mark in the shop's message"),
    "site": _l("Visit from a partner's site"),
    "entry": _l("Address of the first visit"),
}
MOVES: dict[str, LazyString] = {
    "accrual": _l("credited"),
    "release": _l("became available"),
    "reversal": _l("taken back while on hold"),
    "clawback": _l("taken back"),
    "return": _l("put on hold again"),
}
SOURCES: dict[str, LazyString] = {
    "partner": _l("the partner's own rate"),
    "campaign": _l("the campaign"),
    "product": _l("the product's rate"),
    "category": _l("the category's rate"),
    "group": _l("the partner group's rate"),
    "terms": _l("the partner terms"),
}
# The same, where it is known whose they are.
NAMED: dict[str, LazyString] = {
    "partner": _l("the own rate of %(name)s"),
    "campaign": _l("the campaign “%(name)s”"),
    "product": _l("the rate of the product “%(name)s”"),
    "category": _l("the rate of the category “%(name)s”"),
    "group": _l("the rate of the partner group “%(name)s”"),
    "terms": _l("the partner terms “%(name)s”"),
}
CUTS: dict[str, LazyString] = {
    "above_base": _l("Cut by %(sum)s: all levels together never exceed the base."),
}
ROUNDING: dict[str, LazyString] = {"half_up": _l("Rounded half up.")}
# Why a line, a level or somebody in between earns nothing, beside what NOTHING says.
NOTES: dict[str, LazyString] = {
    "compressed": _l("does not stand in the program, so the next one above earns instead."),
    "no_such_level": _l("the terms have no such level."),
    "no_cashback_rate": _l("the terms pay no cashback."),
    "blocked": _l("was blocked when the order was made."),
    "inactive": _l("was not active yet when the order was made."),
    "self_referral": _l("is the buyer: own purchases earn nothing here."),
    "not_participating": _l("does not take part in the partner program."),
    "promotional": _l("promotional goods earn nothing."),
    "unknown_terms": _l("The order names a set of terms that is not there."),
}
CAPS: dict[str, LazyString] = {
    "order": _l("The cap of %(most)s an order was reached:"),
    "customer": _l("The cap of %(most)s a customer was reached:"),
    "partner": _l("The cap of %(most)s a month for this partner was reached:"),
    "terms": _l("The cap of %(most)s a month for these terms was reached:"),
    "month": _l("The budget of %(most)s a month was reached:"),
}
NOTHING: dict[str, LazyString] = {
    "no_claim": _l("Nothing shows that a partner brought this order: no code, link or binding."),
    "unknown": _l("The code or link on this order belongs to no partner."),
    "bot": _l("The click came from a robot, so it does not count."),
    "hidden_frame": _l("The click came from a hidden frame or image, so it does not count."),
    "self_referral": _l("The buyer is the partner: own purchases earn nothing here."),
    "blocked": _l("The partner was blocked when the order was made."),
    "inactive": _l("The partner was not active yet when the order was made."),
    "after_order": _l("The click came after the order."),
    "outside_window": _l("The click was too long before the order."),
    "existing_customer": _l("The buyer was a customer before the partner's link or code."),
    "foreign": _l("The buyer belongs to another partner, and other partners' codes are ignored."),
    "weaker": _l("Another claim is stronger."),
    "code_retired": _l("The code was switched off when the order was made."),
    "code_early": _l("The code did not hold yet when the order was made."),
    "code_expired": _l("The code had run out when the order was made."),
    "code_other_shop": _l("The code is good for another shop of the merchant."),
    "code_used_up": _l("The code is good for so many orders, and others came first."),
    "click_present": _l("The same visit counts as a click already."),
    "refused": _l("The merchant has looked at this sale and refused it."),
    "cancelled": _l("The order is cancelled, so nothing is due."),
    "refunded": _l("The order is refunded, so nothing is due."),
    "not_participating": _l("None of the products takes part in the partner program."),
    "promotional": _l("Promotional goods earn nothing."),
    "foreign_coupon": _l(
        "A coupon was used that is not the partner's own: such orders earn nothing."
    ),
    "before_live": _l("Made before going live: the former service settles it."),
    "beyond_first": _l("Only the first orders of each customer earn, and this is a later one."),
    "cap_reached": _l("A cap was reached, so nothing was left to pay."),
    "no_lines": _l("The order has no lines."),
    "nothing_left": _l("Nothing is left to earn from: all was refunded or paid otherwise."),
    "rate_is_zero": _l("The rate for these products is zero."),
    "no_rate": _l("No rate is set for these products."),
    "by_hand": _l("Set to nothing by hand."),
    "won": _l("This claim won the order."),
}


def nothing(reason: str | None) -> str:
    """Return one sentence for "why nothing"; an unknown code speaks for itself."""
    return str(NOTHING.get(reason or "no_claim", reason or ""))


def api_money(currency: str) -> Callable[[int], str]:
    """Return how answers of the API write minor units of the currency."""
    return lambda minor: to_decimal_string(minor, currency)


class Named(Protocol):
    """Whose rate it is, and since when it holds; None: from the beginning."""

    @property
    def name(self) -> str:
        """The owner's name."""

    @property
    def since(self) -> datetime | None:
        """When what held was said."""


@dataclass(frozen=True)
class Reader:
    """For whom it is said: how sums are written, what names he may read."""

    write: Callable[[int], str]  # turns minor units to text
    sources: Mapping[str, Named] = field(default_factory=dict)  # by owner, such as "terms:1"
    staff: bool = True


def share(row: ShareRow, write: Callable[[int], str]) -> str:
    """Return why one level's amount is what it is, line by line; `write` turns minor units to text."""
    return " ".join(told(row, Reader(write)))


def reason_by_hand(row: ShareRow) -> str | None:
    """Return staff's reason where they set what the level earns."""
    why = row.lines[0].why if row.lines else {}
    return str(why["reason"]) if why.get("source") == BY_HAND else None


def told(row: ShareRow, reader: Reader) -> list[str]:
    """Return why one level's amount is what it is: one text a line of the order."""
    if row.lines and row.lines[0].why["source"] == BY_HAND:
        return [_by_hand(row.lines[0].why, row.amount, reader)]
    return [line(part.why, part.amount, reader) for part in row.lines]


def line(why: Mapping[str, Any], amount: int, reader: Reader) -> str:
    """Return the arithmetic of one line: base x rate, where the rate stands, and what was cut."""
    write = reader.write
    rate = str(why["rate"])
    said = {
        "rate": _rate(rate),
        "amount": write(_uncut(why, amount)),
        "source": _source(why, reader),
    }
    if rate.endswith("%"):
        base = write(int(why["base"]))
        text = gettext("%(rate)s of %(base)s = %(amount)s (%(source)s).", base=base, **said)
    elif why.get("order_total") is not None:
        text = gettext("Fixed %(rate)s for the order: %(amount)s of it here (%(source)s).", **said)
    else:
        units = _plain(str(why.get("quantity", "1")))
        text = gettext("Fixed %(rate)s × %(units)s: %(amount)s (%(source)s).", units=units, **said)
    return " ".join(
        [text, *_base(why, write), *_rounded(why), *_cuts(why, write), *_caps(why, write)]
    )


def _by_hand(why: Mapping[str, Any], amount: int, reader: Reader) -> str:
    write = reader.write
    said = {"sum": write(int(why["set"])), "reason": why["reason"], "by": why["by"]}
    if reader.staff:
        found = [gettext("Set by hand to %(sum)s by %(by)s: %(reason)s", **said)]
        computed = write(int(why["computed"]))
        found.append(gettext("By the rules it would be %(sum)s.", sum=computed))
    else:
        found = [gettext("Set by hand to %(sum)s by the merchant: %(reason)s", **said)]
    if why.get("shrunk") and amount:
        shrunk = write(int(why["shrunk"]))
        found.append(gettext("Less %(sum)s: a part of the order was given back.", sum=shrunk))
    if why.get("above_base"):
        more = write(int(why["above_base"]))
        found.append(gettext("That is %(sum)s more than the base; nothing is cut.", sum=more))
    return " ".join(_sentence(text) for text in found)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _uncut(why: Mapping[str, Any], amount: int) -> int:
    """Return what the rate gave before base and caps cut it, minor units."""
    rate, base = str(why["rate"]), why.get("base_exact")
    if rate.endswith("%") and base is not None and (why.get("cut") or why.get("caps")):
        return half_up(Fraction(str(base)) * Fraction(rate[:-1]) / 100)
    return amount + int(why.get("cut") or 0)


def _source(why: Mapping[str, Any], reader: Reader) -> str:
    known = reader.sources.get(str(why.get("owner", "")))
    kind = str(why["source"])
    if why.get("cashback"):
        source = str(gettext("cashback of the partner terms"))
    elif known is not None and kind in NAMED:
        source = str(NAMED[kind]) % {"name": known.name}
    else:
        source = str(SOURCES.get(kind, kind))
    if known is not None and known.since is not None:
        since = date_text(known.since)
        source = str(gettext("%(source)s, since %(since)s", source=source, since=since))
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
            more = gettext("%(paid)s of %(wanted)s were counted.", paid=write(paid), **said)
        else:
            more = gettext("nothing of %(wanted)s was counted.", **said)
        yield f"{text} {more}"


def _rate(rate: str) -> str:
    return percent(Decimal(rate[:-1])) if rate.endswith("%") else rate


def _plain(quantity: str) -> str:
    return f"{Decimal(quantity).normalize():f}"


def _base(why: Mapping[str, Any], write: Callable[[int], str]) -> Iterable[str]:
    """Say what made the base, where it is not the line's value itself."""
    parts = []
    if why.get("undiscounted"):
        parts.append(gettext("Before the discount: %(sum)s.", sum=write(int(why["undiscounted"]))))
    if why.get("tax"):
        parts.append(gettext("Without tax: %(sum)s.", sum=write(int(why["tax"]))))
    if why.get("bonus"):
        parts.append(gettext("Paid in bonuses: %(sum)s.", sum=write(int(why["bonus"]))))
    if why.get("refunded"):
        parts.append(gettext("Refunded: %(sum)s.", sum=write(int(why["refunded"]))))
    if parts and why.get("value") is not None:
        parts.insert(0, gettext("The line is worth %(sum)s.", sum=write(int(why["value"]))))
    return parts


def _rounded(why: Mapping[str, Any]) -> Iterable[str]:
    rate, base = str(why["rate"]), why.get("base_exact")
    if not rate.endswith("%") or base is None:
        return
    exact = Fraction(str(base)) * Fraction(rate[:-1]) / 100
    if exact.denominator != 1:
        yield str(ROUNDING.get(str(why.get("rounding", "half_up")), ""))


def _cuts(why: Mapping[str, Any], write: Callable[[int], str]) -> Iterable[str]:
    if why.get("cut"):
        words = str(CUTS.get(str(why.get("cut_reason", "above_base")), CUTS["above_base"]))
        yield words % {"sum": write(int(why["cut"]))}


def notes(
    kept: Iterable[Mapping[str, Any]],
    lines: Mapping[str, str],
    partners: Mapping[int, str],
    *,
    only: int | None = None,
) -> list[str]:
    """Return what of an order earns nothing, and why; `only`: leave out what is about other partners.

    `lines` are names of the order's lines by id, `partners` names by our ids.
    """
    found = []
    for note in kept:
        code, partner_id = str(note["reason"]), note.get("partner_id")
        if code == "held" or (only is not None and partner_id not in {None, only}):
            continue  # that a sale waits is told with its sum
        words = str(NOTES.get(code, NOTHING.get(code, code)))
        words = f"{words} {_sentence(str(note['text']))}" if note.get("text") else words
        who = lines.get(note.get("line") or "") or partners.get(partner_id or 0)
        level = note.get("level")
        if who is not None and level is not None:
            said = {"level": level, "who": who, "why": words}
            found.append(gettext("Level %(level)s, %(who)s: %(why)s", **said))
        else:
            found.append(f"{who}: {words}" if who is not None else words)
    return found


def ending(bucket: str | None, available_at: datetime | None, now: datetime, *, mine: bool) -> str:
    """Say when the money is free and who decides next; `mine`: said to the partner himself."""
    if bucket == "available" and available_at is not None:
        said = gettext("Available since %(when)s.", when=datetime_text(available_at))
        more = (
            gettext("You decide next: ask for a payout when you like.")
            if mine
            else gettext("The partner decides next, by asking for a payout.")
        )
        return f"{said} {more}"
    if bucket == "pending" and available_at is not None:
        when = datetime_text(max(available_at, now))
        return str(
            gettext(
                "Available from %(when)s, unless the shop takes the order back. Nobody has to do anything.",
                when=when,
            )
        )
    return str(ENDINGS.get(bucket or "", ""))


ENDINGS: dict[str, LazyString] = {
    "expected": _l("Only expected so far. The shop decides next, by agreeing the order."),
    "pending": _l("On hold. The shop decides next: the hold begins when it completes the order."),
    "held": _l("On hold until the merchant has released or refused this sale."),
    "available": _l("Available."),
    "taken_back": _l("Taken back. Nothing comes of it unless the shop revives the order."),
}


def owners(rows: Iterable[ShareRow]) -> set[str]:
    """Return whose rates the shares name."""
    return {str(part.why["owner"]) for row in rows for part in row.lines if "owner" in part.why}


def spoken(
    view: DealView,
    reader: Reader,
    lines: Mapping[str, str],
    partners: Mapping[int, str],
    now: datetime,
    mine: int | None = None,
) -> dict[str, Any]:
    """Return what a page says of a deal: why each sum, when it is free, what was left out, why nothing.

    `mine`: the partner to whom it is said; he reads of nobody else.
    """
    return {
        "why": lambda row: told(row, reader),
        "ending": lambda row: ending(
            "held" if row.bucket == "pending" and view.held else row.bucket,
            view.deal.available_at,
            now,
            mine=mine is not None,
        ),
        "left_out": notes(view.deal.notes, lines, partners, only=mine),
        "nothing": nothing,
        "kinds": KINDS,
        "evidence": evidence,
    }
