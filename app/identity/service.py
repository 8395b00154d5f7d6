"""Verbs on people: signing in and out, passwords and the links that set them, memberships.

Sessions, tokens and limits live in wall time. People are the platform's, so what happens to them is
recorded in whatever scope is open: a merchant's for its staff, the platform's for sign-ins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from app import clock, crypto
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db
from app.identity import queries, rules
from app.identity.models import Membership, Person, Session
from app.identity.rules import Purpose, Role
from app.installation import public_address, settings

# OWASP's floor for argon2id is 19 MiB and two passes; tests pay none of it.
STRONG = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
TOUCH = timedelta(minutes=1)  # how often a session's last use is written down
LONGEST_AGENT = 300
LINK_PURPOSES = frozenset(purpose.value for purpose in Purpose)
STAFF_ROLES = frozenset(role.value for role in rules.STAFF)


@dataclass(frozen=True)
class SignedIn:
    """A session as it was found by its token."""

    session: Session
    person: Person


def ensure_person(email: str, name: str, locale: str | None = None) -> Person:
    """Return the person of an e-mail, made now without a password if there was none.

    Raises DomainError for what is no e-mail address.
    """
    address = rules.normalise_email(email)
    if rules.email_problem(address):
        message = _("This is not an e-mail address.")
        raise DomainError("email", message, FieldError("email", message))
    found = queries.by_email(address)
    if found is not None:
        return found
    person = Person(
        email=address,
        name=name.strip() or address,
        password_hash=None,
        locale=locale,
        disabled_at=None,
        created_at=clock.wall(),
    )
    db.session.add(person)
    db.session.flush()
    return person


def authenticate(email: str, password: str) -> Person | None:
    """Return the person whose password this is, else None: in the same time, whatever was wrong."""
    person = queries.by_email(rules.normalise_email(email))
    known = person.password_hash if person is not None else None
    good = _matches(known or _stand_in(), password)
    if person is None or known is None or not good or person.disabled_at is not None:
        return None
    if _hasher().check_needs_rehash(known):
        person.password_hash = _hash(password)
    return person


def sign_in(person: Person, *, ip: str | None, agent: str | None) -> str:
    """Begin a session and return its token, which only the cookie carries."""
    now = clock.wall()
    lifetime = _lifetime(person)
    token = crypto.token()
    db.session.add(
        Session(
            token_hash=crypto.digest(token),
            person_id=person.id,
            created_at=now,
            seen_at=now,
            expires_at=now + lifetime.absolute,
            authenticated_at=now,
            ip=ip,
            user_agent=(agent or "")[:LONGEST_AGENT],
        )
    )
    db.session.execute(
        delete(Session).where(Session.expires_at < now, Session.person_id == person.id)
    )
    db.session.flush()
    record("person.signed_in", f"person:{person.id}", person_id=person.id)
    return token


def signed_in(token: str) -> SignedIn | None:
    """Return whose session a token opens; None when it is over, unknown, or its person disabled."""
    query = (
        select(Session, Person)
        .join(Person, Person.id == Session.person_id)
        .where(Session.token_hash == crypto.digest(token))
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    session, person = row
    over = rules.ended(session.created_at, session.seen_at, session.expires_at, clock.wall())
    return None if over or person.disabled_at is not None else SignedIn(session, person)


def touch(session: Session) -> bool:
    """Write down that a session is in use, once a minute; True when something was written."""
    now = clock.wall()
    if now - session.seen_at < TOUCH:
        return False
    session.seen_at = now
    return True


def believe(session: Session) -> None:
    """Remember that the password was given again just now."""
    session.authenticated_at = clock.wall()


def is_fresh(session: Session) -> bool:
    """Tell whether the password was given lately enough for keys and payment details."""
    return clock.wall() - session.authenticated_at <= rules.FRESH


def sign_out(token: str) -> None:
    """End one session."""
    db.session.execute(delete(Session).where(Session.token_hash == crypto.digest(token)))


def end_session(person: Person, session_id: int) -> None:
    """End one of a person's own sessions. Raises NotFound for anybody else's."""
    mine = Session.id == session_id, Session.person_id == person.id
    ended = db.session.scalar(delete(Session).where(*mine).returning(Session.id))
    if ended is None:
        raise NotFound


def sign_out_everywhere(person: Person, keep: int | None = None) -> int:
    """End a person's sessions, but for one that may be kept; returns how many ended."""
    query = delete(Session).where(Session.person_id == person.id, Session.id != (keep or 0))
    ended = len(db.session.scalars(query.returning(Session.id)).all())
    record(
        "person.signed_out_everywhere", f"person:{person.id}", person_id=person.id, sessions=ended
    )
    return ended


