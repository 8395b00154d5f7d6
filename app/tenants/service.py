"""Verbs on merchants, shops, keys, connections and settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock, crypto
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.requisites.service import refuse
from app.standard_webhooks import new_secret
from app.tenancy import current_tenant, public_id
from app.tenants import queries, rules
from app.tenants.models import (
    ApiKey,
    Connection,
    Directory,
    MerchantLegal,
    Shop,
    ShopDomain,
    StatusMap,
    Tenant,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from app.requisites.rules import Legal

KEY_SHOWN = 12  # characters of a key that lists show


@dataclass(frozen=True)
class NewKey:
    """A key just made; `secret` is known now and never again."""

    key: ApiKey
    secret: str


def register(tenant: Tenant) -> Tenant:
    """Give a new tenant its row and its address in the directory. Raises Conflict for a taken slug."""
    if queries.look_up("slug", tenant.slug) is not None:
        raise Conflict(
            "slug_taken",
            _("This address is taken."),
            FieldError("slug", _("This address is taken.")),
        )
    db.session.add(tenant)
    db.session.flush()
    enter("slug", tenant.slug, tenant.id)
    return tenant


def enter(kind: str, key: str, tenant_id: int, target_id: int | None = None) -> None:
    """Write a directory entry: from now on `key` leads to the tenant."""
    db.session.add(
        Directory(kind=kind, key_hash=crypto.digest(key), tenant_id=tenant_id, target_id=target_id)
    )
    db.session.flush()


def furnish() -> None:
    """Give a new tenant the first row of every setting."""
    facts.found(queries.MERCHANT, rules.DEFAULTS)


def open_shop(name: str, place: rules.Place, timezone: str) -> Shop:
    """Open a shop of the scope's merchant with the usual words for states."""
    shop = Shop(
        public_id=public_id("sh"),
        name=name,
        domain=place.domain,
        path=place.path,
        timezone=timezone,
        created_at=clock.now(),
    )
    db.session.add(shop)
    db.session.flush()
    _claim_domain(shop)
    _save_words(shop.id, 1, rules.DEFAULT_WORDS)
    record("shop.changed", f"shop:{shop.id}", name=name, domain=place.domain, path=place.path)
    return shop


def change_shop(
    shop: Shop,
    *,
    name: str | None = None,
    place: rules.Place | None = None,
    timezone: str | None = None,
    words: Mapping[str, str] | None = None,
) -> Shop:
    """Change what is given of a shop. New words hold for later messages."""
    before = {
        "name": shop.name,
        "domain": shop.domain,
        "path": shop.path,
        "timezone": shop.timezone,
    }
    shop.name = shop.name if name is None else name
    shop.timezone = shop.timezone if timezone is None else timezone
    if place is not None and (place.domain, place.path) != (shop.domain, shop.path):
        _move(shop, place)
    after = {"name": shop.name, "domain": shop.domain, "path": shop.path, "timezone": shop.timezone}
    changed = {key: value for key, value in after.items() if before[key] != value}
    if words is not None and _change_words(shop, dict(words)):
        changed["statuses"] = "changed"
    if changed:
        record("shop.changed", f"shop:{shop.id}", **changed)
    return shop


def change_settings(changes: Mapping[str, Any], since: datetime | None = None) -> list[str]:
    """Put the merchant's settings; each change holds from now on, or from a later moment.

    Returns the names that changed. Raises DomainError with every field that cannot stand.
    """
    wrong = {name: rules.setting_problem(name, value) for name, value in changes.items()}
    errors = [
        FieldError(name, str(_("This value is not allowed.")))
        for name, problem in wrong.items()
        if problem
    ]
    if errors:
        raise DomainError("invalid_setting", _("Some settings cannot stand."), *errors)
    before = queries.settings()
    changed = [
        name
        for name, value in changes.items()
        if facts.put(queries.MERCHANT, name, value, since=since, actor=actor())
    ]
    if changed:
        record(
            "merchant.settings_changed",
            f"merchant:{current_tenant()}",
            changes={name: [before.get(name), changes[name]] for name in changed},
        )
    return changed


