"""Follow deals: which changed, what each is worth and where its buyer came from; then sum their days."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from app import sql
from app.installation import settings
from app.links.queries import parameters
from app.links.rules import click_key, open_click
from app.statistics.rules import DIMENSIONS, NO_CLICK, Contact, touch
from app.statistics.service import statements as say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from app.statistics.models import RollUp

TOGETHER = 2_000  # deals read in one transaction
FALLEN = frozenset({"cancelled", "refunded"})
BUCKETS = ("expected", "pending", "available")
TOLD = ("deal.", "commission.")  # events about what a deal is worth
# A claim that could not speak for anybody brought nobody either.
NOBODY = frozenset({"unknown", "bot", "hidden_frame", "after_order"})
PAID = frozenset({"utm_source", "gclid", "yclid", "fbclid", "msclkid"})


def work(state: RollUp) -> bool:
    """Read a batch of deals that changed, or sum a day anew; False when there is neither."""
    if state.deal_place is not None:
        return _read_next(state)
    changed = _by_messages(state) | _by_events(state)
    if changed:
        read(changed, state.zone)
        return True
    return _sum_next(several=state.by_shop)


def _read_next(state: RollUp) -> bool:
    """Read all deals that there are, once."""
    found = sql.rows(say.NEXT_DEALS, {"after": state.deal_place, "most": TOGETHER})
    read([row.order_id for row in found], state.zone)
    state.deal_place = found[-1].id if found else None
    if not found:
        sql.send(say.BALANCES, {})
    return True


def _by_messages(state: RollUp) -> set[int]:
    """Return the orders about which something was said; only transactions that all have ended count."""
    until = sql.one(say.OLDEST, {}).xid
    span = {"since": state.message_xid, "until": until, "most": TOGETHER}
    found = sql.rows(say.MESSAGES, span)
    if len(found) < TOGETHER:
        state.message_xid = until
        return {row.order_id for row in found}
    last = found[-1].xid
    whole = {row.order_id for row in found if row.xid < last}
    if whole:
        state.message_xid = last
        return whole
    state.message_xid = last + 1
    return {row.order_id for row in sql.rows(say.OF_TRANSACTION, {"xid": last})}


def _by_events(state: RollUp) -> set[int]:
    """Return the orders whose deal or shares changed."""
    found = sql.rows(say.EVENTS, {"since": state.event_position, "most": TOGETHER})
    if found:
        state.event_position = found[-1].position
        sql.send(say.BALANCES, {})
    orders = (r.subject for r in found if r.type.startswith(TOLD))
    return {int(s.partition(":")[2]) for s in orders if s.startswith("order:")}


def _sum_next(*, several: bool) -> bool:
    row = sql.one(say.NEXT_STALE, {})
    if row is None:
        return False
    values = {"day": row.day}
    sellers = {r.partner_id for r in sql.rows(say.SELLERS, values)}
    sql.send(say.MOVE_SALES, {**values, "sign": -1})
    sql.send(say.FORGET_SALES, values)
    sql.send(say.SALES, {**values, "several": several})
    sql.send(say.MOVE_SALES, {**values, "sign": 1})
    sellers |= {r.partner_id for r in sql.rows(say.SELLERS, values)}
    sql.send(say.LAST_SALES, {"partners": sorted(sellers)})
    return True


def read(order_ids: Collection[int], zone: str) -> None:
    """Write deals as figures see them, and mark the days they were and are of."""
    values = {"orders": sorted(order_ids)}
    kept = {row.order_id: row for row in sql.rows(say.KEPT_KEYS, values)}
    deals = sql.rows(say.DEALS, values)
    claims: dict[int, list[Any]] = defaultdict(list)
    for row in sql.rows(say.CLAIMS, values):
        claims[row.order_id].append(row)
    shares: dict[int, list[Any]] = defaultdict(list)
    for row in sql.rows(say.SHARES, values):
        shares[row.order_id].append(row)
    came = _click_keys(claims.values())
    local, names = ZoneInfo(zone), frozenset({*parameters(), "click"})
    rows = []
    for deal in deals:
        at = deal.created_at.astimezone(local)
        old = kept[deal.order_id].keys if deal.order_id in kept else {}
        keys = _keys(deal, claims[deal.order_id], came, old)
        rows.append(
            {
                "order_id": deal.order_id,
                "day": at.date().isoformat(),
                "partner_id": deal.partner_id,
                "touch": _touch(deal, claims[deal.order_id], names),
                "fallen": deal.state in FALLEN,
                "total": deal.total,
                "keys": keys | {"hour": f"{at.hour:02}", "shop": str(deal.shop_id)},
                **_sums(deal.partner_id, shares[deal.order_id]),
            }
        )
    sql.send(say.FORGET, values)
    sql.send(say.WRITE, {"rows": sql.recordset(rows)})
    days = {row.day.isoformat() for row in kept.values()} | {row["day"] for row in rows}
    sql.send(say.STALE, {"days": sorted(days)})


def _sums(partner_id: int, shares: Iterable[Any]) -> dict[str, int]:
    """Return what a deal's shares come to by state, those of all and those of its partner."""
    found = dict.fromkeys([*BUCKETS, *(f"own_{b}" for b in BUCKETS)], 0)
    for share in shares:
        found[share.bucket] += share.amount
        if share.partner_id == partner_id:
            found[f"own_{share.bucket}"] += share.amount
    return found


