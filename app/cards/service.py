"""Bind cards to customers; ask for a code by phone, try it, and sign a customer in."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from app import clock, crypto, sql
from app.cards import queries, rules
from app.cards.models import Card, CardSession, PhoneCode
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.members import service as members
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from app.members.models import Member

KEPT = timedelta(days=1)  # how long a code that is over stays, for the counts of an hour
_AGAIN = 20  # random numbers before something must be wrong


@dataclass(frozen=True, slots=True)
class Given:
    """The token that binds a code to this browser, and what to send to whom; None: nobody's phone."""

    token: str
    code_id: int | None
    member_id: int | None


class TooSoon(DomainError):
    """Another code may be asked for later."""

    status = 429


def bind(member: Member, number: str) -> Card:
    """Bind a number to a customer instead of the one he has; the same again changes nothing.

    Raises DomainError for what is no number, Conflict for one that is another customer's.
    """
    wanted = rules.normalise_number(number)
    if wanted is None:
        words = _("A card's number has 4 to 40 letters, digits and dashes.")
        raise DomainError("invalid", words, FieldError("number", words))
    members.lock([member.id])
    mine = queries.card_of(member.id)
    if mine is not None and mine.number == wanted:
        return mine
    _alone(member.shop_id, wanted)
    if queries.by_number(member.shop_id, wanted) is not None:
        words = _("This number is another customer's.")
        raise Conflict("card_taken", words, FieldError("number", words))
    if mine is not None:
        _end(mine)
    return _made(member, wanted)


_END = """
UPDATE loyalty_card SET ended_at = %(now)s
FROM json_to_recordset(%(rows)s) AS r(member bigint, number text)
WHERE loyalty_card.member_id = r.member AND ended_at IS NULL AND loyalty_card.number <> r.number
"""
_BIND = """
INSERT INTO loyalty_card (shop_id, member_id, number, made_at, actor)
SELECT %(shop)s, member, number, %(now)s, %(actor)s
FROM json_to_recordset(%(rows)s) AS r(member bigint, number text)
ON CONFLICT DO NOTHING
"""


def bind_all(shop_id: int, pairs: Sequence[tuple[int, str]]) -> None:
    """Bind many numbers to customers instead of those they have; quietly, for what is brought along."""
    members.lock([member for member, _number in pairs])
    rows = sql.recordset({"member": member, "number": number} for member, number in pairs)
    values = {"shop": shop_id, "now": clock.now(), "actor": actor(), "rows": rows}
    sql.send(_END, values)
    sql.send(_BIND, values)


def unbind(member: Member) -> None:
    """Take the customer's card away, if he has one."""
    members.lock([member.id])
    mine = queries.card_of(member.id)
    if mine is not None:
        _end(mine)


def ensure(member: Member) -> Card:
    """Return the customer's card; who has none gets a number of ours."""
    found = queries.card_of(member.id)
    if found is not None:
        return found
    members.lock([member.id])
    found = queries.card_of(member.id)
    if found is not None:
        return found
    for _try in range(_AGAIN):
        number = rules.own_number(secrets.randbelow(10**10))
        _alone(member.shop_id, number)
        if queries.by_number(member.shop_id, number) is None:
            return _made(member, number)
    raise RuntimeError("no number is free")


def _alone(shop_id: int, number: str) -> None:
    """Let two who bind one number do it one after the other."""
    name = f"card:{current_tenant()}:{shop_id}:{number}"
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def _made(member: Member, number: str) -> Card:
    made = Card(
        shop_id=member.shop_id,
        member_id=member.id,
        number=number,
        made_at=clock.now(),
        actor=actor(),
    )
    db.session.add(made)
    db.session.flush()
    record("card.bound", f"member:{member.id}", member_id=member.id, number=number)
    return made


def _end(card: Card) -> None:
    card.ended_at = clock.now()
    db.session.flush()
    record("card.unbound", f"member:{card.member_id}", member_id=card.member_id, number=card.number)


