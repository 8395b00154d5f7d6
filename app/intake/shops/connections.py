"""Connected shops: by pasted keys or by the shop's own screen, how each stands, and what a call needs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock, crypto, egress
from app.errors import DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db, kick_after_commit
from app.installation import public_address
from app.intake.service import tenant
from app.intake.shops import Access, ShopError, errands, rotating
from app.intake.shops.inbox import connect
from app.intake.shops.registry import CALLED, CONNECTORS, connector
from app.standard_webhooks import new_secret
from app.tenancy import current_tenant, tenant_scope
from app.tenants import queries as tenants
from app.tenants import service
from app.tenants.models import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.intake.shops import Connector

SWEEP = "sweep_shops"
LEAVE = "leave"  # an errand: remove our hooks from a shop that was closed here
PURPOSE = "shop keys"  # of the token that a shop's own screen brings back
ASKED = timedelta(hours=1)
PATIENCE = timedelta(hours=1)  # with a shop that does not answer, before somebody is to look
LONGEST_KEY = 200


@dataclass(frozen=True)
class Shop:
    """A connected shop while it is spoken to."""

    connection_id: int
    shop_id: int
    connector: Connector
    access: Access


@dataclass(frozen=True)
class Keys:
    """Where a shop is and what opens it, as a call needs it."""

    address: str
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)


def read_keys(kind: str, address: str, key: str = "", secret: str = "") -> Keys:
    """Return where a shop is called and its keys, from what somebody pasted. Raises DomainError, NotFound."""
    said = address.strip()
    if "://" not in said:
        said = f"https://{said}"
    try:
        egress.client.check(said)
    except egress.RefusedError as error:
        raise _refused("address", words_of("address")) from error
    read = connector(kind).read_address(said, key.strip(), secret.strip())
    if max(map(len, read[1:])) > LONGEST_KEY:
        raise _refused("key", words_of("keys", kind))
    return Keys(*read)


def with_keys(
    shop_id: int, kind: str, keys: Keys, said: Mapping[str, Any] | None = None
) -> Connection:
    """Connect a shop by keys that were tried; a shop that is connected gets the new ones.

    `said`: what `try_keys` brought; "address" in it is where the shop sends us.
    """
    connection, known = _connection(shop_id, kind), dict(said or {})
    connection.address, connection.asked = str(known.pop("address", keys.address)), None
    connection.health = {**connection.health, **known}
    _give(connection, keys.key, keys.secret)
    return connection


def try_keys(kind: str, keys: Keys) -> Mapping[str, Any]:
    """Call the shop with these keys; outside any transaction.

    Raises DomainError at the field, in words; NotFound for another kind.
    """
    try:
        return connector(kind).health(Access(keys.address, keys.key, keys.secret))
    except ShopError as error:
        code = "not_a_shop" if error.code == "gone" else error.code
        at_key = code in {"keys", "read_only", "rights"} and "key" in connector(kind).asks
        words = words_of(code, kind)
        if code == "rights" and error.detail and not error.detail.isdecimal():
            words = f"{words} ({error.detail})"
        raise _refused("key" if at_key else "address", words) from error


def ask_shop(shop_id: int, kind: str, address: str, back: str) -> str:
    """Return the address of the shop's own screen, which sends us keys once its owner has agreed.

    `back`: where the owner comes back to. Raises DomainError where the shop would not send them.
    """
    callback = public_address("/hooks/keys")
    if not callback.startswith("https:"):
        raise _refused("address", _("Shops send keys to https addresses only: paste them instead."))
    connection = _connection(shop_id, kind)
    nonce = secrets.token_urlsafe(16)
    connection.asked = crypto.digest(nonce)
    if connection.credentials is None:  # else keys of one shop would go to another's address
        connection.address = address
    db.session.flush()
    token = crypto.sign(PURPOSE, [current_tenant(), connection.public_id, nonce, address])
    query = {
        "app_name": "Partnerka",
        "scope": "read_write",
        "user_id": token,
        "return_url": back,
        "callback_url": callback,
    }
    return f"{address}/wc-auth/v1/authorize?{urlencode(query)}"


def keys_came(token: str, key: str, secret: str) -> bool:
    """Take keys that a shop's own screen sends, once; False for a token that is not ours, old or used."""
    said = crypto.signed(PURPOSE, token, ASKED)
    if not (isinstance(said, list) and len(said) == 4 and 0 < len(key) <= LONGEST_KEY):
        return False
    if not 0 < len(secret) <= LONGEST_KEY:
        return False
    tenant_id, public_id, nonce, address = said
    with tenant_scope(int(tenant_id)):
        query = select(Connection).where(
            Connection.public_id == public_id,
            Connection.asked == crypto.digest(str(nonce)),
            Connection.disabled_at.is_(None),
        )
        connection = db.session.scalar(query.with_for_update())
        if connection is None:
            return False
        connection.asked, connection.address = None, str(address)
        _give(connection, key, secret)
    return True


