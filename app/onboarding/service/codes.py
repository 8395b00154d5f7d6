"""One-time codes by which a shop's plugin gets the shop's keys without anybody copying them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock, crypto
from app.errors import Conflict, DomainError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.onboarding import queries
from app.onboarding.models import InstallCode
from app.onboarding.rules import CODE_AGE, CODE_PREFIX
from app.tenancy import tenant_scope
from app.tenants import queries as tenants
from app.tenants import service as tenants_service
from app.tenants.rules import SCOPES

if TYPE_CHECKING:
    from app.tenants.models import Connection, Shop, Tenant

KIND = "install"
SHOWN = 9  # characters of a code that the list shows
LONGEST = 100  # characters of what a plugin says of itself


@dataclass(frozen=True)
class NewCode:
    """A code just drawn; `secret` is known now and never again."""

    code: InstallCode
    secret: str


@dataclass(frozen=True)
class Installed:
    """What a plugin is told once."""

    tenant: Tenant
    shop: Shop
    connection: Connection
    api_key: str
    test_api_key: str | None
    webhook_secret: str


def draw(shop: Shop) -> NewCode:
    """Draw a code for a shop, to be used once within a day; told now and never again."""
    secret = crypto.token(CODE_PREFIX, 24)
    now = clock.wall()
    row = InstallCode(
        shop_id=shop.id,
        shown=secret[:SHOWN],
        code_hash=crypto.digest(secret),
        drawn_by=actor(),
        created_at=now,
        expires_at=now + CODE_AGE,
        used_at=None,
        used_by=None,
        withdrawn_at=None,
    )
    db.session.add(row)
    db.session.flush()
    tenants_service.enter(KIND, secret, row.tenant_id, row.id)
    record("install_code.drawn", f"install_code:{row.id}", shop=shop.public_id, shown=row.shown)
    return NewCode(row, secret)


def withdraw(code_id: int) -> InstallCode:
    """Make a code useless. Raises NotFound; Conflict when it was used or withdrawn before."""
    row = db.session.scalar(select(InstallCode).where(InstallCode.id == code_id))
    if row is None:
        raise NotFound
    _spend(row.id, withdrawn_at=clock.wall())
    db.session.refresh(row)
    return row


def install(secret: str, plugin: str) -> Installed:
    """Turn a code into the keys of its shop: live and test key, connection with its secret.

    To be called in the platform's scope. Raises DomainError (422), the same for every code that does
    not hold: unknown, used, withdrawn or too old.
    """
    entry = tenants.look_up(KIND, secret)
    if entry is None:
        raise _void()
    with tenant_scope(entry.tenant_id):
        row = queries.usable_code(entry.target_id or 0)
        tenant = tenants.tenant(entry.tenant_id)
        if row is None or tenant is None or tenant.suspended_at is not None:
            raise _void()
        try:
            _spend(row.id, used_at=clock.wall(), used_by=plugin[:LONGEST])
        except Conflict as error:
            raise _void() from error
        shop = tenants.shop_by_id(row.shop_id)
        if shop is None:
            raise _void()
        kind = "test" if tenant.twin_of else "live"
        name, by = plugin[:LONGEST], row.drawn_by
        key = tenants_service.make_key(shop.id, name, SCOPES, kind, by)
        connection, webhook_secret = tenants_service.connect(shop.id, "postback")
        record("install_code.used", f"install_code:{row.id}", shop=shop.public_id, plugin=plugin)
    return Installed(
        tenant, shop, connection, key.secret, _test_key(tenant, shop, name, by), webhook_secret
    )


def _test_key(tenant: Tenant, shop: Shop, name: str, by: str | None) -> str | None:
    """Make a key of the test twin's shop of the same domain, else of its first one."""
    twin = tenants.twin_of(tenant.id)
    if twin is None:
        return None
    with tenant_scope(twin.id, twin.clock_offset):
        places = list(tenants.shops())
        same = [each for each in places if each.domain == shop.domain] or places
        key = tenants_service.make_key(same[0].id, name, SCOPES, "test", by)
    return key.secret


def _spend(code_id: int, **values: object) -> None:
    """Use a code up, or withdraw it, if nobody did before: of two at once one counts."""
    unspent = (InstallCode.used_at.is_(None), InstallCode.withdrawn_at.is_(None))
    done = db.session.scalar(
        update(InstallCode)
        .where(InstallCode.id == code_id, *unspent)
        .values(**values)
        .returning(InstallCode.id)
        .execution_options(synchronize_session=False)
    )
    if done is None:
        raise Conflict("code_spent", _("This code was used or withdrawn before."))


def _void() -> DomainError:
    return DomainError("code", _("This installation code is not valid, or not any more."))