def change_password(person: Person, password: str) -> None:
    """Set a password. Raises DomainError when it is refused, Conflict when somebody was quicker.

    The old hash guards the change, so that of two links used at once one counts.
    """
    problem = rules.password_problem(password, person.email, person.name)
    if problem is not None:
        raise DomainError(
            "password", password_words(problem), FieldError("password", password_words(problem))
        )
    old = person.password_hash
    unchanged = Person.password_hash.is_(None) if old is None else Person.password_hash == old
    query = (
        update(Person)
        .where(Person.id == person.id, unchanged)
        .values(password_hash=_hash(password))
    )
    done = db.session.scalar(
        query.returning(Person.id).execution_options(synchronize_session=False)
    )
    if done is None:
        raise Conflict("link_used", _("This link was used before. Ask for a new one."))
    db.session.refresh(person)
    sign_out_everywhere(person)


def ask_reset(email: str) -> None:
    """Promise a letter with a link, if somebody has this e-mail; the answer never tells."""
    person = queries.by_email(rules.normalise_email(email))
    # Nobody is person 0: an unknown e-mail costs the same work, so time tells nothing either.
    known = person.id if person is not None and person.disabled_at is None else 0
    record("person.password_reset", f"person:{known}", person_id=known)


def link_token(person: Person, purpose: Purpose) -> str:
    """Return a signed token that sets the person's password once: it is bound to the present hash."""
    return crypto.sign(purpose.value, [person.id, _fingerprint(person)])


def password_link(person_id: int, purpose: str, locale: str | None = None) -> str:
    """Return the full address of a page that sets a password; purpose: reset, welcome, invitation.

    Made when the letter is written, so no secret waits in a table. Whoever is welcomed or invited and
    has a password already is led to the sign-in page. Raises NotFound.
    """
    person = queries.person(person_id)
    if person is None:
        raise NotFound
    if person.password_hash is not None and purpose != Purpose.RESET.value:
        return public_address("/login")
    query = f"token={link_token(person, Purpose(purpose))}&purpose={Purpose(purpose).value}"
    return public_address(f"/password?{query}" + (f"&lang={locale}" if locale else ""))


def person_of_link(token: str, purpose: str) -> Person | None:
    """Return whose password a token may set; None when it is old, used, forged, or for another purpose."""
    if purpose not in LINK_PURPOSES:
        return None
    payload = crypto.signed(purpose, token, rules.LINK_AGE[Purpose(purpose)])
    if not isinstance(payload, list) or len(payload) != 2:
        return None
    person = queries.person(payload[0])
    fits = person is not None and person.disabled_at is None and _fingerprint(person) == payload[1]
    return person if fits else None


def invite(
    tenant_id: int, email: str, name: str, role: str, locale: str | None = None
) -> Membership:
    """Make a person one of a merchant's staff, and promise the invitation. Raises Conflict, DomainError."""
    if role not in STAFF_ROLES:
        message = _("Choose a role.")
        raise DomainError("role", message, FieldError("role", message))
    person = ensure_person(email, name, locale)
    if queries.staff_membership(person.id, tenant_id) is not None:
        message = _("This person is on the team already.")
        raise Conflict("member", message, FieldError("email", message))
    membership = join(person, tenant_id, role)
    record(
        "staff.invited",
        f"person:{person.id}",
        person_id=person.id,
        role=role,
        has_password=person.password_hash is not None,
    )
    return membership


def join(person: Person, tenant_id: int, role: str, partner_id: int | None = None) -> Membership:
    """Make a person staff of a role at a merchant, or the partner `partner_id` (role "partner")."""
    membership = Membership(
        person_id=person.id,
        tenant_id=tenant_id,
        role=role,
        partner_id=partner_id,
        created_at=clock.wall(),
    )
    db.session.add(membership)
    db.session.flush()
    if partner_id is None:
        _shorten_sessions(person)
    return membership


