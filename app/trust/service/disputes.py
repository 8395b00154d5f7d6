"""A partner misses a sale: the journal answers at once, staff answer the rest by a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from sqlalchemy import func, or_, select, update

from app import clock, sql
from app.attribution.models import Claim
from app.commissions.queries import DealView, deal_view
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.identity.queries import people
from app.intake import service as intake
from app.lifecycle import IllegalTransition
from app.orders import service as orders
from app.orders.models import Order
from app.orders.rules import PartnerData, partner_data
from app.partners.models import Partner
from app.tenancy import public_id
from app.tenants.models import Shop
from app.trust.models import Dispute, Remark
from app.trust.rules import (
    LIFECYCLE,
    MOST_OPEN,
    REMARK,
    Answer,
    Claimed,
    State,
    answer,
    due_at,
    read_number,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True)
class Verdict:
    """What the journal says: the answer, the reason's code, what was stronger, and the partner's own deal."""

    number: str
    answer: Answer
    reason: str | None = None
    stronger: str | None = None  # the kind of the claim that won, never whose it was
    deal: str | None = None  # its outside id, where something of it is the partner's
    order_id: int | None = None  # for staff alone


def check(partner_id: int, typed: str) -> Verdict:
    """Ask the journal about an order's number, as one partner.

    An order on which nothing is his is answered just as a number that nobody has. Raises DomainError
    (422) for an empty number.
    """
    number = read_number(typed)
    if not number:
        words = gettext("Type the order's number.")
        raise DomainError("number_missing", words, FieldError("number", words))
    found = [(o, _verdict(partner_id, number, o)) for o in _numbered(number)]
    own = [verdict for _order, verdict in found if verdict.answer is not Answer.UNKNOWN]
    if own:
        return own[0]
    return Verdict(number, Answer.UNKNOWN, order_id=found[0][0] if found else None)


def _numbered(number: str) -> Sequence[int]:
    """Return the orders of a number, by whatever the shop calls it; the newest first."""
    by_shop = Order.shop_id.in_(select(Shop.id)) & (Order.external_id == number)
    named = or_(Order.number == number, by_shop)
    query = select(Order.id).where(named).order_by(Order.created_at.desc(), Order.id.desc())
    return db.session.scalars(query.limit(5)).all()


def _verdict(partner_id: int, number: str, order_id: int) -> Verdict:
    view = deal_view(order_id)
    mine = select(Claim.won, Claim.why).where(
        Claim.order_id == order_id, Claim.partner_id == partner_id
    )
    claims = [Claimed(row.won, row.why) for row in db.session.execute(mine.order_by(Claim.id))]
    if view is None:
        return Verdict(number, Answer.UNKNOWN, order_id=order_id)
    brought = view.partner is not None and view.partner.id == partner_id
    said, reason = answer(
        brought=brought,
        held=view.held,
        reason=view.deal.reason,
        earns=any(row.partner_id == partner_id for row in view.shares),
        claims=claims,
    )
    known = said is not Answer.UNKNOWN
    weaker = reason == "weaker" and view.partner is not None
    return Verdict(
        number,
        said,
        reason,
        stronger=view.deal.how if weaker else None,
        deal=view.deal.public_id if known else None,
        order_id=order_id,
    )


def open_dispute(partner_id: int, typed: str, text: str, zone: str) -> Dispute:
    """Ask staff about a sale that the journal could not settle; the same number again is the same dispute.

    What is said anew about it is added to its thread; pressing twice says it once.

    Raises DomainError (422) for an empty number or text, Conflict for too many open ones.
    """
    verdict, words = check(partner_id, typed), _text(text)
    mine = (Dispute.partner_id == partner_id, Dispute.state == State.OPEN.value)
    _lock(partner_id)
    found = db.session.scalar(select(Dispute).where(*mine, Dispute.number == verdict.number))
    if found is not None:
        _add_anew(found, words)
        return found
    many = db.session.scalar(select(func.count()).select_from(Dispute).where(*mine)) or 0
    if many >= MOST_OPEN:
        raise Conflict("too_many", gettext("Wait until some of your questions are answered."))
    now = clock.now()
    made = Dispute(
        public_id=public_id("ds"),
        partner_id=partner_id,
        number=verdict.number,
        order_id=verdict.order_id,
        verdict=verdict.answer.value,
        state=State.OPEN.value,
        said=None,
        opened_at=now,
        due_at=due_at(now, ZoneInfo(zone)),
        reminded_at=None,
        decided_at=None,
        decided_by=None,
    )
    db.session.add(made)
    db.session.flush()
    _remark(made, words, by_staff=False)
    _tell("dispute.opened", made, text=words)
    return made


def _add_anew(dispute: Dispute, words: str) -> None:
    last = select(Remark).where(Remark.dispute_id == dispute.id).order_by(Remark.id.desc()).limit(1)
    before = db.session.scalar(last)
    if before is None or before.by_staff or before.text != words:
        remark(dispute, words, by_staff=False)


def _lock(partner_id: int) -> None:
    """Let one partner open one dispute at a time: a number has one open at most."""
    db.session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"disputes:{partner_id}", 0)))
    )


def remark(dispute: Dispute, text: str, *, by_staff: bool) -> None:
    """Add to the thread; the other side is told. Raises DomainError (422) for no text, Conflict when closed."""
    if dispute.state != State.OPEN:
        raise Conflict("closed", gettext("This question is closed."))
    words = _text(text)
    _remark(dispute, words, by_staff=by_staff)
    _tell("dispute.answered" if by_staff else "dispute.asked", dispute, text=words)


def decline(dispute: Dispute, said: str) -> None:
    """Close with a word: the sale is not the partner's. Raises as `remark` does."""
    _decide(dispute, "decline", _text(said))


