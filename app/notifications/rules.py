"""Who is told of what, how often a letter is tried, and what may stand in its headers."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class To(StrEnum):
    """Who a letter is for."""

    STAFF = "staff"  # members of the merchant's team with one of the roles
    PARTNER = "partner"  # the event's partner: fact partner_id, else its subject
    PERSON = "person"  # the event's subject, or fact person_id
    ADDRESS = "address"  # the fact email, of somebody who has no account yet
    OPERATOR = "operator"  # those who run the platform
    APPLICANT = "applicant"  # whoever asks to join; the event's subject


@dataclass(frozen=True, slots=True)
class Rule:
    """Who gets a letter about one type of event; a notice can be turned off, other letters not."""

    to: To
    roles: tuple[str, ...] = ()
    notice: bool = False


MANAGERS = ("owner", "manager")
MONEY_DESK = ("owner", "manager", "accountant")

# The template of a letter carries the name of its event.
RULES: Mapping[str, Rule] = {
    "signup.asked": Rule(To.ADDRESS),
    "signup.confirmed": Rule(To.OPERATOR),
    "signup.refused": Rule(To.ADDRESS),
    "partner.asked": Rule(To.APPLICANT),
    "partner.applied": Rule(To.STAFF, MANAGERS),
    "partner.registered": Rule(To.PARTNER),
    "partner.approved": Rule(To.PARTNER),
    "partner.created": Rule(To.PARTNER),
    "partner.invited": Rule(To.PARTNER),
    "partner.rejected": Rule(To.PARTNER),
    "partner.reopened": Rule(To.PARTNER),
    "partner.details_changed": Rule(To.PARTNER),
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
    "payout.requested": Rule(To.STAFF, MONEY_DESK),
    "payout.approved": Rule(To.PARTNER),
    "payout.rejected": Rule(To.PARTNER),
    "payout.paid": Rule(To.PARTNER),
    "payout.failed": Rule(To.PARTNER),
    "staff.invited": Rule(To.PERSON),
    "person.password_reset": Rule(To.PERSON),
}
NOTICES = tuple(kind for kind, rule in RULES.items() if rule.notice)

LEASE = timedelta(seconds=60)  # a sender that has not answered by then is held for dead
DEADLINE = 45.0  # seconds for the whole talk with the mail server; below the lease
STALE = timedelta(days=7)  # what happened longer ago is history, and no news
_PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720, 1440))
MAX_ATTEMPTS = len(_PAUSES) + 1


class Fate(StrEnum):
    """How one attempt ended."""

    SENT = "sent"
    LATER = "later"  # the server was away, busy or slow: try again
    NEVER = "never"  # the address is refused, or nobody wants the letter any more


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one attempt; the problem is for the message log, without secrets."""

    fate: Fate
    problem: str | None = None


def pause_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts failed; None: no more."""
    return _PAUSES[attempts - 1] if 0 < attempts <= len(_PAUSES) else None


def is_wanted(
    kind: str, *, switches: Mapping[str, Any], muted: Collection[Any] = frozenset()
) -> bool:
    """Whether a letter goes out: a notice may be off for all (merchant) or muted (partner)."""
    if not RULES[kind].notice:
        return True
    return bool(switches.get(kind, True)) and kind not in muted


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