def _give(connection: Connection, key: str, secret: str) -> None:
    connection.credentials = crypto.seal(f"{key}\n{secret}")
    connection.due_at = clock.wall()
    connection.health = {**connection.health, "problem": None}
    connection.cursor = connection.cursor or _beginning(connection)
    db.session.flush()
    record("connection.keys", f"connection:{connection.id}", channel=connection.kind)
    kick_after_commit(SWEEP)


def _beginning(connection: Connection) -> dict[str, Any]:
    streams = CALLED[connection.kind].beginning(clock.wall(), zone_of(connection))
    return {**streams, "open": 0}


def shown(connection: Connection) -> Sequence[str]:
    """Return what a shop shows us beside orders, where we can call it."""
    known = connection.credentials is not None and connection.kind in CALLED
    return tuple(CALLED[connection.kind].pulls) if known else ()


def wished(connection: Connection) -> frozenset[str]:
    """Return what is taken in of a shop beside orders: all that its kind shows, until the merchant says no."""
    said = connection.pulled
    return frozenset(each for each in shown(connection) if said.get(each, {}).get("wished", True))


def zone_of(connection: Connection) -> str:
    """Return in which time zone a shop counts its days: as it says itself, else as the merchant set it."""
    said = connection.health.get("zone")
    shop = tenants.shop_by_id(connection.shop_id)
    return str(said or (shop.timezone if shop is not None else None) or tenant().timezone)


def _connection(shop_id: int, kind: str) -> Connection:
    """Return the shop's open connection of a kind, a new one if there is none."""
    for each in tenants.connections(kind):
        if each.shop_id == shop_id:
            return each
    made, _secret = connect(shop_id, kind)
    return made


def rotate(connection: Connection, secret: str | None = None) -> str:
    """Give a channel another secret (ours, unless the shop made one); the one before holds a day longer.

    Returns the new one. Raises DomainError for one that proves nothing, NotFound for a kind of shop whose
    hooks we make ourselves.
    """
    if connection.kind in CALLED and connection.credentials is not None:
        raise NotFound
    fresh = secret or new_secret(32)
    rotating.check(connection.kind, fresh)
    kept, now = crypto.open_sealed(connection.secret), int(clock.wall().timestamp())
    connection.secret = crypto.seal(rotating.rotated(kept, fresh, now))
    db.session.flush()
    record("connection.keys", f"connection:{connection.id}", channel=connection.kind)
    return fresh


def old_secret_until(connection: Connection) -> datetime | None:
    """Return until when the secret before the newest still holds; None: it does no more."""
    now = int(clock.wall().timestamp())
    until = rotating.overlaps_until(crypto.open_sealed(connection.secret), now)
    return datetime.fromtimestamp(until, UTC) if until else None


def hurry(connection: Connection) -> None:
    """Let a shop be asked at once. Raises NotFound where it cannot be."""
    if connection.credentials is None:
        raise NotFound
    connection.due_at = clock.wall()
    kick_after_commit(SWEEP)


def wish_coupons(connection: Connection, *, wished: bool) -> None:
    """Have partners' codes made coupons of the shop from now on, or not; those that were made stay."""
    if connection.credentials is None:
        raise NotFound
    connection.coupons = wished
    if wished:
        hurry(connection)


def close(connection: Connection) -> None:
    """Close a shop's channel: what still arrives is refused, and our hooks there are removed.

    Then its keys are forgotten (`forget`).
    """
    errands.forget(connection.id)
    service.disconnect(connection)
    connection.asked = connection.due_at = None
    if connection.credentials is not None:
        errands.ask(connection.id, LEAVE, [connection.public_id])


def forget(connection_id: int) -> None:
    """Forget a shop's keys."""
    own = update(Connection).where(Connection.id == connection_id)
    db.session.execute(own.values(credentials=None))


def explain(connection: Connection, said: Mapping[str, str]) -> None:
    """Keep what the merchant says that the shop's own states of orders mean: a word, and our state or "".

    Words that the shop did not name are passed over; what moves nothing is kept as said, too. Raises
    DomainError.
    """
    shop = tenants.shop_by_id(connection.shop_id)
    known = {each["word"] for each in connection.health.get("statuses", ())}
    words = {word: state for word, state in said.items() if word in known}
    if shop is None or not words:
        raise _refused("", _("Nothing was said of any status."))
    rest = {w: s for w, s in tenants.words(shop.id).words.items() if w not in words}
    service.change_shop(shop, words=rest | {w: s for w, s in words.items() if s})
    still = [word for word in connection.health.get("still", ()) if word not in words]
    note(connection.id, still=still + [word for word, state in words.items() if not state])