def withdraw(dispute: Dispute) -> None:
    """Let the partner take the question back. Raises Conflict when closed."""
    _decide(dispute, "withdraw", None)


def attribute(dispute: Dispute, said: str) -> DealView:
    """Count the sale for the partner by staff's word on the order, as it is said on the order's page.

    What that makes due is booked at once, and every later message keeps to it until the shop's own
    card names somebody else. Raises Conflict when
    closed or where there is no such order, DomainError (422) for a word that is too long.
    """
    order_id = _order_of(dispute)
    words = _text(said) if said.strip() else ""
    _decide(dispute, "attribute", words)
    return _claim(order_id, dispute.partner_id)


def foresee(dispute: Dispute) -> tuple[DealView | None, DealView]:
    """Return the deal as it is, and as it would be if it were counted for the partner; nothing stays written."""
    order_id = _order_of(dispute)
    before = deal_view(order_id)
    with sql.tried():
        return before, _claim(order_id, dispute.partner_id)


def reopen(dispute: Dispute) -> None:
    """Take a decision back: the question is open again, and what was said of the order before holds.

    What staff said of the order since stays. Raises Conflict where it is not decided, or the same
    question was asked anew.
    """
    was, decided_at = dispute.state, dispute.decided_at
    again = select(Dispute.id).where(
        Dispute.partner_id == dispute.partner_id,
        Dispute.number == dispute.number,
        Dispute.state == State.OPEN.value,
    )
    if was != State.OPEN and db.session.scalar(again) is not None:
        raise Conflict("asked_anew", gettext("The partner has asked the same anew."))
    _move(dispute, "reopen", said=None, decided_at=None, decided_by=None)
    if was == State.ATTRIBUTED and dispute.order_id is not None and decided_at is not None:
        _unclaim(dispute.order_id, dispute.partner_id, decided_at)
    _tell("dispute.reopened", dispute)


def _claim(order_id: int, partner_id: int) -> DealView:
    """Let staff name the partner of an order, on the terms that they had named. Books what that makes due."""
    order, word = orders.get(order_id), orders.staff_word(order_id)
    before = partner_data(order.folded, word)
    said = PartnerData(refcode=_refcode(partner_id), terms=before.terms if before else None)
    intake.say(order_id, said, _name())
    view = deal_view(order_id)
    if view is None:
        raise LookupError("an order that was reconciled has its verdict")
    return view


