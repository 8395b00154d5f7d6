"""Staff decide on applications, one or many, and take a decision back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app import clock
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.links import service as links
from app.participation import queries
from app.participation.service.applying import admission_of
from app.partners import queries as partner_queries
from app.partners import service as partners
from app.partners.rules import Status
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.partners.models import Partner

MOST = 200
LONGEST_WORD = 500
ACTIONS = ("approve", "reject")


@dataclass(frozen=True)
class Decided:
    """What became of a batch: who was decided on, and how many were decided on by somebody else before."""

    done: Sequence[Partner]
    passed: int
    batch: str = ""  # by which the act is taken back


def decide(refcodes: Iterable[str], action: str, word: str = "") -> Decided:
    """Approve or reject applications, each with the word; those that wait no more are passed over.

    Raises DomainError for none, for too many, for a word too long.
    """
    wanted = list(dict.fromkeys(refcodes))
    if action not in ACTIONS or not wanted:
        words = _("Choose at least one application.")
        raise DomainError("none", words, FieldError("partner", words))
    if len(wanted) > MOST or len(word) > LONGEST_WORD:
        words = _("At most %(most)s applications at once.", most=MOST)
        raise DomainError("many", words, FieldError("partner", words))
    found = partner_queries.by_refcodes(wanted)
    waiting = [found[c] for c in wanted if c in found and found[c].status == Status.PENDING]
    done, batch = [], public_id("dn")
    for partner in waiting:
        try:
            with db.session.begin_nested():
                partners.act(partner, action, word)
        except Conflict:
            continue  # somebody else was quicker
        if action == "approve":
            links.ensure_default(partner)
        admission_of(partner, "form").decided_in = batch
        done.append(partner)
    db.session.flush()
    return Decided(done, len(wanted) - len(done), batch)


def reopen(batch: str) -> Decided:
    """Take decisions back, so that the applications wait again; an approval only while nothing came of it.

    Raises NotFound for an act that decided on nothing.
    """
    found = queries.decided_in(batch)
    if not found:
        raise NotFound
    approved = [p for p in found if p.status == Status.ACTIVE]
    used = queries.touched([p.id for p in approved])
    done = []
    for partner in found:
        decided = partner.status == Status.REJECTED or partner in approved
        if partner.id not in used and decided:
            partners.reopen(partner)
            done.append(partner)
    return Decided(done, len(found) - len(done))


def admit_against(partner: Partner, word: str) -> None:
    """Open the cabinet of a partner whose customer group is forbidden; staff's word stands above the rule."""
    row = admission_of(partner, "staff")
    row.overruled_at, row.overruled_by = clock.now(), actor()
    row.word = word.strip()[:LONGEST_WORD]
    _told(partner, row.word, on=True)


def uphold(partner: Partner) -> None:
    """Let the rule hold for the partner again. Raises Conflict where it does already."""
    row = admission_of(partner, "staff")
    if row.overruled_at is None:
        raise Conflict("not_now", _("This is not possible any more. Look at it again."))
    row.overruled_at = row.overruled_by = None
    _told(partner, "", on=False)


def _told(partner: Partner, word: str, *, on: bool) -> None:
    record(
        "partner.overruled",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        reason=word,
        on=on,
    )
    db.session.flush()
