"""The twelve profiles, and what sets their rules off."""

from __future__ import annotations

from dataclasses import dataclass

from app.profiles.rules.words import N_

ORDER = frozenset({"order", "member", "referral", "time"})  # what is known of an order
PERSON = frozenset({"member", "referral", "time"})  # what is known of a customer


@dataclass(frozen=True, slots=True)
class Trigger:
    """What happened, and the families of facts that are known then (the word before the dot)."""

    key: str
    label: str
    phrase: str  # as a part of a sentence
    families: frozenset[str]
    key_of: str  # what makes two of them one: once per member, per order and so on

    @property
    def of_order(self) -> bool:
        """Whether an order set it off, so that there are lines to earn from."""
        return "order" in self.families


@dataclass(frozen=True, slots=True)
class Profile:
    """One of the twelve kinds of rules; the first of its triggers is proposed."""

    key: str
    label: str
    help: str
    triggers: tuple[str, ...]


def _families(base: frozenset[str], *more: str) -> frozenset[str]:
    return base | set(more)


_TRIGGERS = (
    Trigger(
        "member.registered", N_("A customer registers"), N_("for registering"), PERSON, "member"
    ),
    Trigger(
        "schedule.birthday",
        N_("A customer's birthday"),
        N_("on a birthday"),
        PERSON,
        "member and year",
    ),
    Trigger(
        "order.created", N_("An order is made"), N_("for an order that is made"), ORDER, "order"
    ),
    Trigger("order.paid", N_("An order is paid"), N_("for a paid order"), ORDER, "order"),
    Trigger(
        "order.completed", N_("An order is completed"), N_("for a completed order"), ORDER, "order"
    ),
    Trigger(
        "member.profile_updated",
        N_("A customer fills in the profile"),
        N_("for filling in the profile"),
        _families(PERSON, "profile"),
        "member",
    ),
    Trigger(
        "member.subscribed",
        N_("A customer confirms a subscription"),
        N_("for a confirmed subscription"),
        _families(PERSON, "subscription"),
        "member and list",
    ),
    Trigger(
        "review.published",
        N_("A review is published"),
        N_("for a published review"),
        _families(PERSON, "review"),
        "review",
    ),
    Trigger(
        "metric.crossed",
        N_("A customer reaches an achievement"),
        N_("for an achievement"),
        _families(PERSON, "metric"),
        "member, achievement and level",
    ),
    Trigger(
        "referral.metric_crossed",
        N_("A referrer reaches an achievement"),
        N_("for a referrer's achievement"),
        _families(PERSON, "metric"),
        "referrer, achievement and level",
    ),
    Trigger(
        "external.event",
        N_("An outside service reports"),
        N_("for a report of an outside service"),
        _families(PERSON, "external"),
        "source and event id",
    ),
    Trigger(
        "quote.requested",
        N_("A customer pays with bonuses"),
        N_("when bonuses are spent"),
        ORDER,
        "order",
    ),
    Trigger(
        "withdrawal.requested",
        N_("A customer asks for a withdrawal"),
        N_("when a withdrawal is asked for"),
        _families(PERSON, "withdrawal"),
        "request",
    ),
    Trigger(
        "schedule.inactivity",
        N_("A customer has not bought for long"),
        N_("to customers who have not bought for long"),
        PERSON,
        "member",
    ),
    Trigger(
        "points.expiring",
        N_("Bonuses are about to expire"),
        N_("before bonuses expire"),
        PERSON,
        "lot",
    ),
    Trigger(
        "rank.changed",
        N_("A customer's rank changes"),
        N_("when the rank changes"),
        PERSON,
        "member and rank",
    ),
    Trigger(
        "manual.mass",
        N_("An operation by hand"),
        N_("in an operation by hand"),
        PERSON,
        "operation and member",
    ),
)
TRIGGERS: dict[str, Trigger] = {each.key: each for each in _TRIGGERS}

_PROFILES = (
    Profile(
        "registration",
        N_("Registration"),
        N_("A welcome for new customers."),
        ("member.registered",),
    ),
    Profile(
        "birthday",
        N_("Birthday"),
        N_("A present once a year."),
        ("schedule.birthday",),
    ),
    Profile(
        "order",
        N_("Order"),
        N_("Bonuses for what was bought, for the customer and those who brought him."),
        ("order.paid", "order.created", "order.completed"),
    ),
    Profile(
        "profile_filled",
        N_("Filled profile"),
        N_("For telling the shop more about oneself."),
        ("member.profile_updated",),
    ),
    Profile(
        "subscription",
        N_("Subscription"),
        N_("For subscribing to a mailing."),
        ("member.subscribed",),
    ),
    Profile("review", N_("Review"), N_("For a published review."), ("review.published",)),
    Profile(
        "achievement",
        N_("Customer's achievement"),
        N_("For the tenth order, for a sum of purchases."),
        ("metric.crossed", "rank.changed", "schedule.inactivity"),
    ),
    Profile(
        "referrer_achievement",
        N_("Referrer's achievement"),
        N_("For friends who buy."),
        ("referral.metric_crossed",),
    ),
    Profile(
        "external",
        N_("Outside service"),
        N_("For what another service reports."),
        ("external.event", "manual.mass"),
    ),
    Profile(
        "owner",
        N_("Rights holder"),
        N_("For the supplier or maker whose goods were sold."),
        ("order.paid", "order.completed"),
    ),
    Profile(
        "spend",
        N_("Paying with bonuses"),
        N_("How much of an order may be paid with bonuses."),
        ("quote.requested", "points.expiring"),
    ),
    Profile(
        "withdrawal",
        N_("Withdrawal"),
        N_("Who may withdraw, how much, and when."),
        ("withdrawal.requested",),
    ),
)
PROFILES: dict[str, Profile] = {each.key: each for each in _PROFILES}
# Understood, and not offered until something sets them off: rules of theirs would promise and do nothing.
SILENT = frozenset({"withdrawal.requested"})
UNOFFERED = frozenset({"withdrawal"})  # profiles


def profile_of(trigger: str) -> str:
    """Return the profile whose rules the trigger sets off where a rule names none."""
    return next(each.key for each in _PROFILES if trigger in each.triggers)
