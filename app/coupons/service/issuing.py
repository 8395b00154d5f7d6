"""Coupons that rules of bonuses give: their kinds, each coupon once for an event, off while unused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from app import clock
from app.codes.service import read_pattern
from app.coupons import queries, rules
from app.coupons.models import Coupon, CouponIssue, CouponKind
from app.coupons.service.giving import make
from app.errors import DomainError, FieldError
from app.events.service import record
from app.extensions import db
from app.tenancy import public_id
from app.tenants.queries import in_shadow

LONGEST_NAME, MOST_DAYS, MOST_KINDS = 100, 3_660, 100


def make_kind(name: str, value: str, pattern: str, days: int | None = None) -> CouponKind:
    """Define a coupon that rules may give. Raises DomainError at each field."""
    name, value, wrong = name.strip(), value.strip(), []
    if not 1 <= len(name) <= LONGEST_NAME:
        words = _("Between %(low)s and %(high)s letters.", low=1, high=LONGEST_NAME)
        wrong.append(FieldError("name", words))
    if not value:
        wrong.append(FieldError("value", _("Say what the coupon is worth.")))
    elif len(value) > rules.LONGEST_VALUE:
        wrong.append(FieldError("value", _("This is too long.")))
    if days is not None and not 1 <= days <= MOST_DAYS:
        wrong.append(FieldError("days", _("This is out of range.")))
    if len(queries.kinds()) >= MOST_KINDS:
        wrong.append(FieldError("name", _("There are too many.")))
    if wrong:
        raise DomainError("invalid", wrong[0].message, *wrong)
    made = CouponKind(
        public_id=public_id("ck"),
        name=name,
        value=value,
        pattern=read_pattern(pattern, "pattern", unguessable=True),
        days=days,
        archived_at=None,
        created_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    return made


def archive_kind(kind: CouponKind) -> None:
    """Give no more of them; those that were given hold on."""
    kind.archived_at = kind.archived_at or clock.now()
    db.session.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """For what a customer gets a coupon; `source` makes it one."""

    member_id: int
    event_key: str
    source: str


def issue(kind: CouponKind, gift: Gift) -> CouponIssue | None:
    """Give a customer a coupon of his own, once by the source; None: given before, or in a shadow month.

    The caller holds the customer. Records coupon.issued, by which the shop learns the code.
    """
    found = select(CouponIssue.id).where(CouponIssue.source == gift.source)
    if in_shadow() or db.session.scalar(found) is not None:
        return None
    coupon, now = make(kind.pattern, "personal"), clock.now()
    made = CouponIssue(
        kind_id=kind.id,
        coupon_id=coupon.id,
        member_id=gift.member_id,
        event_key=gift.event_key,
        source=gift.source,
        value=kind.value,
        issued_at=now,
        expires_at=now + timedelta(days=kind.days) if kind.days else None,
        off_at=None,
    )
    db.session.add(made)
    db.session.flush()
    record(
        "coupon.issued",
        f"member:{gift.member_id}",
        member_id=gift.member_id,
        code=coupon.display,
        name=kind.name,
        value=kind.value,
        expires_at=made.expires_at.isoformat() if made.expires_at else None,
        to_be_made=True,
    )
    return made


def switch_off(source: str) -> bool:
    """Switch a coupon off where what it was given for is no more, and nobody has used it; tell if it was.

    Records coupon.switched_off, by which the shop takes it no more.
    """
    made = db.session.scalar(select(CouponIssue).where(CouponIssue.source == source))
    if made is None or made.off_at is not None:
        return False
    coupon = db.session.scalars(select(Coupon).where(Coupon.id == made.coupon_id)).one()
    if queries.is_used(coupon, made.member_id):
        return False
    made.off_at = coupon.withdrawn_at = clock.now()
    db.session.flush()
    subject = f"member:{made.member_id}"
    record("coupon.switched_off", subject, member_id=made.member_id, code=coupon.display)
    return True
