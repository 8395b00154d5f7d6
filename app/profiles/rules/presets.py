"""What switching a profile on publishes: a rule of each that makes sense as it is, and can be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.profiles.rules.words import N_


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready rule of a profile. Sums are in whole units of the currency until `body` is asked for them."""

    profile: str
    name: str
    trigger: str
    effects: tuple[dict[str, Any], ...]
    when: dict[str, Any] | None = None
    limits: dict[str, Any] | None = None
    to: str = "member"  # who is written to

    def body(self, scale: int) -> dict[str, Any]:
        """Return the rule; `scale`: minor units in one unit of the merchant's currency."""
        made: dict[str, Any] = {
            "schema": 1,
            "profile": self.profile,
            "trigger": self.trigger,
            "when": self.when or {"all": []},
            "effects": [
                *(_scaled(each, scale) for each in self.effects),
                _tell(self.profile, self.to),
            ],
        }
        if self.limits:
            made["limits"] = {k: _scaled(v, scale) for k, v in self.limits.items()}
        return made


def _tell(message: str, to: str) -> dict[str, Any]:
    """Write to who is meant: each profile has a message of its own, in every language."""
    said = {"do": "notify", "channel": "any", "message": message}
    return said if to == "member" else {**said, "to": to}


_SUMS = {"points", "per", "minimum", "minimum_cash", "cap", "budget"}


def _scaled(said: dict[str, Any], scale: int) -> dict[str, Any]:
    return {name: value * scale if name in _SUMS else value for name, value in said.items()}


def _give(points: int, days: int | None = None) -> dict[str, Any]:
    return {"do": "earn.fixed", "points": points, **({"expires": {"days": days}} if days else {})}


_ONCE = {"per_member": {"times": 1, "window": "ever"}}
_PRESETS = (
    Preset(
        "registration", N_("Welcome bonuses"), "member.registered", (_give(100, 90),), None, _ONCE
    ),
    Preset(
        "birthday",
        N_("Birthday present"),
        "schedule.birthday",
        (_give(300, 30),),
        {"fact": "member.registered_days_ago", "op": "gte", "value": 30},
        {"per_member": {"times": 1, "window": "year"}},
    ),
    Preset("order", N_("2% of an order"), "order.paid", ({"do": "earn.percent", "rate": "2%"},)),
    Preset(
        "profile_filled",
        N_("Filled profile"),
        "member.profile_updated",
        (_give(50, 90),),
        {"fact": "profile.filled_percent", "op": "gte", "value": 100},
        _ONCE,
    ),
    Preset(
        "subscription",
        N_("Subscription to letters"),
        "member.subscribed",
        (_give(50, 90),),
        {"fact": "subscription.double_opt_in", "op": "is", "value": True},
        _ONCE,
    ),
    Preset(
        "review",
        N_("Review of something bought"),
        "review.published",
        (_give(50, 180),),
        {
            "all": [
                {"fact": "review.has_purchase", "op": "is", "value": True},
                {"fact": "review.length", "op": "gte", "value": 50},
            ]
        },
        {"per_member": {"times": 5, "window": "month"}},
    ),
    Preset(
        "achievement",
        N_("Tenth order"),
        "metric.crossed",
        (_give(500, 180),),
        {
            "all": [
                {"fact": "metric.name", "op": "in", "value": ["orders"]},
                {"fact": "metric.value", "op": "gte", "value": 10},
            ]
        },
        _ONCE,
    ),
    Preset(
        "referrer_achievement",
        N_("Fifth friend who bought"),
        "referral.metric_crossed",
        (_give(500, 180),),
        {
            "all": [
                {"fact": "metric.name", "op": "in", "value": ["active_referrals"]},
                {"fact": "metric.value", "op": "gte", "value": 5},
            ]
        },
        _ONCE,
    ),
    Preset(
        "external",
        N_("Report of an outside service"),
        "external.event",
        (_give(50, 90),),
        None,
        {"per_member": {"times": 1, "window": "day"}},
    ),
    Preset(
        "owner",
        N_("1% to the rights holder"),
        "order.paid",
        ({"do": "owner.pay", "rate": "1%"},),
        to="owner",
    ),
    Preset(
        "spend",
        N_("Half of an order in bonuses"),
        "quote.requested",
        ({"do": "spend.limit", "percent": 50},),
    ),
    Preset(
        "withdrawal",
        N_("Withdrawal with verified details"),
        "withdrawal.requested",
        ({"do": "withdraw.rule", "minimum": 1_000, "hold_days": 3},),
        {"fact": "withdrawal.verified", "op": "is", "value": True},
    ),
)
PRESETS: dict[str, Preset] = {each.profile: each for each in _PRESETS}
