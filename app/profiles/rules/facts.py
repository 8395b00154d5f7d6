"""The one registry of facts: forms, the schema, the document and the sentence all come from here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from app.profiles.rules.triggers import TRIGGERS, Trigger
from app.profiles.rules.words import N_


class Kind(StrEnum):
    """What a fact is made of, and so how it is asked."""

    NUMBER = "number"
    MONEY = "money"
    CHOICE = "choice"
    SET = "set"
    TEXT = "text"
    DATE = "date"
    BOOL = "bool"
    ANY = "any"  # what an outside service sends: a number, a text, or yes and no


_NUMERIC = ("eq", "ne", "gt", "gte", "lt", "lte", "between")
OPERATORS: dict[Kind, tuple[str, ...]] = {
    Kind.NUMBER: _NUMERIC,
    Kind.MONEY: _NUMERIC,
    Kind.CHOICE: ("in", "not_in"),
    Kind.SET: ("any_in", "all_in", "none_in"),
    Kind.TEXT: ("eq", "starts_with"),
    Kind.DATE: ("before", "after", "within_days"),
    Kind.BOOL: ("is",),
    Kind.ANY: (*_NUMERIC, "starts_with", "in", "not_in", "is"),
}
OPERATOR_LABELS = {
    "eq": N_("is exactly"),
    "ne": N_("is not"),
    "gt": N_("is above"),
    "gte": N_("is at least"),
    "lt": N_("is below"),
    "lte": N_("is at most"),
    "between": N_("is between"),
    "in": N_("is one of"),
    "not_in": N_("is none of"),
    "any_in": N_("has any of"),
    "all_in": N_("has all of"),
    "none_in": N_("has none of"),
    "starts_with": N_("starts with"),
    "before": N_("is before"),
    "after": N_("is after"),
    "within_days": N_("is within the last days"),
    "is": N_("is so"),
}
LISTS = frozenset({"in", "not_in", "any_in", "all_in", "none_in"})


@dataclass(frozen=True, slots=True)
class Fact:
    """What may be asked. `no`: how a yes-or-no fact reads when it is not so; `label` reads as yes.

    `options`: the only values there are, with their names; none: the shop's own words and numbers.
    `names`: words that are offered and told by a name; another word is kept as it is.
    `windowed`: counted over the last `days` of the leaf, without them over all time.
    """

    key: str
    kind: Kind
    label: str
    help: str = ""
    no: str = ""
    options: tuple[tuple[str | int, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    windowed: bool = False

    @property
    def family(self) -> str:
        """The word before the dot: order, line, member and so on."""
        return self.key.partition(".")[0]

    @property
    def operators(self) -> tuple[str, ...]:
        """How it may be compared."""
        return OPERATORS[self.kind]

    @property
    def triggers(self) -> tuple[str, ...]:
        """When it is known. Facts of lines and of referrers are known inside their own conditions."""
        within = {"line": "order", "upline": "member"}.get(self.family, self.family)
        return tuple(key for key, each in TRIGGERS.items() if within in each.families)

    @property
    def widget(self) -> str:
        """The control that asks for its value."""
        if self.options:
            return "options"
        return {Kind.CHOICE: "list", Kind.SET: "list", Kind.ANY: "text"}.get(
            self.kind, self.kind.value
        )


_DAYS = (
    (1, N_("Monday")),
    (2, N_("Tuesday")),
    (3, N_("Wednesday")),
    (4, N_("Thursday")),
    (5, N_("Friday")),
    (6, N_("Saturday")),
    (7, N_("Sunday")),
)
_BINDINGS = (
    ("link", N_("a referral link")),
    ("coupon", N_("a code")),
    ("site", N_("a site")),
    ("manual", N_("staff")),
)
_METRICS = (
    ("orders", N_("number of orders")),
    ("sum", N_("sum of purchases")),
    ("active_referrals", N_("number of friends who bought")),
    ("referrals_sum", N_("sum of friends' purchases")),
)
_SHOP_WORDS = N_("The shop's own words, separated by commas.")
_IDS = N_("The shop's own ids, separated by commas.")
N, M, C, S, T, D, B = (
    Kind.NUMBER,
    Kind.MONEY,
    Kind.CHOICE,
    Kind.SET,
    Kind.TEXT,
    Kind.DATE,
    Kind.BOOL,
)

_ORDER = (
    Fact(
        "order.total", M, N_("Order total"), N_("Goods after discounts, before anything came back.")
    ),
    Fact("order.total_without_discount", M, N_("Order total before discounts")),
    Fact("order.paid_by_bonus", M, N_("Part paid with bonuses")),
    Fact("order.items_count", N, N_("Pieces in the order")),
    Fact("order.status", C, N_("Order status"), _SHOP_WORDS),
    Fact("order.payment_method", C, N_("Payment method"), _SHOP_WORDS),
    Fact("order.delivery_method", C, N_("Delivery method"), _SHOP_WORDS),
    Fact("order.has_coupon", B, N_("A coupon is used"), no=N_("No coupon is used")),
    Fact("order.coupon_code", S, N_("Coupon code"), N_("Codes, separated by commas.")),
    Fact(
        "order.is_first",
        B,
        N_("It is the customer's first order"),
        no=N_("The customer has bought before"),
    ),
    Fact("order.number_in_sequence", N, N_("Number of the customer's order")),
    Fact("order.site", C, N_("Site of the order"), _SHOP_WORDS),
    Fact("order.region", C, N_("Region of the order"), _SHOP_WORDS),
)
_LINE = (
    Fact("line.product", C, N_("Product"), _IDS),
    Fact("line.category", S, N_("Category, with those above it"), _IDS),
    Fact("line.brand", C, N_("Brand"), _SHOP_WORDS),
    Fact("line.supplier", C, N_("Supplier"), _SHOP_WORDS),
    Fact("line.tag", S, N_("Product tag"), _SHOP_WORDS),
    Fact(
        "line.has_promo_price",
        B,
        N_("Goods on promotion"),
        no=N_("Goods not on promotion"),
    ),
    Fact("line.qty", N, N_("Quantity of the line")),
    Fact("line.amount", M, N_("Sum of the line"), N_("After discounts.")),
)
_MEMBER = (
    Fact("member.group", C, N_("Customer's group"), _SHOP_WORDS),
    Fact("member.rank", C, N_("Customer's rank"), _SHOP_WORDS),
    Fact("member.tag", S, N_("Customer's tag"), _SHOP_WORDS),
    Fact("member.registered_days_ago", N, N_("Days since registration")),
    Fact("member.orders_count", N, N_("Customer's orders"), windowed=True),
    Fact("member.orders_sum", M, N_("Customer's purchases"), windowed=True),
    Fact("member.last_order_days_ago", N, N_("Days since the last order")),
    Fact("member.birthday_in_days", N, N_("Days until the birthday")),
    Fact(
        "member.email_confirmed",
        B,
        N_("The e-mail is confirmed"),
        no=N_("The e-mail is not confirmed"),
    ),
    Fact(
        "member.phone_confirmed",
        B,
        N_("The phone is confirmed"),
        no=N_("The phone is not confirmed"),
    ),
    Fact("member.consents", S, N_("Consents given"), _SHOP_WORDS),
    Fact("member.balance", M, N_("Bonuses available")),
)
_REFERRAL = (
    Fact(
        "referral.has_referrer",
        B,
        N_("The customer was brought by somebody"),
        no=N_("Nobody brought the customer"),
    ),
    Fact("referral.binding_kind", C, N_("Brought by"), options=_BINDINGS),
    Fact("referral.level_distance", N, N_("Referrers above the customer")),
    Fact("referral.referrer_rank", C, N_("Referrer's rank"), _SHOP_WORDS),
    Fact(
        "referral.active_referrals",
        N,
        N_("Friends who bought"),
        N_("Those whom the customer has brought himself."),
        windowed=True,
    ),
    Fact(
        "referral.referrals_sum",
        M,
        N_("Purchases of friends"),
        N_("Whole orders, less what came back."),
        windowed=True,
    ),
)
_TIME = (
    Fact("time.date", D, N_("Date"), N_("In the merchant's zone.")),
    Fact("time.weekday", C, N_("Day of the week"), options=_DAYS),
    Fact("time.hour", N, N_("Hour of the day"), N_("From 0 to 23, in the merchant's zone.")),
    Fact("time.event", S, N_("Event of the calendar"), _SHOP_WORDS),
)
_OWN = (
    Fact(
        "review.has_purchase",
        B,
        N_("The reviewer bought the product"),
        no=N_("The reviewer did not buy the product"),
    ),
    Fact("review.length", N, N_("Length of the review")),
    Fact("review.has_photo", B, N_("The review has a photo"), no=N_("The review has no photo")),
    Fact("profile.filled", S, N_("Fields that are filled in"), _SHOP_WORDS),
    Fact("profile.filled_percent", N, N_("Percent of the profile filled in")),
    Fact("subscription.list", C, N_("Mailing list"), _SHOP_WORDS),
    Fact(
        "subscription.double_opt_in",
        B,
        N_("The subscription is confirmed"),
        no=N_("The subscription is not confirmed"),
    ),
    Fact("metric.name", C, N_("Achievement"), names=_METRICS),
    Fact("metric.value", N, N_("Number that was reached"), N_("Of orders or friends.")),
    Fact("metric.sum", M, N_("Sum that was reached"), N_("Of purchases.")),
    Fact("metric.level", N, N_("Level of the achievement"), N_("Of orders or friends.")),
    Fact("withdrawal.amount", M, N_("Sum asked for")),
    Fact(
        "withdrawal.verified",
        B,
        N_("The payment details are verified"),
        no=N_("The payment details are not verified"),
    ),
)
_UPLINE = (
    Fact("upline.level", N, N_("Level of the referrer")),
    Fact("upline.rank", C, N_("Rank of the referrer at this level"), _SHOP_WORDS),
    Fact("upline.group", C, N_("Group of the referrer at this level"), _SHOP_WORDS),
    Fact("upline.orders_count", N, N_("Own orders of the referrer"), windowed=True),
    Fact(
        "upline.active",
        B,
        N_("The referrer is active"),
        no=N_("The referrer is not active"),
    ),
)
FACTS: dict[str, Fact] = {
    each.key: each for each in (*_ORDER, *_LINE, *_MEMBER, *_REFERRAL, *_TIME, *_OWN, *_UPLINE)
}
FAMILIES = {
    "order": N_("The order"),
    "line": N_("Goods of the order"),
    "member": N_("The customer"),
    "referral": N_("Who brought the customer"),
    "time": N_("Time"),
    "review": N_("The review"),
    "profile": N_("The profile"),
    "subscription": N_("The subscription"),
    "metric": N_("The achievement"),
    "withdrawal": N_("The withdrawal"),
    "external": N_("What the outside service sent"),
    "upline": N_("The referrer who is paid"),
}
PAYLOAD = re.compile(r"external\.payload\.([a-z][a-z0-9_]{0,39})")


def find(key: str) -> Fact | None:
    """Return the fact; the merchant's outside services name fields of their own."""
    if PAYLOAD.fullmatch(key):
        return Fact(key, Kind.ANY, key)
    return FACTS.get(key)


def known_at(trigger: Trigger) -> tuple[Fact, ...]:
    """Return the facts that a rule of the trigger may ask outside the goods."""
    return tuple(each for each in FACTS.values() if each.family in trigger.families)


# Understood, and not offered: nobody tells them yet, so that what asks for them would never pay.
UNOFFERED = frozenset(
    {
        *("order.payment_method", "order.delivery_method", "order.region"),
        *("line.tag", "time.event"),
        *("member.email_confirmed", "member.phone_confirmed", "member.consents"),
    }
)
_PRESENT = frozenset({"member.balance"})  # known now, and not when an order was made


def offered_at(trigger: Trigger) -> tuple[Fact, ...]:
    """Return the facts that the constructor offers for a trigger: those that something tells."""
    left_out = UNOFFERED | _PRESENT if trigger.of_order else UNOFFERED
    return tuple(each for each in known_at(trigger) if each.key not in left_out)


def of_family(family: str) -> tuple[Fact, ...]:
    """Return the offered facts of goods ("line") or of referrers ("upline")."""
    return tuple(
        each for each in FACTS.values() if each.family == family and each.key not in UNOFFERED
    )
