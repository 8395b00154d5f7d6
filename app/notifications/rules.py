"""Who is told of what by which channel, how often a letter is tried, and what may stand in its headers."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Channel(StrEnum):
    """By what somebody is told."""

    EMAIL = "email"
    TELEGRAM = "telegram"
    SMS = "sms"


class To(StrEnum):
    """Who a letter is for."""

    STAFF = "staff"  # members of the merchant's team with one of the roles
    PARTNER = "partner"  # the event's partner: fact partner_id, else its subject
    PERSON = "person"  # the event's subject, or fact person_id
    APPLICANT = "applicant"  # whoever asks to join; the event's subject
    CUSTOMER = "customer"  # of the shop, known by e-mail: fact member_id
    GUEST = "guest"  # whoever the event's invitation is for
    ADDRESS = "address"  # the fact email, of somebody who has no account yet
    OPERATOR = "operator"  # those who run the platform


NOT_STAFF = frozenset(
    {To.PARTNER, To.CUSTOMER, To.GUEST}
)  # whom nobody writes to in a shadow month


@dataclass(frozen=True, slots=True)
class Rule:
    """Who gets a letter about one type of event; a notice can be turned off, other letters not."""

    to: To
    roles: tuple[str, ...] = ()
    notice: bool = False


MANAGERS = ("owner", "manager")
HELPERS = ("owner", "manager", "support")
DEVELOPERS = ("owner", "developer")
MONEY_DESK = ("owner", "manager", "accountant")
APPROVERS = ("owner", "accountant")

# The template of a letter carries the name of its event.
RULES: Mapping[str, Rule] = {
    "partner.asked": Rule(To.APPLICANT),
    "signup.asked": Rule(To.ADDRESS),
    "signup.confirmed": Rule(To.OPERATOR),
    "signup.refused": Rule(To.ADDRESS),
    "partner.applied": Rule(To.STAFF, MANAGERS, notice=True),
    "partner.registered": Rule(To.PARTNER),
    "partner.approved": Rule(To.PARTNER),
    "partner.created": Rule(To.PARTNER),
    "partner.invited": Rule(To.PARTNER),
    "partner.rejected": Rule(To.PARTNER),
    "partner.reopened": Rule(To.PARTNER),
    "partner.details_changed": Rule(To.PARTNER),
    "partner.details_restored": Rule(To.PARTNER),
    "partner.details_frozen": Rule(To.STAFF, MONEY_DESK),
    "partner.group_warned": Rule(To.PARTNER),
    "partner.group_moved": Rule(To.PARTNER),
    "partner.adjusted": Rule(To.PARTNER),
    "site.verified": Rule(To.PARTNER),
    "site.lost": Rule(To.PARTNER),
    "postback.stopped": Rule(To.PARTNER),
    "partner.recruited": Rule(To.PARTNER, notice=True),
    "deal.overridden": Rule(To.PARTNER),
    "partner.blocked": Rule(To.PARTNER),
    "partner.unblocked": Rule(To.PARTNER),
    "deal.held": Rule(To.STAFF, MANAGERS),
    "deal.refused": Rule(To.PARTNER),
    "dispute.opened": Rule(To.STAFF, MANAGERS),
    "dispute.asked": Rule(To.STAFF, MANAGERS),
    "dispute.overdue": Rule(To.STAFF, MANAGERS),
    "dispute.answered": Rule(To.PARTNER),
    "dispute.decided": Rule(To.PARTNER),
    "commission.accrued": Rule(To.PARTNER, notice=True),
    "commission.available": Rule(To.PARTNER, notice=True),
    "cap.near": Rule(To.STAFF, MONEY_DESK),
    "cap.partner_near": Rule(To.PARTNER, notice=True),
    "terms.announced": Rule(To.PARTNER),
    "books.broken": Rule(To.OPERATOR),
    "help.asked": Rule(To.OPERATOR),
    "help.answered": Rule(To.PERSON),
    "question.asked": Rule(To.STAFF, HELPERS),
    "question.answered": Rule(To.PARTNER),
    "debt.arisen": Rule(To.PARTNER),
    "debt.due": Rule(To.PARTNER),
    "payout.requested": Rule(To.STAFF, MONEY_DESK, notice=True),
    "balance.received": Rule(To.STAFF, MONEY_DESK),
    "balance.returned": Rule(To.STAFF, MONEY_DESK),
    "webhook.stopped": Rule(To.STAFF, DEVELOPERS),
    "connection.failing": Rule(To.STAFF, DEVELOPERS),
    "balance.low": Rule(To.STAFF, MONEY_DESK),
    "balance.short": Rule(To.STAFF, MONEY_DESK),
    "spending.near": Rule(To.STAFF, MONEY_DESK),
    "tariff.trial_ending": Rule(To.STAFF, MONEY_DESK),
    "tariff.invoiced": Rule(To.STAFF, MONEY_DESK),
    "tariff.unpaid": Rule(To.STAFF, MONEY_DESK),
    "tariff.stopped": Rule(To.STAFF, MONEY_DESK),
    "tariff.resumed": Rule(To.STAFF, MONEY_DESK),
    "payout.approved": Rule(To.PARTNER),
    "payout.rejected": Rule(To.PARTNER),
    "payout.paid": Rule(To.PARTNER),
    "payout.failed": Rule(To.PARTNER),
    "pay_run.planned": Rule(To.STAFF, MONEY_DESK),
    "pay_run.first_approved": Rule(To.STAFF, APPROVERS),
    "payout.first_approved": Rule(To.STAFF, APPROVERS),
    "pay_run.details_missing": Rule(To.PARTNER),
    "receipt.wanted": Rule(To.PARTNER),
    "document.issued": Rule(To.PARTNER, notice=True),
    "coupon.given": Rule(To.CUSTOMER),
    "code.typed": Rule(To.CUSTOMER),
    "bonus.expiring": Rule(To.CUSTOMER),
    "rank.warned": Rule(To.CUSTOMER),
    "customer.told": Rule(To.CUSTOMER),
    "staff.told": Rule(To.STAFF, MANAGERS),
    "wording.tried": Rule(To.PERSON),
    "bonus.cut": Rule(To.STAFF, MANAGERS),
    "withdrawal.requested": Rule(To.STAFF, MONEY_DESK),
    "withdrawal.rejected": Rule(To.PARTNER),
    "coupon.pool_low": Rule(To.STAFF, MANAGERS),
    "feed.failed": Rule(To.STAFF, MANAGERS),
    "feed.held": Rule(To.STAFF, MANAGERS),
    "code.guessed": Rule(To.STAFF, MANAGERS),
    "staff.invited": Rule(To.PERSON),
    "person.password_reset": Rule(To.PERSON),
    "invitation.sent": Rule(To.GUEST),
    "mailing.started": Rule(To.PARTNER, notice=True),
    "mailing.tried": Rule(To.PERSON),
    "digest.month": Rule(To.PARTNER, notice=True),
    "digest.merchant": Rule(To.STAFF, MANAGERS, notice=True),
    "sms.stopped": Rule(To.STAFF, MANAGERS),
}
# Messages to customers about bonuses, in words of the merchant's; none where the customer wants none.
TO_CUSTOMERS = ("customer.told", "bonus.expiring", "rank.warned")
CUSTOMER = "customer"  # what such messages are called where one leaves them
# SMS that somebody waits for at this moment: no quiet hours hold them back.
AT_ONCE = frozenset({"card.code_asked", "sms.tried", "wording.tried"})
# By SMS as well as by letter, as whoever caused them said.
WORDED = (*TO_CUSTOMERS, "wording.tried")
TOLD = (*WORDED, "staff.told")
# Long work over many is no hundred letters: its own page, or one letter, tells of it.
QUIET_IN_RUNS = ("deal.held", "payout.requested", "payout.approved")
# What waits for another person than who did it: he is told nothing of his own deed.
FOR_OTHERS = ("pay_run.first_approved", "payout.first_approved")
NOTICES = tuple(kind for kind, rule in RULES.items() if rule.notice)
# What may also come by SMS: one line each, and only where merchant and partner have both asked for it.
TEXTED = (
    "partner.recruited",
    "commission.accrued",
    "commission.available",
    "payout.approved",
    "payout.rejected",
    "payout.paid",
    "payout.failed",
)
# What comes in Telegram where a chat is linked: no letter with a way to a password.
CHATTED = (
    *TEXTED,
    "partner.adjusted",
    "partner.group_warned",
    "partner.group_moved",
    "cap.near",
    "cap.partner_near",
    "webhook.stopped",
    "connection.failing",
    "balance.received",
    "balance.returned",
    "balance.low",
    "balance.short",
    "spending.near",
    "terms.announced",
    "partner.applied",
    "payout.requested",
    "pay_run.planned",
    "pay_run.first_approved",
    "payout.first_approved",
    "pay_run.details_missing",
    "question.answered",
    "debt.arisen",
    "debt.due",
    "mailing.started",
    "mailing.tried",
    "digest.month",
    "digest.merchant",
    "sms.stopped",
)

LEASE = timedelta(seconds=60)  # a sender that has not answered by then is held for dead
DEADLINE = 45.0  # seconds for the whole talk with the mail server; below the lease
STALE = timedelta(days=7)  # what happened longer ago is history, and no news
_PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720, 1440))
MAX_ATTEMPTS = len(_PAUSES) + 1


def pause_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts failed; None: no more."""
    return _PAUSES[attempts - 1] if 0 < attempts <= len(_PAUSES) else None


