"""Our texts of messages to customers, in English."""

from __future__ import annotations

_LASTS = "You can spend them {usable}; they are valid {valid}."


def _said(subject: str, body: str, sms: str) -> dict[str, str]:
    return {"subject": subject, "body": f"Hello, {{name}}!\n\n{body}", "sms": sms}


ENGLISH: dict[str, dict[str, str]] = {
    "registration": _said(
        "Welcome to {shop}: {amount} bonuses are yours",
        "Thank you for registering at {shop}. To begin with, we give you bonuses: {amount}.\n\n"
        + _LASTS,
        "{shop}: welcome! Bonuses for you: {amount}, valid {valid}.",
    ),
    "birthday": _said(
        "{shop} wishes you a happy birthday",
        "Happy birthday from {shop}! Our present to you: {amount} bonuses.\n\n" + _LASTS,
        "{shop}: happy birthday! Your present: {amount} bonuses, valid {valid}.",
    ),
    "order": _said(
        "{amount} bonuses for your order at {shop}",
        "Thank you for your order. You have earned bonuses with it: {amount}.\n\n" + _LASTS,
        "{shop}: bonuses for your order: {amount}. You can spend them {usable}.",
    ),
    "profile_filled": _said(
        "{amount} bonuses for your profile at {shop}",
        "Thank you for telling us more about yourself. We have given you bonuses for it: {amount}.\n\n"
        + _LASTS,
        "{shop}: bonuses for your profile: {amount}, valid {valid}.",
    ),
    "subscription": _said(
        "{amount} bonuses for your subscription to {shop}",
        "Thank you for reading our letters. We have given you bonuses for it: {amount}.\n\n"
        + _LASTS,
        "{shop}: bonuses for your subscription: {amount}, valid {valid}.",
    ),
    "review": _said(
        "{amount} bonuses for your review at {shop}",
        "Your review is published, and others will choose more easily. Bonuses for it: {amount}.\n\n"
        + _LASTS,
        "{shop}: your review is published. Bonuses for it: {amount}, valid {valid}.",
    ),
    "achievement": _said(
        "You have come far with {shop}: {amount} bonuses",
        "Thank you for coming back to us again and again. We have given you bonuses: {amount}.\n\n"
        + _LASTS,
        "{shop}: thank you for staying with us! Bonuses: {amount}, valid {valid}.",
    ),
    "referrer_achievement": _said(
        "Your friends buy at {shop}: {amount} bonuses for you",
        "The friends whom you brought to {shop} buy here. We thank you with bonuses: {amount}.\n\n"
        + _LASTS,
        "{shop}: your friends buy with us. Bonuses for you: {amount}, valid {valid}.",
    ),
    "external": _said(
        "{amount} bonuses from {shop}",
        "We have given you bonuses: {amount}.\n\n" + _LASTS,
        "{shop}: bonuses for you: {amount}, valid {valid}.",
    ),
    "owner": _said(
        "Your goods were sold at {shop}: {amount} bonuses",
        "Goods of yours were sold at {shop}. Your share in bonuses: {amount}.\n\n" + _LASTS,
        "{shop}: your goods were sold. Your share in bonuses: {amount}.",
    ),
    "spend": _said(
        "You have paid with bonuses at {shop}: {amount}",
        "Bonuses have paid for a part of your order: {amount}.\n\nYou have left: {balance}.",
        "{shop}: paid with bonuses: {amount}. You have left: {balance}.",
    ),
    "withdrawal": _said(
        "Your request at {shop}: {amount}",
        "We have got your request to withdraw bonuses: {amount}. They are set aside for it, and we "
        "will tell you when it is decided.\n\nYou have left: {balance}.",
        "{shop}: we have got your request to withdraw {amount} bonuses.",
    ),
    "expiring": _said(
        "{amount} of your bonuses at {shop} are about to expire",
        "Bonuses of yours are about to expire: {amount}, the first of them valid {valid}.\n\n"
        "Spend them at {shop} before that: one bonus pays for one unit of the price.",
        "{shop}: bonuses about to expire: {amount}, valid {valid}.",
    ),
    "inactivity": _said(
        "We have not seen you at {shop} for long",
        "You have not been at {shop} for a while, and much is new here. You can spend bonuses on "
        "your next order: {balance}.",
        "{shop}: we miss you! Bonuses for your next order: {balance}.",
    ),
    "rank": _said(
        "Your rank at {shop} has changed",
        "Your rank at {shop} is now: {rank}.\n\nBonuses that you can spend: {balance}.",
        "{shop}: your rank is now {rank}.",
    ),
    "rank_warning": _said(
        "Your rank at {shop} holds until {day}",
        "Your rank at {shop} is {rank}. To keep it after {day} you need: {lacks}.\n\nWhat you buy "
        "before that day counts.",
        "{shop}: rank {rank} holds until {day}. To keep it: {lacks}.",
    ),
    "mass": _said(
        "{amount} bonuses from {shop}",
        "{shop} has given you bonuses: {amount}.\n\n" + _LASTS,
        "{shop}: bonuses for you: {amount}, valid {valid}.",
    ),
    "coupon": _said(
        "Your coupon at {shop}",
        "A coupon for you: {coupon}. Type it at your next order, in the field for coupons. It is "
        "good once.",
        "{shop}: your coupon is {coupon}. It is good once.",
    ),
}
