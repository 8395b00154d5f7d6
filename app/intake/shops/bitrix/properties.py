"""Our six properties of orders: a group and six for each type of payer, made once and found by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.intake.shops import SetUp, ShopError
from app.intake.shops.bitrix.client import call, listed
from app.intake.shops.bitrix.reading import CARD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.intake.shops import Access

GROUP = "Партнёрские данные"
NAMES = {
    "commission": "Комиссия партнёра",
    "promo_code": "Промокод партнёра",
    "refcode": "Код партнёра",
    "partner": "Партнёр",
    "terms": "Условия партнёра",
    "deal_id": "Номер партнёрской сделки",
}
_SELECT = ["id", "personTypeId", "propsGroupId", "xmlId", "active", "name"]
Rows = list[dict[str, Any]]


def ensure_setup(access: Access) -> SetUp:
    """See that every type of payer has our group and our six properties, each once.

    They are known by their external ids, so one that the merchant renamed, moved or switched off stays as
    it is, and one that was deleted is made again.
    """
    types = listed(access, "sale.persontype.list", "personTypes", {"select": ["id", "active"]})
    numbers = [str(each["id"]) for each in types if each.get("active") != "N" and "id" in each]
    return _make(access, numbers)


def ensure_type(access: Access, person_type: str) -> dict[str, str]:
    """See to one type of payer; return the ids of our properties by their names."""
    if not (person_type.isascii() and person_type.isdecimal()):
        raise ShopError("not_a_shop", "an order of no type of payer")
    _make(access, [person_type])
    return _by_name(_known(access), person_type)


def _make(access: Access, types: Sequence[str]) -> SetUp:
    known = _known(access)
    missing = {
        each: [n for n in CARD if n not in _by_name(known, each, any_=True)] for each in types
    }
    if not any(missing.values()):
        return SetUp()
    groups = listed(access, "sale.propertygroup.list", "propertyGroups", {})
    made: list[int] = []
    for each in types:
        if missing[each]:
            group = _group(access, each, known, groups)
            made += [_add(access, each, group, name) for name in missing[each]]
    return SetUp(made=len(made), removed=_remove_doubles(access, set(made)))


def _known(access: Access) -> Rows:
    """Return the properties that carry our external ids, the oldest first."""
    body = {"select": _SELECT, "order": {"id": "asc"}}
    found = listed(access, "sale.property.list", "properties", body)
    ours = [each for each in found if each.get("xmlId") in CARD.values()]
    return sorted(ours, key=lambda each: int(each["id"]))


def _by_name(
    known: Iterable[Mapping[str, Any]], person_type: str, *, any_: bool = False
) -> dict[str, str]:
    """Return the ids of our properties of a type of payer by our names, of doubles the oldest.

    Without `any_` those that the merchant has switched off are left out: nothing is written there.
    """
    names = {key: name for name, key in CARD.items()}
    found: dict[str, str] = {}
    for each in known:
        if str(each.get("personTypeId")) == person_type and (any_ or each.get("active") != "N"):
            found.setdefault(names[each["xmlId"]], str(each["id"]))
    return found


def _group(access: Access, person_type: str, known: Rows, groups: Rows) -> int:
    """Return our group of a type of payer: where our properties lie, else by its name, else a new one."""
    of_type = [each for each in groups if str(each.get("personTypeId")) == person_type]
    there = {str(each["id"]) for each in of_type}
    for each in known:
        group = str(each.get("propsGroupId"))
        if str(each.get("personTypeId")) == person_type and group in there:
            return int(group)
    for each in of_type:
        if str(each.get("name", "")).strip().casefold() == GROUP.casefold():
            return int(each["id"])
    fields = {"personTypeId": int(person_type), "name": GROUP, "sort": 900}
    return _made(call(access, "sale.propertygroup.add", {"fields": fields}).said, "propertyGroup")


def _add(access: Access, person_type: str, group: int, name: str) -> int:
    fields = {
        "personTypeId": int(person_type),
        "propsGroupId": group,
        "name": NAMES[name],
        "type": "STRING",  # also the commission: a number would lose its zeros
        "code": CARD[name].upper(),
        "xmlId": CARD[name],
        "active": "Y",
        "util": "Y",  # buyers do not see it
        "userProps": "N",
        "required": "N",
        "multiple": "N",
        "isFiltered": "Y",
        "sort": 900 + 10 * list(CARD).index(name),
    }
    return _made(call(access, "sale.property.add", {"fields": fields}).said, "property")


def _made(said: Any, part: str) -> int:
    try:
        return int(said.get(part, said)["id"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ShopError("not_a_shop", f"no {part}") from error


def _remove_doubles(access: Access, made: set[int]) -> int:
    """Remove what we made just now and somebody else of us had made before: nobody has used it yet."""
    seen: set[tuple[str, str]] = set()
    removed = 0
    for each in _known(access):
        place = (str(each.get("personTypeId")), str(each["xmlId"]))
        if place in seen and int(each["id"]) in made:
            call(access, "sale.property.delete", {"id": int(each["id"])})
            removed += 1
        seen.add(place)
    return removed