def change_brand(tenant: Tenant, *, name: str, accent: str | None) -> None:
    """Change the merchant's name and accent colour ("#rrggbb"; None: ours). The test twin follows."""
    for row in filter(None, (tenant, queries.twin_of(tenant.id))):
        row.name = name
        row.brand = {**row.brand, "accent": accent}
    record(
        "merchant.settings_changed",
        f"merchant:{tenant.id}",
        changes={"name": name, "accent": accent},
    )


def change_legal(given: Legal) -> bool:
    """Keep the merchant's own legal details; False: they already were. Raises DomainError (422) by field."""
    refuse(given.problems())
    before = queries.legal()
    if before == given:
        return False
    kept = {"facts": asdict(given), "changed_at": clock.now()}
    db.session.execute(
        insert(MerchantLegal)
        .values(**kept)
        .on_conflict_do_update(index_elements=["tenant_id"], set_=kept)
    )
    old = asdict(before) if before else {}
    changed = sorted(name for name, text in asdict(given).items() if text != old.get(name, ""))
    record("merchant.settings_changed", f"merchant:{current_tenant()}", legal=", ".join(changed))
    return True


def read_place(domain: str, path: str) -> rules.Place:
    """Return where a shop stands, from what somebody typed. Raises DomainError that names the field."""
    try:
        host = rules.domain(domain) if domain.strip() else ""
    except rules.BadAddress as error:
        raise _refused("domain", place_words(error.code)) from error
    try:
        return rules.Place(host, rules.folder(path))
    except rules.BadAddress as error:
        raise _refused("path", place_words(error.code)) from error


def read_zone(name: str) -> str:
    """Return the name of a time zone that exists. Raises DomainError."""
    if name not in available_timezones():
        raise _refused("timezone", _("We do not know this time zone."))
    return name


def place_words(code: str) -> str:
    """Return what to tell somebody whose domain or folder was refused."""
    words = {
        "scheme": _("Write the domain alone, without https://."),
        "domain": _("This is not a domain such as shop.example."),
        "path": _("A folder looks like /shop: letters, digits and hyphens after a slash."),
    }
    return str(words[code])


def make_key(
    shop_id: int | None,
    name: str,
    scopes: Iterable[str],
    kind: str,
    made_by: str | None = None,
    *,
    till: str | None = None,
) -> NewKey:
    """Make an API key of a shop; `kind` is live, test, or platform (no shop). The secret is told once.

    Whoever made it is answerable for what is done with it: `made_by`, or else whoever acts. `till`:
    orders that come by it are this till's, and it may do nothing else but find customers.
    Raises DomainError for a scope that does not exist.
    """
    wanted = sorted(set(scopes))
    if kind != "platform" and not (wanted and set(wanted) <= set(rules.SCOPES)):
        raise _refused("scopes", _("Choose at least one scope."))
    secret = crypto.token({"platform": "pk_live_", "live": "sk_live_", "test": "sk_test_"}[kind])
    key = ApiKey(
        shop_id=shop_id,
        name=name,
        prefix=secret[:KEY_SHOWN],
        key_hash=crypto.digest(secret),
        scopes=wanted,
        made_by=made_by or actor(),
        till=till,
        created_at=clock.now(),
    )
    db.session.add(key)
    db.session.flush()
    enter("api_key", secret, current_tenant(), key.id)
    record("key.created", f"key:{key.id}", name=name, scopes=wanted, prefix=key.prefix)
    return NewKey(key, secret)


def revoke_key(key_id: int) -> ApiKey:
    """Revoke a key: its next call is refused. Raises NotFound, and Conflict when it was already revoked."""
    key = queries.key(key_id)
    if key is None:
        raise NotFound
    if key.revoked_at is not None:
        raise Conflict("revoked", _("This key was revoked before."))
    key.revoked_at = clock.now()
    _leave("api_key", key.key_hash)
    record("key.revoked", f"key:{key.id}", name=key.name, prefix=key.prefix)
    return key


def touch_key(key_id: int) -> None:
    """Remember that a key was used now."""
    db.session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=clock.wall()))