def ask(phone: str) -> Given:
    """Ask for a code by SMS for a phone in E.164.

    Nobody learns whether the phone is a customer's: both are answered alike. Raises TooSoon within a
    minute of the last one, and after five in an hour.
    """
    now = clock.wall()
    name = f"phone:{current_tenant()}:{phone}"
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
    db.session.execute(
        delete(PhoneCode).where(PhoneCode.phone == phone, PhoneCode.until < now - KEPT)
    )
    asked = db.session.scalars(
        select(PhoneCode.asked_at)
        .where(PhoneCode.phone == phone, PhoneCode.asked_at > now - timedelta(hours=1))
        .order_by(PhoneCode.asked_at.desc())
    ).all()
    if len(asked) >= rules.MOST_AN_HOUR:
        raise TooSoon("too_many_codes", _("Too many codes were asked for. Try again in an hour."))
    if asked and now - asked[0] < rules.PAUSE:
        raise TooSoon("too_soon", _("A code was sent just now. Ask for another one in a minute."))
    token, owners = crypto.token(), queries.members_of(phone)
    made = PhoneCode(
        token_hash=crypto.digest(token),
        nonce=crypto.token(),
        phone=phone,
        known=bool(owners),
        asked_at=now,
        until=now + rules.LIFE,
    )
    db.session.add(made)
    db.session.flush()
    return Given(token, made.id if owners else None, owners[0].id if owners else None)


def code_of(code_id: int) -> str | None:
    """Return the code that was asked for, as its SMS is written; None when it holds no more."""
    found = db.session.scalar(select(PhoneCode).where(PhoneCode.id == code_id))
    if found is None or not found.known or not rules.may_try(_asked(found), clock.wall()):
        return None
    return _code(found)


def attempt(token: str, code: str) -> str | None:
    """Try a code on the browser that asked for it; return a session's token, or None for a wrong one.

    Each try counts, right or wrong, by one conditional statement, so that a hundred at once are five.
    """
    now = clock.wall()
    tried = (
        update(PhoneCode)
        .where(
            PhoneCode.token_hash == crypto.digest(token),
            PhoneCode.used_at.is_(None),
            PhoneCode.tries < rules.TRIES,
            PhoneCode.until > now,
        )
        .values(tries=PhoneCode.tries + 1)
        .returning(PhoneCode)
    )
    found = db.session.scalar(tried)
    if found is None or not found.known or not hmac.compare_digest(_code(found), code):
        return None
    found.used_at = now
    opened = crypto.token()
    db.session.add(
        CardSession(token_hash=crypto.digest(opened), phone=found.phone, made_at=now, seen_at=now)
    )
    db.session.flush()
    return opened


def is_over(token: str) -> bool:
    """Whether the code that this browser asked for cannot be tried any more."""
    found = db.session.scalar(select(PhoneCode).where(PhoneCode.token_hash == crypto.digest(token)))
    return found is None or not rules.may_try(_asked(found), clock.wall())


def signed_in(token: str) -> Sequence[Member]:
    """Return whose cards a session opens: the customers of its phone, one a shop; none when it is over."""
    now = clock.wall()
    found = db.session.scalar(_session(token).where(CardSession.seen_at > now - rules.STAY))
    if found is None:
        return ()
    if now - found.seen_at > timedelta(days=1):
        found.seen_at = now
        db.session.flush()
    return queries.members_of(found.phone)


def sign_out(token: str) -> None:
    """End a session."""
    found = db.session.scalar(_session(token))
    if found is not None:
        found.ended_at = clock.wall()
        db.session.flush()


def sign_out_everywhere(member: Member) -> None:
    """End every session of a customer's phone: it was lost, or is another's now. Raises NotFound."""
    if member.phone is None:
        raise NotFound
    db.session.execute(
        update(CardSession)
        .where(CardSession.phone == member.phone, CardSession.ended_at.is_(None))
        .values(ended_at=clock.wall())
    )
    record("card.signed_out", f"member:{member.id}", member_id=member.id)


def _session(token: str) -> Select[CardSession]:
    mine = CardSession.token_hash == crypto.digest(token)
    return select(CardSession).where(mine, CardSession.ended_at.is_(None))


def _asked(found: PhoneCode) -> rules.Asked:
    return rules.Asked(found.until, found.tries, found.used_at is not None)


def _code(found: PhoneCode) -> str:
    return rules.code_of(crypto.mark("code by phone", f"{found.tenant_id}:{found.nonce}"))
