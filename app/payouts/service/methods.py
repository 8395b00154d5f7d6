"""The merchant's own payout methods, up to five in use."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import func, select, update

from app import clock
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events import service as events
from app.extensions import db
from app.partners.models import Partner
from app.payouts import rules
from app.payouts.models import PayoutMethod
from app.requisites.rules import Kind


def create_method(
    name: str, hint: str = "", code: str | None = None, kind: Kind = Kind.OTHER
) -> PayoutMethod:
    """Add a method at the end of the list; `code` is for programs, made from the name unless given.

    `kind` decides what its partners are asked to give.

    Raises Conflict (409) above five, DomainError (422) without a name.
    """
    everything = _all()
    in_use = [m for m in everything if m.retired_at is None]
    _named(name)
    if len(in_use) >= rules.METHODS_LIMIT:
        raise Conflict("methods_limit", _("Five payout methods are in use; remove one first."))
    made = PayoutMethod(
        code=code or rules.method_code(name, {m.code for m in everything}),
        name=name.strip(),
        hint=hint.strip(),
        kind=kind.value,
        position=max((m.position for m in everything), default=0) + 1,
    )
    db.session.add(made)
    db.session.flush()
    _changed(made)
    return made


def change_method(method_id: int, name: str, hint: str, kind: Kind | None = None) -> PayoutMethod:
    """Rename a method, reword or change what its partners are asked to give.

    With another kind the partners' details no longer fit, and they are asked anew.
    """
    _named(name)
    method = _get(method_id)
    wanted = (name.strip(), hint.strip(), (kind or Kind(method.kind)).value)
    if (method.name, method.hint, method.kind) == wanted:
        return method
    if method.kind != wanted[2]:
        db.session.execute(
            update(Partner)
            .where(Partner.details_for.any_() == method.code)
            .values(details_for=func.array_remove(Partner.details_for, method.code))
            .execution_options(synchronize_session=False)
        )
    method.name, method.hint, method.kind = wanted
    db.session.flush()
    _changed(method)
    return method


def retire_method(method_id: int) -> PayoutMethod:
    """Take a method out of use; payouts made by it keep its name. Raises Conflict (409) for the last one."""
    method = _get(method_id)
    if sum(m.retired_at is None for m in _all()) == 1 and method.retired_at is None:
        raise Conflict("last_method", _("At least one payout method must remain."))
    if method.retired_at is None:
        method.retired_at = clock.now()
        db.session.flush()
        _changed(method)
    return method


def restore_method(method_id: int) -> PayoutMethod:
    """Take a method back into use: the undo of retiring it."""
    method = _get(method_id)
    if method.retired_at is not None:
        if sum(m.retired_at is None for m in _all()) >= rules.METHODS_LIMIT:
            raise Conflict("methods_limit", _("Five payout methods are in use; remove one first."))
        method.retired_at = None
        db.session.flush()
        _changed(method)
    return method


def _all() -> list[PayoutMethod]:
    """All of them, locked: two who add at once do not make six."""
    return list(
        db.session.scalars(select(PayoutMethod).order_by(PayoutMethod.id).with_for_update())
    )


def _get(method_id: int) -> PayoutMethod:
    method = db.session.scalar(select(PayoutMethod).where(PayoutMethod.id == method_id))
    if method is None:
        raise NotFound
    return method


def _named(name: str) -> None:
    if not name.strip():
        message = _("Give the method a name.")
        raise DomainError("name_missing", message, FieldError("name", message))


def _changed(method: PayoutMethod) -> None:
    events.record(
        "merchant.settings_changed", f"payout_method:{method.id}", payout_method=method.name
    )
