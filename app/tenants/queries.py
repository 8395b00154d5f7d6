"""Reads: who is meant by a slug or a key, and what a merchant has set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app import crypto
from app.errors import Conflict
from app.extensions import db
from app.facts import service as facts
from app.identity import queries as identity
from app.requisites.rules import Legal
from app.tenancy import current_tenant
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
from app.tenants.rules import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MERCHANT = "merchant"  # the owner of the settings' facts
PAST_DOMAIN = "past_domain"


@dataclass(frozen=True)
class Words:
    """A shop's words for order states, and the version of the map."""

    version: int
    words: dict[str, str]


@dataclass(frozen=True)
class KeyInUse:
    """What the door wants to know of a key."""

    id: int
    shop_id: int | None
    scopes: list[str]
    last_used_at: datetime | None
    till: str | None = None


def look_up(kind: str, key: str) -> Directory | None:
    """Return the directory's entry for a slug, domain, api_key, short code or connection."""
    return db.session.get(Directory, (kind, crypto.digest(key)))


def by_slug(slug: str) -> Tenant | None:
    """Return the merchant (or test twin) of an address, needing no scope."""
    return _found("slug", slug)


def by_domain(name: str) -> Tenant | None:
    """Return the merchant whose shop has this domain, else the one whose shop had it last."""
    return _found("domain", name) or _found(PAST_DOMAIN, name)


def by_key(key: str) -> tuple[int, int] | None:
    """Return the tenant and the id of an API key, by the directory; both never change."""
    found = look_up("api_key", key)
    return (found.tenant_id, found.target_id) if found and found.target_id else None


def key_in_use(key_id: int, secret: str) -> tuple[Tenant, KeyInUse] | None:
    """Return the scope's tenant and its key while the key holds, in one statement."""
    query = (
        select(Tenant, ApiKey.id, ApiKey.shop_id, ApiKey.scopes, ApiKey.last_used_at, ApiKey.till)
        .join(ApiKey, ApiKey.tenant_id == Tenant.id)
        .where(
            ApiKey.id == key_id,
            ApiKey.key_hash == crypto.digest(secret),
            ApiKey.revoked_at.is_(None),
        )
    )
    row = db.session.execute(query).one_or_none()
    return (row[0], KeyInUse(*row[1:])) if row is not None else None


def tenant(tenant_id: int) -> Tenant | None:
    """Return a tenant by id."""
    return db.session.get(Tenant, tenant_id)


def tenants_of(ids: Iterable[int]) -> dict[int, Tenant]:
    """Return tenants by their ids."""
    query = select(Tenant).where(Tenant.id.in_(set(ids)))
    return {row.id: row for row in db.session.scalars(query)}


def twin_of(tenant_id: int) -> Tenant | None:
    """Return the test twin of a merchant."""
    return db.session.scalar(select(Tenant).where(Tenant.twin_of == tenant_id))


def settings() -> dict[str, Any]:
    """Return the merchant's settings as they hold now; what was never set has its default."""
    return DEFAULTS | facts.current([MERCHANT]).get(MERCHANT, {})


def setting(name: str) -> Any:
    """Return one setting as it holds now."""
    return facts.current([MERCHANT], [name]).get(MERCHANT, {}).get(name, DEFAULTS.get(name))


def live_from() -> datetime | None:
    """Return when the program went live after a shadow month; None: there was none, or it is not over."""
    said = facts.current([MERCHANT], ["live_from"]).get(MERCHANT, {}).get("live_from")
    return datetime.fromisoformat(said) if said else None


def in_shadow() -> bool:
    """Whether everything is computed beside the merchant's former service, and nothing paid, spent or sent."""
    return bool(setting("shadow"))


def was_in_shadow() -> Callable[[datetime], bool]:
    """Return what says whether the program ran in the shadow at an instant: letters are written later."""
    said = facts.history([MERCHANT], ["shadow"]).get((MERCHANT, "shadow"))
    return lambda instant: bool(said and said.at(instant))


def refuse_in_shadow() -> None:
    """Raise Conflict while the program runs in the shadow of the former service."""
    if in_shadow():
        words = _(
            "The program runs beside the former service for now: nothing is paid, spent or sent before it goes live."
        )
        raise Conflict("shadow", words)


def legal() -> Legal | None:
    """Return the merchant's own legal details, or None while they were not given."""
    stored = db.session.scalar(select(MerchantLegal.facts))
    return Legal(**stored) if stored else None


def shops() -> Sequence[Shop]:
    """Return the merchant's shops, oldest first."""
    return db.session.scalars(select(Shop).order_by(Shop.id)).all()


def shop(public_id: str) -> Shop | None:
    """Return a shop by its outside id."""
    return db.session.scalar(select(Shop).where(Shop.public_id == public_id))


def shop_by_id(shop_id: int) -> Shop | None:
    """Return a shop of the scope by id."""
    return db.session.scalar(select(Shop).where(Shop.id == shop_id))


