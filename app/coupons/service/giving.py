"""Give first-order coupons, once a customer; fill the pool; say what they are worth."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select, text

from app import clock
from app.codes import queries as codes
from app.codes import rules as patterns
from app.codes.service import read_pattern
from app.coupons import queries, rules
from app.coupons.models import Coupon, CouponGrant
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.members.models import Member
from app.partners import queries as partners
from app.partners.rules import fold_code
from app.partners.service import lock_partners
from app.tenancy import current_tenant, public_id
from app.tenants.queries import in_shadow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from app.coupons.rules import Entry, Offer

MADE_AT_MOST = 20  # tries to make one that nobody has
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def set_offer(offer: Offer) -> None:
    """Say whether new customers get a coupon, what it is worth and where it comes from, from now on.

    Raises DomainError at the field.
    """
    wrong = []
    if offer.on and not offer.value.strip():
        wrong.append(FieldError("value", _("Say what the coupon is worth.")))
    if len(offer.value) > rules.LONGEST_VALUE:
        wrong.append(FieldError("value", _("This is too long.")))
    if not 0 <= offer.low <= rules.MOST_LINES:
        wrong.append(FieldError("low", _("This is out of range.")))
    if wrong:
        raise DomainError("invalid", wrong[0].message, *wrong)
    if offer.source == "pattern":
        read_pattern(offer.pattern, "pattern", unguessable=True)
    before, now = rules.offer_to_json(queries.offer()), rules.offer_to_json(offer)
    if facts.put("merchant", queries.FACT, now, actor=actor()):
        changes = {name: [before[name], now[name]] for name in now if before[name] != now[name]}
        record("merchant.settings_changed", f"merchant:{current_tenant()}", changes=changes)
    give_owed()


@dataclass(frozen=True)
class Whom:
    """A new customer whom a partner brought; `others`: as whom he was told of before."""

    member_id: int
    shop_id: int
    partner_id: int
    email: str | None
    phone: str | None
    locale: str
    others: Collection[int] = ()


def give(whom: Whom) -> CouponGrant | None:
    """Give a customer his first-order coupon, if the merchant offers one and he never had any.

    The caller holds the customer. With an empty pool it is owed, and given as soon as the pool is
    filled. Returns the grant, new; None: nothing was given.
    """
    offer = queries.offer()
    if not offer.on or in_shadow():
        return None
    db.session.execute(_ALONE, {"name": f"coupons:{current_tenant()}"})
    if queries.has_one({whom.member_id, *whom.others}, whom.email, whom.phone):
        return None
    grant = CouponGrant(
        public_id=public_id("cg"),
        member_id=whom.member_id,
        shop_id=whom.shop_id,
        partner_id=whom.partner_id,
        email=whom.email,
        phone=whom.phone,
        locale=whom.locale,
        value=offer.value,
        coupon_id=None,
        created_at=clock.now(),
        given_at=None,
    )
    db.session.add(grant)
    db.session.flush()
    _fulfil(grant, offer)
    return grant


def give_owed() -> int:
    """Give the coupons that were owed while the pool was empty, the oldest first; return how many."""
    offer = queries.offer()
    if not offer.on or in_shadow():
        return 0
    db.session.execute(_ALONE, {"name": f"coupons:{current_tenant()}"})
    owed = select(CouponGrant).where(CouponGrant.coupon_id.is_(None)).order_by(CouponGrant.id)
    return sum(_fulfil(grant, offer) for grant in db.session.scalars(owed).all())


def _fulfil(grant: CouponGrant, offer: Offer) -> bool:
    made = offer.source == "pattern"
    coupon = make(offer.pattern) if made else _take(grant.shop_id)
    if coupon is None:
        if queries.pool().owed == 1:
            _tell_low(0)
        return False
    coupon.partner_id, coupon.taken_at = grant.partner_id, clock.now()
    grant.coupon_id, grant.given_at = coupon.id, clock.now()
    db.session.flush()
    key = db.session.scalar(select(Member.key).where(Member.id == grant.member_id))
    record(
        "coupon.given",
        f"member:{grant.member_id}",
        member_id=grant.member_id,
        customer=key,
        partner_id=grant.partner_id,
        shop_id=grant.shop_id,
        grant=grant.public_id,
        code=coupon.display,
        value=grant.value,
        to_be_made=made,
    )
    if not made and (left := queries.pool().free) == offer.low:
        _tell_low(left)
    return True


def _tell_low(left: int) -> None:
    record("coupon.pool_low", f"merchant:{current_tenant()}", left=left)


def _take(shop_id: int) -> Coupon | None:
    free = (
        select(Coupon)
        .where(
            Coupon.taken_at.is_(None),
            Coupon.withdrawn_at.is_(None),
            Coupon.origin == "pool",
            Coupon.shop_id.is_(None) | (Coupon.shop_id == shop_id),
        )
        .order_by(Coupon.id)
        .limit(1)
        .with_for_update()
    )
    return db.session.scalars(free).one_or_none()


def make(pattern: str, origin: str = "made") -> Coupon:
    """Make a coupon that nobody has. Raises Conflict where the pattern makes no more."""
    lock_partners()
    for _try in range(MADE_AT_MOST):
        display = patterns.fill(pattern, "", secrets.choice)
        key = fold_code(display)
        if not _known([key]):
            made = _add(display, key, None, origin)
            db.session.flush()
            return made
    raise Conflict("pattern_exhausted", _("The pattern makes no more codes. Make it longer."))


def _add(
    display: str, key: str, shop_id: int | None, origin: str, partner_id: int | None = None
) -> Coupon:
    now = clock.now()
    coupon = Coupon(
        key=key,
        display=display,
        shop_id=shop_id,
        origin=origin,
        partner_id=partner_id,
        created_at=now,
        taken_at=now if partner_id is not None or origin == "personal" else None,
        withdrawn_at=None,
    )
    db.session.add(coupon)
    return coupon


@dataclass
class Filled:
    """What became of lines of coupons: how many were new, and each that was not, with its line."""

    added: int = 0
    assigned: int = 0
    known: list[Entry] = field(default_factory=list)
    unreadable: list[Entry] = field(default_factory=list)
    strangers: list[Entry] = field(default_factory=list)  # whose partner is not there


def fill(entries: Iterable[Entry], shop_id: int | None) -> Filled:
    """Put coupons that the shop made into the pool; those with a refcode become that partner's own.

    Said twice, it adds nothing. What is a code or a coupon already is left as it is. Customers to
    whom one is owed get theirs. Raises DomainError for more than 10,000 lines.
    """
    lines = list(entries)
    if len(lines) > rules.MOST_LINES:
        words = _("At most %(most)s coupons at once.", most=rules.MOST_LINES)
        raise DomainError("too_many", words, FieldError("lines", words))
    lock_partners()
    done = Filled()
    known = _known([entry.key for entry in lines])
    owners = partners.partner_of_code({e.refcode for e in lines if e.refcode})
    for entry in lines:
        if not rules.is_coupon(entry.code):
            done.unreadable.append(entry)
        elif entry.key in known:
            done.known.append(entry)
        elif entry.refcode and fold_code(entry.refcode) not in owners:
            done.strangers.append(entry)
        else:
            known.add(entry.key)
            owner = owners.get(fold_code(entry.refcode)) if entry.refcode else None
            origin = "pool" if owner is None else "assigned"
            _add(entry.code, entry.key, shop_id, origin, owner)
            done.added += 1
            done.assigned += owner is not None
    db.session.flush()
    if done.added:
        subject = f"merchant:{current_tenant()}"
        record("coupon.pool_filled", subject, added=done.added, assigned=done.assigned)
        give_owed()
    return done


def _known(keys: Collection[str]) -> set[str]:
    taken = db.session.scalars(select(Coupon.key).where(Coupon.key.in_(keys)))
    return set(taken) | codes.taken(list(keys))


def withdraw(coupon: Coupon, *, back: bool = False) -> None:
    """Take a free coupon out of the pool, or put it back. Raises Conflict for one that is somebody's."""
    db.session.refresh(coupon, with_for_update=True)
    if coupon.taken_at is not None:
        raise Conflict("taken", _("This coupon is somebody's already."))
    coupon.withdrawn_at = None if back else clock.now()
    db.session.flush()
    if back:
        give_owed()
