"""Make and revoke partners' keys; say whether partners may have any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from app import clock, crypto
from app.errors import Conflict, DomainError, FieldError, Forbidden, NotFound
from app.events.service import record
from app.extensions import db
from app.partner_keys import queries, rules
from app.partner_keys.models import PartnerKey
from app.tenancy import current_tenant
from app.tenants import service as tenants
from app.tenants.models import Directory
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.partners.models import Partner

SHOWN = 12  # characters of a key that lists show


def allowed() -> bool:
    """Whether the merchant lets partners have keys."""
    return bool(setting(rules.SETTING))


def allow(*, on: bool) -> None:
    """Let partners have keys or not; those that are there stop, and hold again when they are allowed again."""
    tenants.change_settings({rules.SETTING: on})


def make(
    partner: Partner, name: str, scopes: Iterable[str], *, test: bool
) -> tuple[PartnerKey, str]:
    """Make a key of the partner's; its secret is told this once.

    Raises DomainError without a scope, Forbidden where the merchant allows none, Conflict for one too many
    and while the partner is not active.
    """
    if not allowed():
        raise Forbidden("partner_keys", _("The shop does not offer keys to its partners."))
    if partner.status != "active":
        raise Conflict("partner_not_active", _("This waits until the account is active."))
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(rules.SCOPES):
        words = _("Choose at least one.")
        raise DomainError("invalid", words, FieldError("scopes", words))
    lock = func.hashtextextended(f"partner_keys:{current_tenant()}:{partner.id}", 0)
    db.session.execute(select(func.pg_advisory_xact_lock(lock)))
    if queries.held(partner.id) >= rules.MOST:
        words = _("At most %(most)s keys: revoke one first.", most=rules.MOST)
        raise Conflict("too_many_keys", words, FieldError("name", words))
    secret = crypto.token("pk_test_" if test else "pk_live_")
    key = PartnerKey(
        partner_id=partner.id,
        name=name.strip(),
        prefix=secret[:SHOWN],
        key_hash=crypto.digest(secret),
        scopes=wanted,
        created_at=clock.now(),
    )
    db.session.add(key)
    db.session.flush()
    tenants.enter(queries.DIRECTORY, secret, current_tenant(), key.id)
    facts = {"partner_id": partner.id, "name": key.name, "scopes": wanted, "prefix": key.prefix}
    record("partner_key.made", f"partner:{partner.id}", **facts)
    return key, secret


def revoke(key: PartnerKey) -> None:
    """Revoke a key: its next call is refused. Raises Conflict when it was revoked before."""
    if key.revoked_at is not None:
        raise Conflict("revoked", _("This key was revoked before."))
    key.revoked_at = clock.now()
    db.session.execute(
        delete(Directory).where(
            Directory.kind == queries.DIRECTORY, Directory.key_hash == key.key_hash
        )
    )
    facts = {"partner_id": key.partner_id, "name": key.name, "prefix": key.prefix}
    record("partner_key.revoked", f"partner:{key.partner_id}", **facts)


def found(key_id: int, partner_id: int | None = None) -> PartnerKey:
    """Return a key, of one partner or of anybody. Raises NotFound."""
    key = queries.find(key_id, partner_id)
    if key is None:
        raise NotFound
    return key


def touch(key_id: int) -> None:
    """Remember that a key was used now."""
    used = update(PartnerKey).where(PartnerKey.id == key_id).values(last_used_at=clock.wall())
    db.session.execute(used)