def find(public_id: str) -> Connection:
    """Return an open connection of the scope by its outside id. Raises NotFound."""
    query = select(Connection).where(
        Connection.public_id == public_id, Connection.disabled_at.is_(None)
    )
    found = db.session.scalar(query)
    if found is None or found.kind not in CONNECTORS:
        raise NotFound
    return found


def open_shop(connection_id: int, *, closed: bool = False) -> Shop | None:
    """Return what a call to a shop needs; None: it is closed, or has no keys. Raises Unsealable.

    `closed`: one that was closed here, too, while we still have its keys.
    """
    query = select(Connection).where(
        Connection.id == connection_id, Connection.credentials.is_not(None)
    )
    if not closed:
        query = query.where(Connection.disabled_at.is_(None))
    found = db.session.scalar(query)
    if found is None or found.credentials is None or found.kind not in CALLED:
        return None
    key, _sign, secret = crypto.open_sealed(found.credentials).partition("\n")
    access = Access(
        found.address or "",
        key,
        secret,
        hook_of(found),
        rotating.newest(crypto.open_sealed(found.secret)),
        tenant().currency,
        wished(found),
        zone_of(found),
    )
    return Shop(found.id, found.shop_id, CALLED[found.kind], access)


def hook_of(connection: Connection) -> str:
    """Return where the shop calls us."""
    return public_address(f"/hooks/{connection.kind}/{connection.public_id}")


def keyed(kind: str | None = None) -> list[Connection]:
    """Return the open connections whose shops we can call."""
    return [each for each in tenants.connections(kind) if each.credentials is not None]


def note(connection_id: int, **said: Any) -> None:
    """Write down how a connection stands."""
    query = select(Connection).where(Connection.id == connection_id).with_for_update()
    found = db.session.scalar(query.execution_options(populate_existing=True))
    if found is not None:
        found.health = {**found.health, **said}
        db.session.flush()


def note_trouble(connection_id: int, error: ShopError) -> None:
    """Write down that a shop did not answer as it should, since when, and what to tell about it."""
    query = select(Connection).where(Connection.id == connection_id)
    found = db.session.scalar(query)
    known = found.health if found is not None else {}
    since = known.get("since") if known.get("problem") else None
    since = since or clock.wall().isoformat()
    told = known.get("told") == since
    if found is not None and not told and is_lasting(since):
        shop = tenants.shop_by_id(found.shop_id)
        record(
            "connection.failing",
            f"connection:{connection_id}",
            connection=found.public_id,
            shop=shop.name if shop is not None else "",
            channel=CONNECTORS[found.kind].title,
            problem=error.code,
            since=since,
        )
        known = {**known, "told": since}
    note(
        connection_id,
        problem=error.code,
        detail=error.detail,
        since=since,
        told=known.get("told"),
    )


def is_lasting(since: str) -> bool:
    """Whether a trouble stands for longer than one waits for it to pass by itself."""
    return clock.wall() - datetime.fromisoformat(since) >= PATIENCE


def words_of(code: str, kind: str = "") -> str:
    """Return what to tell people of a trouble, and what mends it; `kind`: of which kind of shop."""
    hints = CONNECTORS[kind].hints if kind in CONNECTORS else {}
    if code in hints:
        return str(hints[code])
    said = {
        "keys": _("The shop does not take this key. Make a new one and paste all of it."),
        "rights": _("The key may not do all that is needed. Give it these rights in the shop."),
        "read_only": _("This key may only read. Make one that may also write."),
        "not_a_shop": _("No such shop answers at this address. Check it."),
        "https": _("The shop answers by https only: write its address with https://."),
        "moved": _("The shop sends us to another address. Write the one that its pages show."),
        "blocked": _("Something in front of the shop, such as a firewall, turns us away."),
        "away": _("The shop does not answer. Check the address, and whether the site is up."),
        "busy": _("The shop is busy and asked us to wait. It is tried again by itself."),
        "failing": _(
            "The shop's server answers with an error. Its administrator can see it in the log."
        ),
        "address": _(
            "This address cannot be called. Write it as the browser shows it, such as https://shop.example."
        ),
        "sealed": _("The keys can no longer be read here. Connect the shop anew."),
        "not_offered": _("This kind of shop does not offer what was asked for."),
        "refused": _("The shop refuses what we ask for."),
        "gone": _("The shop no longer has what we asked for."),
    }
    return str(said.get(code, said["refused"]))


def _refused(field: str, words: str) -> DomainError:
    return DomainError("invalid", words, FieldError(field, words))