def _won_by_click(claims: Iterable[Any]) -> Any:
    return next((c for c in claims if c.won and c.kind == "click"), None)


def _click_keys(claims: Iterable[Sequence[Any]]) -> Mapping[str, dict[str, str]]:
    """Return by token where the winning clicks came from; a click that is gone by age is absent."""
    key = click_key(settings().secret_key)
    won = (claim.evidence for own in claims if (claim := _won_by_click(own)) is not None)
    opened = {token: open_click(token, [key]) for token in won}
    places = {(c.at, c.nonce): token for token, c in opened.items() if c is not None}
    rows = [{"at": at, "nonce": nonce} for at, nonce in places]
    found = sql.rows(say.CLICK_KEYS, {"rows": sql.recordset(rows)}) if rows else []
    return {
        places[row.at, row.nonce]: _named(row) for row in found if (row.at, row.nonce) in places
    }


def _named(row: Any) -> dict[str, str]:
    said = {name: getattr(row, name) for name in DIMENSIONS}
    return {name: value for name, value in said.items() if value is not None}


def _keys(
    deal: Any, claims: Sequence[Any], came: Mapping[str, dict[str, str]], old: Mapping[str, str]
) -> dict[str, str]:
    """Return where a buyer came from; what was known stays known when the click is gone by age."""
    won = _won_by_click(claims)
    how = {"how": deal.how or ""}
    if won is None:
        return {"source": NO_CLICK, "page": NO_CLICK, **how}
    known = came.get(won.evidence)
    if known is None:
        known = {name: key for name, key in old.items() if name in DIMENSIONS}
    return {**known, **how}


def _touch(deal: Any, claims: Iterable[Any], names: frozenset[str]) -> str:
    contacts = [
        Contact(claim.partner_id, claim.touch_at)
        for claim in claims
        if claim.partner_id is not None and claim.why not in NOBODY
    ]
    if any(_elsewhere(value, names) for kind, value in deal.evidence or () if kind == "entry"):
        contacts.append(Contact(None, None))
    return touch(deal.partner_id, deal.created_at, contacts).value


def _elsewhere(entry: str, names: frozenset[str]) -> bool:
    """Whether the address by which the visit began names another source than a partner."""
    try:
        said = {name for name, _value in parse_qsl(urlsplit(entry).query, max_num_fields=100)}
    except ValueError:  # a buyer's browser said it: whatever it is, the others' figures go on
        return False
    return bool(said & PAID) and not said & names