def is_wanted(
    kind: str,
    *,
    switches: Mapping[str, Any],
    muted: Collection[Any] = frozenset(),
    texted: Collection[Any] = frozenset(),
    channel: str = Channel.EMAIL,
) -> bool:
    """Whether a message goes out by a channel.

    A notice may be off for all (merchant) or muted (reader). In Telegram what may come there comes
    unless somebody turned it off; by SMS only what both have turned on, for it costs money.
    """
    if kind in WORDED and channel != Channel.TELEGRAM:
        return True
    if channel == Channel.SMS:
        return kind in TEXTED and bool(switches.get(f"sms:{kind}", False)) and kind in texted
    if channel == Channel.TELEGRAM:
        key = f"telegram:{kind}"
        return kind in CHATTED and bool(switches.get(key, True)) and key not in muted
    if not RULES[kind].notice:
        return True
    return bool(switches.get(kind, True)) and kind not in muted


def is_switch(name: str) -> bool:
    """Whether the merchant may turn this on or off: a notice, "telegram:" or "sms:" and a kind."""
    channel, colon, kind = name.rpartition(":")
    if not colon:
        return kind in NOTICES
    return kind in {Channel.TELEGRAM.value: CHATTED, Channel.SMS.value: TEXTED}.get(channel, ())


