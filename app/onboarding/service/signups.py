"""An account is asked for, its e-mail proved by a link, and then opened: at once, or by the operator.

All of it happens in the platform's scope, in wall time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import delete, update

from app import clock, crypto
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.identity.rules import email_problem, normalise_email
from app.notifications.view import SIGN_UP
from app.onboarding import queries
from app.onboarding.models import SignUp
from app.onboarding.rules import FORGOTTEN, LINK_AGE, REASON, Policy, State, after_link
from app.onboarding.service.merchants import NewMerchant, check, create_merchant, place_of
from app.tenancy import public_id
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTS = ("name", "slug", "currency", "locale", "timezone", "site")


def set_policy(policy: Policy) -> None:
    """Say how accounts are opened from now on."""
    before = queries.policy()
    if facts.put(queries.PLATFORM_OWNER, queries.POLICY, policy.value, actor=actor()):
        changes = {"signup": [before.value, policy.value]}
        record("merchant.settings_changed", "merchant:1", changes=changes)


def ask(said: Mapping[str, Any]) -> SignUp:
    """Keep what somebody wants to open, and promise a letter to the e-mail; no account is looked up.

    Raises DomainError that names the fields, and Conflict for a taken address.
    """
    email = normalise_email(said["email"])
    if email_problem(email):
        message = _("This is not an e-mail address.")
        raise DomainError("email", message, FieldError("email", message))
    check(said["slug"], said["currency"], said["timezone"])
    place_of(said.get("site"))
    _refuse_taken(said["slug"])
    row = SignUp(
        public_id=public_id("su"),
        email=email,
        facts={name: said.get(name) for name in FACTS},
        created_at=clock.wall(),
    )
    db.session.add(row)
    db.session.flush()
    _tell("signup.asked", row)
    return row


def of_link(token: str) -> SignUp | None:
    """Return the sign-up that a letter's link confirms; None when it is old, used or forged."""
    found = crypto.signed(SIGN_UP, token, LINK_AGE)
    if not isinstance(found, str):
        return None
    row = queries.sign_up(found)
    return row if row is not None and row.state == State.ASKED else None


def confirm(row: SignUp, slug: str | None = None) -> NewMerchant | None:
    """Take the e-mail for proved. The account opened by it, or None where the operator decides.

    Another address may be chosen here, for the first may be taken meanwhile. Raises Conflict for a
    link used before or a taken address, DomainError for closed doors.
    """
    state = after_link(queries.policy())
    if state is None:
        raise DomainError("closed", _("New accounts are not opened here at present."))
    if slug:
        row.facts = {**row.facts, "slug": slug}
    check(row.facts["slug"], row.facts["currency"], row.facts["timezone"])
    _refuse_taken(row.facts["slug"])
    _move(row, State.ASKED, state, confirmed_at=clock.wall())
    if state is State.CONFIRMED:
        _tell("signup.confirmed", row)
        return None
    return _open(row)


def approve(sign_up: str) -> NewMerchant:
    """Open the account of a proved sign-up. Raises NotFound; Conflict when it was decided, or for a taken address."""
    row = _found(sign_up)
    _move(row, State.CONFIRMED, State.OPENED, decided_at=clock.wall(), decided_by=actor())
    return _open(row)


def refuse(sign_up: str, reason: str) -> SignUp:
    """Refuse a proved sign-up with a word that is mailed. Raises NotFound, Conflict, DomainError."""
    if not reason.strip() or len(reason) > REASON:
        message = _("Say why: it is mailed.")
        raise DomainError("reason", message, FieldError("reason", message))
    row = _found(sign_up)
    values = {"decided_at": clock.wall(), "decided_by": actor(), "reason": reason.strip()}
    _move(row, State.CONFIRMED, State.REFUSED, **values)
    _tell("signup.refused", row, reason=reason.strip())
    return row


def forget_unconfirmed() -> None:
    """Forget sign-ups that nobody confirmed for a week."""
    old = SignUp.created_at < clock.wall() - FORGOTTEN
    db.session.execute(delete(SignUp).where(SignUp.state == State.ASKED.value, old))


def _open(row: SignUp) -> NewMerchant:
    said: dict[str, Any] = {name: row.facts.get(name) for name in FACTS}
    made = create_merchant(email=row.email, **said)
    _tell("signup.opened", row, slug=made.tenant.slug)
    return made


def _found(sign_up: str) -> SignUp:
    row = queries.sign_up(sign_up)
    if row is None:
        raise NotFound
    return row


def _move(row: SignUp, old: State, new: State, **values: Any) -> None:
    """Change the state if it still is the old one: of two at once one counts."""
    db.session.flush()
    changed = db.session.scalar(
        update(SignUp)
        .where(SignUp.id == row.id, SignUp.state == old.value)
        .values(state=new.value, **values)
        .returning(SignUp.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise Conflict("signup_state", _("This was decided before."))
    db.session.refresh(row)


def _refuse_taken(slug: str) -> None:
    if tenants.look_up("slug", slug) is not None:
        message = _("This address is taken.")
        raise Conflict("slug_taken", message, FieldError("slug", message))


def _tell(kind: str, row: SignUp, **more: Any) -> None:
    said = {"signup": row.public_id, "email": row.email, "name": row.facts["name"]}
    record(kind, f"signup:{row.id}", **said, locale=row.facts["locale"], **more)