def _unclaim(order_id: int, partner_id: int, decided_at: datetime) -> None:
    """Let what was said of an order before a decision hold again, unless staff said another thing since."""
    word = orders.staff_word(order_id)
    if word is None or word.at < decided_at or word.said.refcode != _refcode(partner_id):
        return
    intake.say(order_id, orders.word_before(order_id) or PartnerData(), _name())


def _refcode(partner_id: int) -> str:
    return db.session.scalars(select(Partner.refcode).where(Partner.id == partner_id)).one()


def _name() -> str:
    """Return how people call who acts; empty for the system."""
    kind, _colon, number = actor().partition(":")
    known = people([int(number)]) if kind == "person" else {}
    return next((person.name for person in known.values()), "")


def _order_of(dispute: Dispute) -> int:
    """Return the order in question: it may have come after the question. Raises Conflict."""
    if dispute.order_id is None:
        found = _numbered(dispute.number)
        dispute.order_id = found[0] if found else None
    if dispute.order_id is None:
        raise Conflict("no_order", gettext("The shop has sent no order with this number."))
    return dispute.order_id


def _decide(dispute: Dispute, action: str, said: str | None) -> None:
    _move(dispute, action, said=said, decided_at=clock.now(), decided_by=actor())
    kind = "dispute.withdrawn" if action == "withdraw" else "dispute.decided"
    _tell(kind, dispute, decision=dispute.state, reason=said or "")


def _move(dispute: Dispute, action: str, **columns: Any) -> None:
    old = State(dispute.state)
    try:
        new = LIFECYCLE.next(old, action)
    except IllegalTransition as error:
        raise Conflict("closed", gettext("This question is closed.")) from error
    moved = (
        update(Dispute)
        .where(Dispute.id == dispute.id, Dispute.state == old.value)
        .values(state=new.value, **columns)
        .returning(Dispute.id)
    )
    if db.session.scalar(moved) is None:
        raise Conflict("closed", gettext("This question is closed."))
    db.session.refresh(dispute)


def _text(text: str) -> str:
    if not text.strip():
        words = gettext("Write something.")
        raise DomainError("text_missing", words, FieldError("text", words))
    if len(text) > REMARK:
        words = gettext("At most %(most)s characters.", most=REMARK)
        raise DomainError("too_long", words, FieldError("text", words))
    return text.strip()


def _remark(dispute: Dispute, text: str, *, by_staff: bool) -> None:
    made = Remark(
        dispute_id=dispute.id, by_staff=by_staff, actor=actor(), text=text, at=clock.now()
    )
    db.session.add(made)
    db.session.flush()


def _tell(kind: str, dispute: Dispute, **facts: Any) -> None:
    record(
        kind,
        f"dispute:{dispute.id}",
        dispute=dispute.public_id,
        partner_id=dispute.partner_id,
        number=dispute.number,
        due_at=dispute.due_at.isoformat(),
        **facts,
    )


def remind() -> int:
    """Tell staff once of each dispute that is overdue; returns how many there were."""
    late = (
        Dispute.state == State.OPEN.value,
        Dispute.reminded_at.is_(None),
        Dispute.due_at <= clock.now(),
    )
    query = select(Dispute).where(*late).order_by(Dispute.id).limit(100)
    found = db.session.scalars(query.with_for_update(skip_locked=True)).all()
    for dispute in found:
        dispute.reminded_at = clock.now()
        _tell("dispute.overdue", dispute)
    db.session.flush()
    return len(found)


def find(dispute_public_id: str, partner_id: int | None = None) -> Dispute:
    """Return a dispute; to a partner only his own. Raises NotFound."""
    mine = () if partner_id is None else (Dispute.partner_id == partner_id,)
    found = db.session.scalar(select(Dispute).where(Dispute.public_id == dispute_public_id, *mine))
    if found is None:
        raise NotFound
    return found