def stands() -> list[tuple[Shop, str]]:
    """Return the merchant's shops with the domains whose pages speak for them, whole domains first.

    After where they stand now comes where they stood before, unless somebody else stands there now.
    """
    known = sorted(shops(), key=lambda shop: len(shop.path))
    now = [(shop, shop.domain) for shop in known if shop.domain]
    former = former_places(shop.id for shop in known)
    once = [(shop, row.domain) for shop in known for row in former.get(shop.id, ())]
    return [*now, *((shop, domain) for shop, domain in once if _is_ours(domain))]


def _is_ours(domain: str) -> bool:
    found = look_up("domain", domain)
    return found is None or found.tenant_id == current_tenant()


def former_places(shop_ids: Iterable[int]) -> dict[int, list[ShopDomain]]:
    """Return where shops stood before, the last place first."""
    query = select(ShopDomain).where(ShopDomain.shop_id.in_(set(shop_ids)))
    found: dict[int, list[ShopDomain]] = {}
    for row in db.session.scalars(query.order_by(ShopDomain.until.desc())):
        found.setdefault(row.shop_id, []).append(row)
    return found


def stands_since(shop: Shop) -> datetime:
    """Return since when a shop stands where it stands."""
    query = select(func.max(ShopDomain.until)).where(ShopDomain.shop_id == shop.id)
    return db.session.scalar(query) or shop.created_at


def words(shop_id: int) -> Words:
    """Return the status map of a shop as it holds now."""
    query = (
        select(StatusMap.version, StatusMap.words)
        .where(StatusMap.shop_id == shop_id)
        .order_by(StatusMap.version.desc())
        .limit(1)
    )
    version, found = db.session.execute(query).one()
    return Words(version, dict(found))


def words_of(shop_id: int, version: int) -> Words | None:
    """Return one version of a shop's status map."""
    query = select(StatusMap.words).where(
        StatusMap.shop_id == shop_id, StatusMap.version == version
    )
    found = db.session.scalar(query)
    return None if found is None else Words(version, dict(found))


def maps(shop_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Return the newest status map of each shop."""
    newest = (
        select(StatusMap.shop_id, func.max(StatusMap.version).label("version"))
        .where(StatusMap.shop_id.in_(set(shop_ids)))
        .group_by(StatusMap.shop_id)
        .subquery()
    )
    query = select(StatusMap.shop_id, StatusMap.words).join(
        newest,
        (newest.c.shop_id == StatusMap.shop_id) & (newest.c.version == StatusMap.version),
    )
    return {shop_id: dict(found) for shop_id, found in db.session.execute(query)}


def keys() -> Sequence[ApiKey]:
    """Return the keys of the scope, newest first, revoked ones last."""
    query = select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
    return db.session.scalars(query).all()


def key(key_id: int) -> ApiKey | None:
    """Return a key of the scope."""
    return db.session.scalar(select(ApiKey).where(ApiKey.id == key_id))


def maker_of(key: ApiKey) -> frozenset[int]:
    """Return the person who made a key; empty where that is nobody we know."""
    kind, _colon, number = (key.made_by or "").partition(":")
    return frozenset({int(number)}) if kind == "person" else frozenset()


def people_behind(actor: str) -> frozenset[int]:
    """Return the people who are answerable for what an actor does; nobody for "system".

    A key stands for whoever made it. Where that is no person that we know (keys of before it was
    written down, and those that came with the account or were made by a program), each of the staff
    may have it in hand: it stands for all of them.
    """
    kind, _colon, number = actor.partition(":")
    if kind == "person":
        return frozenset({int(number)})
    if kind != "api":
        return frozenset()
    maker = db.session.scalar(select(ApiKey.made_by).where(ApiKey.id == int(number))) or ""
    if maker.startswith("person:"):
        return people_behind(maker)
    here = tenant(current_tenant())
    found = identity.staff(here.twin_of or here.id) if here else []
    return frozenset(membership.person_id for membership, _person in found)


def connections(kind: str | None = None) -> Sequence[Connection]:
    """Return the connections that are open, of one kind or of all."""
    query = select(Connection).where(Connection.disabled_at.is_(None)).order_by(Connection.id)
    if kind is not None:
        query = query.where(Connection.kind == kind)
    return db.session.scalars(query).all()


def webhook_secret() -> str | None:
    """Return the merchant's webhook secret, the newest, with which postbacks are signed."""
    found = connections("postback")
    return crypto.open_sealed(found[0].secret).partition("\n")[0] if found else None


def _found(kind: str, key: str) -> Tenant | None:
    query = (
        select(Tenant)
        .join(Directory, Directory.tenant_id == Tenant.id)
        .where(Directory.kind == kind, Directory.key_hash == crypto.digest(key))
    )
    return db.session.scalar(query)