def change_role(tenant_id: int, person_id: int, role: str) -> None:
    """Give one of the staff another role. Raises NotFound, and Conflict for the last owner."""
    membership = _one_of_staff(tenant_id, person_id)
    if role not in STAFF_ROLES:
        raise DomainError("role", _("Choose a role."), FieldError("role", _("Choose a role.")))
    if role == membership.role:
        return
    if membership.role == Role.OWNER.value:
        _keep_an_owner(tenant_id)
    before, membership.role = membership.role, role
    record("staff.changed", f"person:{person_id}", person_id=person_id, role=role, before=before)


def remove_staff(tenant_id: int, person_id: int) -> None:
    """Take somebody off the staff, as of their next request. Raises NotFound, and Conflict for the last owner."""
    membership = _one_of_staff(tenant_id, person_id)
    if membership.role == Role.OWNER.value:
        _keep_an_owner(tenant_id)
    db.session.delete(membership)
    record("staff.removed", f"person:{person_id}", person_id=person_id, role=membership.role)


def leave_partner(tenant_id: int, partner_id: int) -> None:
    """End the membership by which a person is this partner, if there is one."""
    query = delete(Membership).where(
        Membership.tenant_id == tenant_id, Membership.partner_id == partner_id
    )
    db.session.execute(query)


def note_unread(person_id: int, tenant_id: int, partner_id: int | None, number: int) -> None:
    """Keep how many answers a person at a merchant has not opened; the menu shows it on every page."""
    whose = Membership.partner_id.is_not_distinct_from(partner_id)
    db.session.execute(
        update(Membership)
        .where(Membership.person_id == person_id, Membership.tenant_id == tenant_id, whose)
        .values(unread_answers=number)
    )


def make_operator(email: str, name: str) -> Person:
    """Make a person an operator of the platform."""
    person = ensure_person(email, name)
    person.is_operator = True
    db.session.flush()
    _shorten_sessions(person)
    return person


def password_words(problem: str) -> str:
    """Return what to tell somebody whose password was refused."""
    words = {
        "short": _(
            "Use at least %(count)s characters. Several words are easy to remember.",
            count=rules.SHORTEST,
        ),
        "long": _("Use at most %(count)s characters.", count=rules.LONGEST),
        "common": _("This password is among the first that are tried. Choose another."),
        "personal": _("Choose a password that is not made of your name or e-mail."),
    }
    return str(words[problem])


def _one_of_staff(tenant_id: int, person_id: int) -> Membership:
    membership = queries.staff_membership(person_id, tenant_id)
    if membership is None:
        raise NotFound
    return membership


def _keep_an_owner(tenant_id: int) -> None:
    """Refuse to lose the last owner; two owners who remove each other at once meet at this lock."""
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"owners:{tenant_id}", 0))
    db.session.execute(select(lock))
    if queries.owners(tenant_id) < 2:
        raise Conflict("last_owner", _("A merchant needs an owner: make somebody else one first."))


def _shorten_sessions(person: Person) -> None:
    """Hold open sessions of somebody who became staff to a staff session's lifetime."""
    least = func.least(Session.expires_at, Session.created_at + rules.STAFF_SESSION.absolute)
    db.session.execute(
        update(Session).where(Session.person_id == person.id).values(expires_at=least)
    )


def _lifetime(person: Person) -> rules.Lifetime:
    staff = person.is_operator or queries.is_staff_anywhere(person.id)
    return rules.STAFF_SESSION if staff else rules.PARTNER_SESSION


def _fingerprint(person: Person) -> str:
    return crypto.digest(f"{person.id}:{person.password_hash or ''}")[:24]


def _hasher() -> PasswordHasher:
    return CHEAP if settings().cheap_hashes else STRONG


def _hash(password: str) -> str:
    return _hasher().hash(password)


_stand_ins: dict[bool, str] = {}


def _stand_in() -> str:
    """Return a hash that costs as much to check as a person's, for e-mails that nobody has."""
    cheap = settings().cheap_hashes
    if cheap not in _stand_ins:
        _stand_ins[cheap] = _hash(crypto.token())
    return _stand_ins[cheap]


def _matches(known: str, password: str) -> bool:
    if len(password) > rules.LONGEST:
        return False
    try:
        return _hasher().verify(known, password)
    except (VerificationError, InvalidHashError):
        return False
