"""The one registry of effects: what a rule may do, with which arguments."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.profiles.rules.triggers import TRIGGERS
from app.profiles.rules.words import N_

# Somebody asks what is allowed, perhaps again and again: nothing is given for that.
ASKING = ("quote.requested", "withdrawal.requested")
# A message is sent for what then comes of it: an order that is paid so, a request that is made.
_WHEN_ASKED = frozenset({"stop", "notify"})


class Of(StrEnum):
    """What an argument is made of."""

    RATE = "rate"  # "5/100" or "5%"
    POINTS = "points"  # bonuses in minor units, above zero
    SUM = "sum"  # money or bonuses in minor units, zero allowed
    COUNT = "count"
    PERCENT = "percent"  # a whole number from 0 to 100
    WORD = "word"
    CHOICE = "choice"
    YES = "yes"
    LINES = "lines"  # a condition on goods
    UPLINE = "upline"  # a condition on referrers
    DELAY = "delay"
    EXPIRES = "expires"
    LEVELS = "levels"
    TAIL = "tail"
    MESSAGE = "message"  # one of the merchant's texts
    PERCENTS = "percents"  # {category: percent}


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of an effect."""

    name: str
    of: Of
    label: str
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    low: int = 0
    high: int = 36_500


@dataclass(frozen=True, slots=True)
class Spec:
    """An effect. `earns`: it gives bonuses; `needs`: a family of facts without which it means nothing."""

    do: str
    label: str
    args: tuple[Arg, ...]
    earns: bool = False
    needs: str = ""
    only: tuple[str, ...] = ()

    @property
    def triggers(self) -> tuple[str, ...]:
        """When it may happen."""
        if self.only:
            return self.only
        fit = (each for each in TRIGGERS.values() if not self.needs or self.needs in each.families)
        asking = () if self.do in _WHEN_ASKED else ASKING
        return tuple(each.key for each in fit if each.key not in asking)

    def arg(self, name: str) -> Arg | None:
        """Return the argument of the name."""
        return next((each for each in self.args if each.name == name), None)


_ROUNDING = (
    ("down", N_("down")),
    ("up", N_("up")),
    ("half_up", N_("half up")),
)
_WALLET = (("bonus", N_("bonuses")),)
_GIVING = (
    Arg("delay", Of.DELAY, N_("Usable after")),
    Arg("expires", Of.EXPIRES, N_("Expires after")),
    Arg("rounding", Of.CHOICE, N_("Rounding"), options=_ROUNDING),
    Arg("wallet", Of.CHOICE, N_("Paid as"), options=_WALLET),
    Arg("comment", Of.WORD, N_("What the customer reads")),
)
_LINES = Arg("lines", Of.LINES, N_("Only for these goods"))
_BASIS = Arg(
    "basis",
    Of.CHOICE,
    N_("Counted from"),
    options=(("order", N_("the whole order")), ("lines", N_("the goods that match"))),
)
CHANNELS = (
    ("any", N_("by e-mail, else by SMS")),
    ("email", N_("by e-mail")),
    ("sms", N_("by SMS")),
)
_ROLES = (
    ("member", N_("the customer")),
    ("referrer", N_("the referrer")),
    ("owner", N_("the rights holder")),
    ("staff", N_("staff")),
)
_QUOTE, _WITHDRAWAL = ("quote.requested",), ("withdrawal.requested",)

_EFFECTS = (
    Spec(
        "earn.fixed",
        N_("Give bonuses"),
        (Arg("points", Of.POINTS, N_("Bonuses"), required=True), *_GIVING),
        earns=True,
    ),
    Spec(
        "earn.percent",
        N_("Give a percentage of the order"),
        (Arg("rate", Of.RATE, N_("Percent"), required=True), _BASIS, _LINES, *_GIVING),
        earns=True,
        needs="order",
    ),
    Spec(
        "earn.per_amount",
        N_("Give bonuses for each full sum"),
        (
            Arg("points", Of.POINTS, N_("Bonuses"), required=True),
            Arg("per", Of.POINTS, N_("For each full"), required=True),
            _LINES,
            *_GIVING,
        ),
        earns=True,
        needs="order",
    ),
    Spec(
        "earn.multiply",
        N_("Multiply the bonuses of the order"),
        (
            Arg("by", Of.RATE, N_("Times"), required=True, low=1),
            Arg("cap", Of.POINTS, N_("At most so many more")),
            *_GIVING,
        ),
        earns=True,
        needs="order",
    ),
    Spec(
        "chain.pay",
        N_("Pay up the chain of referrers"),
        (
            Arg("levels", Of.LEVELS, N_("Levels"), required=True),
            Arg("tail", Of.TAIL, N_("And further up")),
            Arg("when", Of.UPLINE, N_("Only referrers for whom")),
            Arg("compress", Of.YES, N_("Inactive referrers are passed over")),
            Arg("budget", Of.POINTS, N_("At most for all levels")),
            _LINES,
            *_GIVING,
        ),
        earns=True,
        needs="referral",
    ),
    Spec(
        "owner.pay",
        N_("Pay the rights holder of the goods"),
        (Arg("rate", Of.RATE, N_("Percent"), required=True), _LINES, *_GIVING),
        earns=True,
        needs="order",
    ),
    Spec("rank.set", N_("Set the rank"), (Arg("rank", Of.WORD, N_("Rank"), required=True),)),
    Spec("award.grant", N_("Give an award"), (Arg("award", Of.WORD, N_("Award"), required=True),)),
    Spec("tag.add", N_("Add a tag"), (Arg("tag", Of.WORD, N_("Tag"), required=True),)),
    Spec("tag.remove", N_("Take a tag away"), (Arg("tag", Of.WORD, N_("Tag"), required=True),)),
    Spec(
        "coupon.issue", N_("Issue a coupon"), (Arg("coupon", Of.WORD, N_("Coupon"), required=True),)
    ),
    Spec(
        "notify",
        N_("Send a message"),
        (
            Arg("channel", Of.CHOICE, N_("How"), required=True, options=CHANNELS),
            Arg("to", Of.CHOICE, N_("To"), options=_ROLES),
            Arg("message", Of.MESSAGE, N_("Text"), required=True),
        ),
    ),
    Spec(
        "spend.limit",
        N_("Limit what is paid with bonuses"),
        (
            Arg("percent", Of.PERCENT, N_("Percent of the order")),
            Arg("categories", Of.PERCENTS, N_("Percent by category")),
            Arg("step", Of.POINTS, N_("In steps of")),
            Arg("minimum_cash", Of.SUM, N_("At least in money")),
        ),
        only=_QUOTE,
    ),
    Spec(
        "withdraw.rule",
        N_("Let bonuses be withdrawn"),
        (
            Arg("minimum", Of.SUM, N_("At least")),
            Arg("fee", Of.RATE, N_("Fee")),
            Arg("hold_days", Of.COUNT, N_("Held for days")),
        ),
        only=_WITHDRAWAL,
    ),
    Spec(
        "webhook",
        N_("Tell the shop's server"),
        (Arg("event", Of.WORD, N_("Event"), required=True),),
    ),
    Spec("stop", N_("Look at no weaker rules"), ()),
)
EFFECTS: dict[str, Spec] = {each.do: each for each in _EFFECTS}
