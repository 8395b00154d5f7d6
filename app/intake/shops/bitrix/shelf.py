"""The catalogue: lines name a variation, its product lies in a section, and that below others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.intake.shops import Category, Product, Pulled, ShopError
from app.intake.shops.bitrix.asking import is_number
from app.intake.shops.bitrix.client import batch, call, listed, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.intake.shops import Access

DEEPEST = 12  # sections above one another that are followed
Found = dict[str, dict[str, Any]]
_GOODS = ("catalog.product", "product")
_VARIATIONS = ("catalog.product.offer", "offer")


def products(
    access: Access, external_ids: Sequence[str]
) -> tuple[Sequence[Product], Sequence[Category]]:
    """Return products, and the sections that they and others above them lie in.

    A variation (an offer) lies in no section: it counts to that of its product. Without the right to see
    the catalogue there is nothing: orders count all the same.
    """
    ids = [each for each in external_ids if is_number(each)]
    found = _get(access, _GOODS, ids)
    lonely = [each for each in ids if not (found.get(each) or {}).get("iblockSectionId")]
    offers = _get(access, _VARIATIONS, lonely)
    parents = {each: parent for each in offers if (parent := _parent(offers[each]))}
    above = _get(access, _GOODS, sorted(set(parents.values()) - set(found)))
    goods = []
    for each in ids:
        said = offers.get(each) or found.get(each)
        if said is not None:
            whole = (found | above).get(parents.get(each, ""), said)
            goods.append(_product(each, said, whole))
    return goods, _sections(access, {c for good in goods for c in good.categories})


def _get(access: Access, what: tuple[str, str], ids: Iterable[str]) -> Found:
    """Return what there is of these, by its id; what there is not, and what we may not see, is left out."""
    method, part = what
    calls: dict[str, tuple[str, Mapping[str, Any]]] = {
        f"p{each}": (f"{method}.get", {"id": each}) for each in ids
    }
    if not calls:
        return {}
    said, _failed = batch(access, calls)
    found = {
        name[1:]: each.get(part, each) for name, each in said.items() if isinstance(each, dict)
    }
    return {name: each for name, each in found.items() if isinstance(each, dict) and each.get("id")}


def _parent(offer: Mapping[str, Any]) -> str | None:
    said = offer.get("parentId")
    number = str((said.get("value") if isinstance(said, dict) else said) or "")
    return number if is_number(number) else None


def _product(number: str, said: Mapping[str, Any], whole: Mapping[str, Any]) -> Product:
    section = str(whole.get("iblockSectionId") or "")
    return Product(
        external_id=number,
        name=str(said.get("name") or whole.get("name") or number)[:300],
        shown=said.get("active", "Y") != "N" and whole.get("active", "Y") != "N",
        categories=(section,) if is_number(section) else (),
    )


def _sections(access: Access, wanted: set[str]) -> list[Category]:
    known: dict[str, Category] = {}
    missing = wanted
    for _level in range(DEEPEST):
        if not missing:
            break
        for number, said in _get(access, ("catalog.section", "section"), sorted(missing)).items():
            parent = str(said.get("iblockSectionId") or "")
            above = parent if is_number(parent) else None
            known[number] = Category(number, str(said.get("name") or number)[:300], above)
        missing = {each.parent for each in known.values() if each.parent} - set(known) - missing
    return list(known.values())


def goods(access: Access, cursor: Mapping[str, Any]) -> Pulled:
    """Return a page of the catalogue behind a cursor, block of goods after block.

    Behind the last one begins the next round: of what changed since this one began, by the portal's clock.
    """
    blocks = _blocks(access)
    place, after = int(cursor.get("place", 0)), int(cursor.get("after", 0))
    if place >= len(blocks):
        return Pulled(_round(cursor), more=False)
    block, (method, part) = blocks[place]
    wanted: dict[str, Any] = {"iblockId": block, ">id": after}
    if cursor.get("since"):
        wanted[">=timestampX"] = cursor["since"]
    body = {"select": ["id", "iblockId"], "filter": wanted, "order": {"id": "asc"}}
    got = call(access, f"{method}.list", body)
    on = {**cursor, "began": cursor.get("began") or got.date}
    ids = [str(each["id"]) for each in rows(got.said, f"{part}s") if "id" in each]
    if ids:
        found, sections = products(access, ids)
        on |= {"place": place, "after": int(ids[-1])}
        return Pulled(on, more=True, products=found, categories=sections)
    if place + 1 < len(blocks):
        return Pulled({**on, "place": place + 1, "after": 0}, more=True)
    return Pulled(_round(on), more=False)


def _round(cursor: Mapping[str, Any]) -> dict[str, Any]:
    began = cursor.get("began")
    return {"since": began} if began else {}


def _blocks(access: Access) -> list[tuple[int, tuple[str, str]]]:
    """Return the catalogue's blocks: those of products, and those of their variations."""
    found = listed(access, "catalog.catalog.list", "catalogs", {"order": {"id": "asc"}})
    try:
        return [
            (int(each["iblockId"]), _VARIATIONS if each.get("productIblockId") else _GOODS)
            for each in found
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ShopError("not_a_shop", "no catalogue") from error
