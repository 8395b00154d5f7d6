"""Find creatives: for the merchant's staff all, for a partner those that are meant for him now."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, literal, or_, select, tuple_

from app import clock
from app.catalog.models import Category, Product
from app.catalog.rules import search_text
from app.creatives.models import Creative, CreativeLink, CreativeReader
from app.creatives.rules import LANGUAGES, Kind
from app.extensions import db
from app.links.models import Link
from app.links.queries import site_of
from app.links.rules import Landing
from app.partners.models import Code
from app.partners.queries import terms_of
from app.tenants.queries import shop_by_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Select

    from app.partners.models import Partner


def by_public_id(said: str) -> Creative | None:
    """Return a creative by its outside id."""
    return db.session.scalar(select(Creative).where(Creative.public_id == said))


def by_key(key: str) -> Creative | None:
    """Return a creative by the key in its public address; also one that is off or put away."""
    return db.session.scalar(select(Creative).where(Creative.key == key))


def of_a_creative() -> ColumnElement[bool]:
    """Say of a link that it was made for a creative, and stands on the creative's page."""
    same = (CreativeLink.tenant_id == Link.tenant_id) & (CreativeLink.link_id == Link.id)
    return exists().where(same).correlate(Link)


def one_of(statement: Select[Any], said: str) -> Creative | None:
    """Return a creative by its outside id, if it is among these."""
    found: Creative | None = db.session.scalar(statement.where(Creative.public_id == said))
    return found


def listed() -> Select[Any]:
    """Return the statement of all creatives."""
    return select(Creative)


def matching(statement: Select[Any], words: str) -> Select[Any]:
    """Narrow a list to those whose name has every word."""
    for word in search_text(words).split():
        statement = statement.where(Creative.search.contains(word, autoescape=True))
    return statement


def offered() -> Select[Any]:
    """Return the statement of what some partner or other may see now."""
    now = clock.now()
    hidden = exists().where(
        Product.tenant_id == Creative.tenant_id,
        Product.id == Creative.product_id,
        ~(Product.shown & Product.takes_part & Product.gone_at.is_(None)),
    )
    return select(Creative).where(
        Creative.shown,
        Creative.archived_at.is_(None),
        or_(Creative.valid_from.is_(None), Creative.valid_from <= now),
        or_(Creative.valid_to.is_(None), Creative.valid_to > now),
        ~hidden,
    )


def of_kind(statement: Select[Any], kind: Kind) -> Select[Any]:
    """Narrow to one kind."""
    return statement.where(Creative.kind == kind)


def after(
    statement: Select[Any], cursor: tuple[int, int] | None, limit: int
) -> tuple[list[Creative], str | None]:
    """Return creatives in the partners' order after a place and id, and the cursor of what follows."""
    place = tuple_(Creative.position, Creative.id)
    if cursor is not None:
        statement = statement.where(place > tuple_(literal(cursor[0]), literal(cursor[1])))
    rows = statement.order_by(Creative.position, Creative.id).limit(limit + 1)
    found = list(db.session.scalars(rows))
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], f"{last.position}-{last.id}" if last else None


def visible(partner: Partner) -> Select[Any]:
    """Return the statement of what a partner sees now: on, in its time, meant for him, its product shown."""
    same = CreativeReader.tenant_id == Creative.tenant_id
    readers = and_(same, CreativeReader.creative_id == Creative.id)
    mine = CreativeReader.terms_id == terms_of(partner).id
    if partner.group_id is not None:
        mine |= CreativeReader.group_id == partner.group_id
    return offered().where(or_(~exists().where(readers), exists().where(readers, mine)))


def readers_of(creative_id: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the groups and the sets of terms whose partners see a creative; both empty: everybody."""
    query = select(CreativeReader).where(CreativeReader.creative_id == creative_id)
    rows = db.session.scalars(query.order_by(CreativeReader.id)).all()
    groups = tuple(row.group_id for row in rows if row.group_id is not None)
    return groups, tuple(row.terms_id for row in rows if row.terms_id is not None)


def sizes(statement: Select[Any]) -> list[tuple[int, int]]:
    """Return which sizes in pixels there are among creatives, small ones first."""
    query = statement.with_only_columns(Creative.width, Creative.height).distinct()
    return sorted((wide, high) for wide, high in db.session.execute(query) if wide and high)


def languages(statement: Select[Any]) -> list[tuple[str, str]]:
    """Return code and name of the languages among creatives."""
    query = statement.with_only_columns(Creative.language).distinct()
    codes = sorted(code for code in db.session.scalars(query) if code)
    return [(code, LANGUAGES.get(code, code)) for code in codes]


def numbers_by_product(statement: Select[Any]) -> dict[int, int]:
    """Return how many creatives each product has among these."""
    query = statement.with_only_columns(Creative.product_id)
    return dict(Counter(i for i in db.session.scalars(query) if i is not None))


def products_named(statement: Select[Any]) -> list[tuple[int, str]]:
    """Return id and name of the products that these creatives are about, by name."""
    ids = statement.with_only_columns(Creative.product_id)
    query = select(Product.id, Product.name).where(Product.id.in_(ids))
    rows = db.session.execute(query.order_by(Product.name, Product.id))
    return [(row.id, row.name) for row in rows]


def about(creatives: Iterable[Creative]) -> dict[int, str]:
    """Return {creative: name of its product or category}; those of the whole shop are absent."""
    all_ = list(creatives)
    products = _names(Product, {c.product_id for c in all_})
    categories = _names(Category, {c.category_id for c in all_})
    found = {
        c.id: products.get(c.product_id or 0) or categories.get(c.category_id or 0) for c in all_
    }
    return {key: name for key, name in found.items() if name}


def _names(table: type[Product | Category], ids: set[int | None]) -> dict[int, str]:
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    rows = db.session.execute(select(table.id, table.name).where(table.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def page_of(creative: Creative) -> str:
    """Return the address of the page that staff chose; empty where links lead home or follow a product."""
    shop = shop_by_id(creative.shop_id) if creative.shop_id is not None else None
    if shop is None or creative.place is None:
        return ""
    return Landing.of(site_of(shop), creative.place)


def link_ids(creative_id: int) -> Sequence[int]:
    """Return the links that partners took a creative with."""
    query = select(CreativeLink.link_id).where(CreativeLink.creative_id == creative_id)
    return db.session.scalars(query).all()


def link_by_short(creative_id: int, short: str) -> CreativeLink | None:
    """Return whose a picture's address is; None where the short code is not of this creative."""
    query = (
        select(CreativeLink)
        .join(Link, and_(Link.tenant_id == CreativeLink.tenant_id, Link.id == CreativeLink.link_id))
        .where(Link.short == short, CreativeLink.creative_id == creative_id)
    )
    return db.session.scalars(query).one_or_none()


def code_of_link(link: Link) -> str:
    """Return the code that stands in a link's address."""
    return db.session.get_one(Code, (link.tenant_id, link.code_id)).display