def connect(shop_id: int, kind: str, secret: str | None = None) -> tuple[Connection, str]:
    """Open a shop's channel to us (kind: woocommerce, postback, ...); returns it and its secret.

    The secret is ours (whsec_...) unless the shop made one.
    """
    plain = secret or new_secret()
    connection = Connection(
        shop_id=shop_id,
        public_id=public_id("cn"),
        kind=kind,
        secret=crypto.seal(plain),
        created_at=clock.now(),
    )
    db.session.add(connection)
    db.session.flush()
    enter("connection", connection.public_id, current_tenant(), connection.id)
    record("connection.created", f"connection:{connection.id}", channel=kind)
    return connection, plain


def disconnect(connection: Connection) -> None:
    """Close a channel; what still arrives there is refused."""
    connection.disabled_at = clock.now()
    _leave("connection", crypto.digest(connection.public_id))
    record("connection.disabled", f"connection:{connection.id}", channel=connection.kind)


def _refused(field: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(field, message))


def _change_words(shop: Shop, words: dict[str, str]) -> bool:
    problem = rules.words_problem(words)
    if problem is not None:
        raise _refused("statuses", _("Name at least one word, each with one of our states."))
    now = queries.words(shop.id)
    if now.words == words:
        return False
    _save_words(shop.id, now.version + 1, words)
    return True


def _save_words(shop_id: int, version: int, words: Mapping[str, str]) -> None:
    db.session.add(
        StatusMap(shop_id=shop_id, version=version, words=dict(words), created_at=clock.now())
    )
    db.session.flush()


def _claim_domain(shop: Shop) -> None:
    """Let the domain lead to this merchant, if it leads to nobody yet.

    Nothing proves yet whose a domain is, so a second merchant is not refused: the first keeps the entry.
    """
    if shop.domain and queries.look_up("domain", shop.domain) is None:
        enter("domain", shop.domain, current_tenant(), shop.id)


def _move(shop: Shop, place: rules.Place) -> None:
    """Let a shop stand elsewhere from now on; where it stood before is kept with its dates.

    Links, codes and bindings name the shop and not its address, so they live on; what arrives from
    the old address (a click on a printed link, an Origin, a pasted page) still counts.
    """
    before, now = rules.Place(shop.domain, shop.path), clock.now()
    if before.domain:
        since = queries.stands_since(shop)
        row = ShopDomain(
            shop_id=shop.id, domain=before.domain, path=before.path, since=since, until=now
        )
        db.session.add(row)
    shop.domain, shop.path = place.domain, place.path
    db.session.flush()
    if before.domain and before.domain != place.domain:
        _leave_domain(before.domain, shop.id)
    _claim_domain(shop)


def _leave_domain(domain: str, shop_id: int) -> None:
    """Let a domain lead here as long as nobody else claims it: a new owner's claim comes first."""
    if db.session.scalar(select(func.count()).where(Shop.domain == domain)):
        return
    _leave("domain", crypto.digest(domain))
    values = {"tenant_id": current_tenant(), "target_id": shop_id}
    entry = insert(Directory).values(
        kind=queries.PAST_DOMAIN, key_hash=crypto.digest(domain), **values
    )
    db.session.execute(
        entry.on_conflict_do_update(index_elements=["kind", "key_hash"], set_=values)
    )


def forget_domain(shop: Shop, row_id: int) -> ShopDomain:
    """Let a former address of a shop count no more. Raises NotFound."""
    row = db.session.scalar(
        select(ShopDomain).where(ShopDomain.id == row_id, ShopDomain.shop_id == shop.id)
    )
    if row is None:
        raise NotFound
    db.session.delete(row)
    db.session.flush()
    if not db.session.scalar(select(func.count()).where(ShopDomain.domain == row.domain)):
        _leave(queries.PAST_DOMAIN, crypto.digest(row.domain))
    record("shop.changed", f"shop:{shop.id}", forgotten=f"{row.domain}{row.path}")
    return row


def _leave(kind: str, key_hash: str) -> None:
    mine = Directory.tenant_id == current_tenant()
    query = delete(Directory).where(Directory.kind == kind, Directory.key_hash == key_hash, mine)
    db.session.execute(query)
