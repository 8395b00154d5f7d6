"""Categories of a feed: twice, without a name, under one that is not there, under themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.catalog.rules import LONGEST_ID, LONGEST_NAME
from app.feeds.rules.kinds import Category, Flaw

if TYPE_CHECKING:
    from collections.abc import Iterable


def arranged(said: Iterable[Category]) -> tuple[list[Category], list[Flaw]]:
    """Return the categories that can stand, with parents that are there and no circle, and what was wrong."""
    flaws: list[Flaw] = []
    kept: dict[str, Category] = {}
    for each in said:
        why = _why(each, kept)
        if why:
            flaws.append(Flaw(each.line, each.external_id[:LONGEST_ID], why, each.name[:120]))
        else:
            kept[each.external_id] = each
    parents: dict[str, str] = {}
    above: dict[str, str] = {}
    for key, each in kept.items():
        if not each.parent:
            continue
        if each.parent not in kept:
            flaws.append(Flaw(each.line, key, "no_parent", each.parent[:120]))
        elif _circles(key, each.parent, above):
            flaws.append(Flaw(each.line, key, "circle", each.parent[:120]))
        else:
            parents[key] = each.parent
    found = [
        Category(c.line, key, " ".join(c.name.split())[:LONGEST_NAME] or key, parents.get(key, ""))
        for key, c in kept.items()
    ]
    return found, flaws


def _why(each: Category, kept: dict[str, Category]) -> str | None:
    if not each.external_id or len(each.external_id) > LONGEST_ID:
        return "category_id"
    return "category_twice" if each.external_id in kept else None


def _circles(key: str, parent: str, above: dict[str, str]) -> bool:
    """Tell whether a category would lie below itself; if not it lies in the tree of its parent from now on.

    `above` leads to the top of a tree, and by shorter ways each time it is asked.
    """
    way, top = [], parent
    while top in above:
        way.append(top)
        top = above[top]
    for passed in way:
        above[passed] = top
    if top == key:
        return True
    above[key] = top
    return False
