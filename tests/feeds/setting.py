"""A shop's catalogue as its export writes it, loaded by hand as the worker does."""

from __future__ import annotations

import io
from datetime import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.catalog.models import Category, Product
from app.extensions import db
from app.facts.models import Fact
from app.feeds import queries, service
from app.feeds.models import CatalogFeed, FeedLoad
from app.feeds.rules import Unreadable
from app.runs import service as runs
from app.runs.rules import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.runs.models import Run

SHELVES = (("lamps", "Lamps", ""), ("desk", "Desk lamps", "lamps"))


def offer(key: str, name: str = "", price: object = "1990.00", **said: object) -> str:
    """Write an offer; `more` is put into it as it is."""
    attributes = "".join(
        f' {n}="{said.pop(n)}"' for n in ("available", "group_id", "type") if n in said
    )
    more = said.pop("more", "")
    tags = {"price": price, "currencyId": "RUR", "categoryId": "desk", "name": name, **said}
    body = "".join(f"<{tag}>{text}</{tag}>" for tag, text in tags.items() if text != "")
    return f'<offer id="{key}"{attributes}>{body}{more}</offer>\n'


def catalogue(
    *offers: str, shelves: Iterable[tuple[str, str, str]] = SHELVES, coding: str = "UTF-8"
) -> bytes:
    """Write a YML file, with the document type that most shops name."""
    cats = "".join(
        f'<category id="{key}"'
        + (f' parentId="{above}"' if above else "")
        + f">{name}</category>\n"
        for key, name, above in shelves
    )
    text = (
        f'<?xml version="1.0" encoding="{coding}"?>\n<!DOCTYPE yml_catalog SYSTEM "shops.dtd">\n'
        '<yml_catalog date="2026-11-30 10:00">\n<shop><name>Lampa</name>'
        '<currencies><currency id="RUR" rate="1"/></currencies>\n'
        f"<categories>\n{cats}</categories>\n<offers>\n{''.join(offers)}</offers>\n</shop>\n</yml_catalog>\n"
    )
    return text.encode(coding)


def new_feed(shop_id: int, name: str = "By hand", **said: Any) -> CatalogFeed:
    """Add a feed by upload."""
    wish: dict[str, Any] = {"address": None, "every": "never", "at": time(4), **said}
    return service.add(shop_id, service.Wish(name, **wish))


def work(run: Run | None, most: int | None = None) -> Run:
    """Do what is open of a run, in batches so large."""
    assert run is not None
    while run.standing in OPEN:
        runs.work(run.id, service.KINDS, most)
        db.session.refresh(run)
    return run


def looked(
    feed: CatalogFeed, data: bytes, *, at_once: bool = False, name: str = "f.yml"
) -> FeedLoad:
    """Take a file and look at it; loaded at once where so said."""
    load = service.take(feed, io.BytesIO(data), name, at_once=at_once)
    assert load is not None
    work(queries.run_of(load))
    return load


def loaded(feed: CatalogFeed, data: bytes, most: int | None = None) -> dict[str, int]:
    """Take a file and load it; returns what was done."""
    load = service.take(feed, io.BytesIO(data), "f.yml", at_once=True)
    assert load is not None
    run = work(queries.run_of(load), most)
    assert run.state == "done", (run.state, load.problem, load.problem_line)
    return {name: n for name, n in run.applied.items() if n}


def refused(feed: CatalogFeed, data: bytes) -> str:
    """Return why a file is refused, at once or when it is read."""
    try:
        load = looked(feed, data, at_once=True)
    except Unreadable as error:
        return error.why
    assert load.ended_at is not None
    return load.problem or "taken"


def shelf() -> dict[str, Product]:
    """Return the products of the merchant by the shop's ids."""
    db.session.expire_all()
    return {p.external_id: p for p in db.session.scalars(select(Product))}


def state() -> dict[str, Any]:
    """Return all that a feed may write, without our ids and times: two ways to one end are compared by it."""
    db.session.expire_all()
    categories = {c.id: c for c in db.session.scalars(select(Category))}
    names = {c.id: c.external_id for c in categories.values()}
    products = {p.id: p.external_id for p in shelf().values()}
    said: dict[str, Any] = {
        f"category {c.external_id}": (c.name, names.get(c.parent_id or 0))
        for c in categories.values()
    }
    for p in shelf().values():
        said[f"product {p.external_id}"] = (
            p.name, p.search, names.get(p.category_id or 0), p.price, p.old_price, p.url, p.picture, p.available,
            p.promo, p.takes_part, p.shown, p.gone_at is None,
        )  # fmt: skip
    for fact in db.session.scalars(select(Fact).order_by(Fact.valid_from, Fact.id)):
        kind, _colon, own = fact.owner.partition(":")
        known = {"product": products, "category": names}.get(kind)
        if known is not None:
            value = names.get(fact.value) if fact.name in {"category", "parent"} else fact.value
            said[f"{kind} {known[int(own)]} {fact.name}"] = value
    return said


def flaws(load: FeedLoad) -> list[tuple[int, str, str]]:
    """Return what was wrong: line, id, word."""
    found = db.session.scalars(queries.flaws_of(load).order_by("line", "id"))
    return [(f.line, f.external_id, f.code) for f in found]
