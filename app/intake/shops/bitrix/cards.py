"""The six partner fields as properties of an order, among the merchant's own values, none of which is lost.

The one method that sets values takes all of an order's: what is left out is deleted. So all are read, ours
are laid among them, and all are sent, in one request that stops before the write where the order was saved
since. Within it stands a look right before and one right after: what had changed in the same second, and
ours went over, is put back at once. What the shop dropped is sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.intake.shops import Card, ShopError
from app.intake.shops.bitrix.asking import is_number, order_in
from app.intake.shops.bitrix.client import call, one_by_one, together
from app.intake.shops.bitrix.properties import ensure_type
from app.intake.shops.bitrix.reading import BAD, CARD, card_values, changed_at, key_of, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.intake.shops import Access

TRIES = 4
_MACRO = "$result["  # in a batch the portal would put another call's answer in its place
Call = tuple[str, "Mapping[str, Any]"]
Values = dict[str, Any]  # by the property's id, as the portal shows them


def read_card(access: Access, external_id: str) -> Card | None:
    """Return the partner fields of an order; None: the shop has it no more."""
    order = _order(access, external_id)
    return None if order is None else _card(order)


def write_card(access: Access, external_id: str, fields: Mapping[str, str]) -> Card:
    """Write these partner fields at once; return them as the shop then has them.

    Where they stand already nothing is written. Raises ShopError, too, where a value of somebody else's
    could not be kept.
    """
    found = _order(access, external_id)
    if found is None:
        raise ShopError("gone", f"no order {external_id}")
    order: Mapping[str, Any] = found
    ids = _ids(access, order, fields)
    ours = {ids[name] for name in fields if name in ids}
    goal: Values = {ids[name]: text for name, text in fields.items() if name in ids}
    wrote = False
    for _try in range(TRIES):
        missing = set(_missing(order, goal))
        if not missing or (wrote and missing <= ours):  # the shop makes something else of our words
            return _card(order)
        sent = _values(order) | goal
        before, after = _write(access, order, sent)
        changed = _changed(order, before)
        if after is not None:
            wrote, goal = True, goal | _dropped(sent, after)
        goal |= changed
        ours -= changed.keys()
        order = after or before
    if not wrote:
        raise ShopError("busy", f"order {external_id} is being saved", later=True)
    raise ShopError("refused", f"values of order {external_id} do not stay")


def _missing(order: Mapping[str, Any], goal: Values) -> list[str]:
    known = _values(order)
    return [each for each, value in goal.items() if plain(known.get(each)) != plain(value)]


def _changed(order: Mapping[str, Any], before: Mapping[str, Any]) -> Values:
    """Return what somebody wrote between our look and our write, emptied values among it."""
    seen, there = _values(order), _values(before)
    return {
        each: there.get(each) or ""
        for each in seen.keys() | there.keys()
        if plain(seen.get(each)) != plain(there.get(each))
    }


def _dropped(sent: Values, after: Mapping[str, Any]) -> Values:
    """Return what we sent and is empty now: that was nobody's wish."""
    there = _values(after)
    return {k: value for k, value in sent.items() if plain(value) and not plain(there.get(k))}


def _write(
    access: Access, order: Mapping[str, Any], values: Values
) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """Set all values of an order; return it as it was right before, and as it is now.

    None for the latter: somebody had saved it since we looked, and nothing was written.
    """
    number = int(order["id"])
    rows = [
        {"orderPropsId": int(each), "value": sendable(value)}
        for each, value in values.items()
        if value is not None
    ]
    said = {"fields": {"order": {"id": number, "propertyValues": rows}}}
    look: Call = ("sale.order.get", {"id": number})
    calls: dict[str, Call] = {
        "before": look,
        "write": ("sale.propertyvalue.modify", said),
        "after": look,
    }
    if _MACRO in repr(rows):
        return _looks(access, number, one_by_one(access, calls, halt=True))
    found, failed = together(
        access, _held(order) | {"write": calls["write"], "after": look}, halt=True
    )
    if "write" not in found and "write" not in failed:
        _raise_later(failed)
        now = _order(access, str(number))
        if now is None:
            raise ShopError("gone", f"no order {number}")
        if now.get("dateUpdate") != order.get("dateUpdate") or _changed(order, now):
            return now, None
        found, failed = together(access, calls, halt=True)  # a portal that cannot hold a chain so
    if "write" in failed and "ERROR_BATCH" in failed["write"].detail:
        found, failed = one_by_one(access, calls, halt=True)
    return _looks(access, number, (found, failed))


def _held(order: Mapping[str, Any]) -> dict[str, Call]:
    """Return calls that fail, and so hold up those behind them, where an order was saved since we looked.

    The list is empty then, and an order of no id is none.
    """
    at = {"id": int(order["id"]), "dateUpdate": order.get("dateUpdate")}
    return {
        "same": ("sale.order.list", {"select": ["id"], "filter": at}),
        "before": ("sale.order.get", {"id": f"{_MACRO}same][orders][0][id]"}),
    }


def _raise_later(failed: Mapping[str, ShopError]) -> None:
    for reason in failed.values():
        if reason.later:
            raise reason


def _looks(
    access: Access, number: int, said: tuple[dict[str, Any], dict[str, ShopError]]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return an order before and after a write. Raises ShopError for one that failed."""
    found, failed = said
    for name in ("before", "write"):
        if name in failed or name not in found:
            raise failed.get(name) or ShopError("failing", f"no answer to {name}", later=True)
    before = order_in(found["before"])
    after = order_in(found["after"]) if "after" in found else _order(access, str(number))
    return before, after or before


def _values(order: Mapping[str, Any]) -> Values:
    """Return all values of an order. Raises ShopError where one could be missing: it would be deleted."""
    try:
        return {str(int(each["orderPropsId"])): each.get("value") for each in values_of(order)}
    except BAD as error:
        raise ShopError("not_a_shop", f"the values of an order: {type(error).__name__}") from error


def sendable(value: Any) -> Any:
    """Return a value as the portal takes it: a file that it has already by its id."""
    if isinstance(value, list):
        return [sendable(each) for each in value]
    return str(value["id"]) if _is_file(value) else value


def plain(value: Any) -> Any:
    """Return what tells values apart: nothing, an empty text and an empty list are one."""
    if isinstance(value, list):
        return tuple(found for each in value if (found := plain(each)))
    if isinstance(value, dict):
        if _is_file(value):
            return str(value["id"])
        return tuple(sorted((str(k), found) for k, v in value.items() if (found := plain(v))))
    return "" if value is None else str(value)


def _is_file(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value.get("id"))
        and ("src" in value or "fileName" in value)
    )


def _ids(access: Access, order: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Return the ids of our properties for this order's type of payer; what it lacks is made."""
    _values(order)  # all there, else nothing is written
    by_key = {key_of(each): str(each["orderPropsId"]) for each in reversed(values_of(order))}
    found = {name: by_key[key] for name, key in CARD.items() if key in by_key}
    if all(name in found for name in names):
        return found
    return ensure_type(access, str(order.get("personTypeId") or "")) | found


def _order(access: Access, external_id: str) -> dict[str, Any] | None:
    if not is_number(external_id):
        return None
    try:
        return order_in(call(access, "sale.order.get", {"id": int(external_id)}).said)
    except ShopError as error:
        if error.code == "gone":
            return None
        raise


def _card(order: Mapping[str, Any]) -> Card:
    try:
        return Card(card_values(order), changed_at(order))
    except BAD as error:
        raise ShopError("not_a_shop", f"no order: {type(error).__name__}") from error