def promises(kind: str, facts: Mapping[str, Any], status: str) -> bool:
    """Whether an event asks for a letter to its partner, who has this status.

    A registration that is not decided yet gets its welcome with the approval; a partner made
    without a welcome (fact welcome: false) gets none. A re-run over older orders (fact run) is no
    hundred new sales: the pages tell of it. What was set by hand (fact by_hand) has a letter of its
    own, with the reason, where it changes what is earned. Of a block he learns where staff chose so.
    """
    if kind.startswith("commission.") and ("run" in facts or "by_hand" in facts):
        return False
    if kind == "deal.overridden" and facts.get("before") == facts.get("after"):
        return False
    if kind in {"partner.blocked", "partner.unblocked"}:
        return facts.get("letter") is True
    if kind == "partner.registered" and status in {"pending", "rejected"}:
        return False
    return facts.get("welcome") is not False


def customer_ways(
    kind: str, facts: Mapping[str, Any], email: str | None, phone: str | None, *, texts: bool
) -> list[tuple[str, str]]:
    """Return by which channel a customer is told, with the address: one, or none.

    By e-mail; as the event says by SMS alone, or by SMS where there is no e-mail ("any").
    """
    said = str(facts.get("channel", "email")) if kind in TO_CUSTOMERS else "email"
    if email and said in {"email", "any"}:
        return [(Channel.EMAIL, email)]
    if phone and texts and said in {"sms", "any"}:
        return [(Channel.SMS, phone)]
    return []


def asks_customer(kind: str, facts: Mapping[str, Any]) -> bool:
    """Whether a customer is written to: of a code that he typed, only where his own word is missing."""
    return kind != "code.typed" or bool(facts.get("confirm"))


def person_of(subject: str, facts: Mapping[str, Any]) -> int | None:
    """Return the person an event is about: fact person_id, else the subject "person:3"."""
    return _named(facts.get("person_id"), subject, "person")


def partner_of(subject: str, facts: Mapping[str, Any]) -> int | None:
    """Return the partner an event is for: fact partner_id, else the subject "partner:7"."""
    return _named(facts.get("partner_id"), subject, "partner")


def _named(value: Any, subject: str, kind: str) -> int | None:
    if isinstance(value, int):
        return value
    name, _, number = subject.partition(":")
    return int(number) if name == kind and number.isdecimal() else None


def one_line(text: str, longest: int = 200) -> str:
    """Make what somebody typed fit for a header: no control or format character, one line."""
    kept = (" " if _is_space(c) else c for c in text if unicodedata.category(c) != "Cf")
    line = " ".join("".join(kept).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _is_space(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Zl", "Zp", "Zs", "Cs"}


def tidy(plain: str) -> str:
    """Return the text with at most one empty line between paragraphs."""
    lines: list[str] = []
    for line in (raw.rstrip() for raw in plain.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"
