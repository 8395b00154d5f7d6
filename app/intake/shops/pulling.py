"""What a shop has beside orders, taken in: its goods, customers and reviews, from the first to what is new.

Each page that was taken in and the place behind it are one transaction. What happened before the shop
was connected is known then, and gives nobody a present: rules are of what happens from now on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from app import clock
from app.earnings import service as earnings
from app.errors import Conflict
from app.extensions import db
from app.intake import service as intake
from app.intake.service import tenant
from app.intake.shops import GOODS, PEOPLE, REVIEWS, ShopError, shelving
from app.members import queries as members
from app.members import service as cards
from app.members.rules import key_of, normalise_email, normalise_phone, region_of
from app.members.service import Card, Contact
from app.orders.rules import is_id
from app.tenants.models import Connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.intake.shops import Person, Pull, Pulled, Review
    from app.intake.shops.carrying import Within
    from app.intake.shops.connections import Shop
    from app.members.models import Member

AGAIN = timedelta(hours=1)  # after all was taken in; notifications tell of most sooner
MOST_PAGES = 20  # of one sweep; the next goes on behind them
KINDS = (GOODS, PEOPLE, REVIEWS)
LONGEST = 300


@dataclass(frozen=True)
class Progress:
    """How far one kind of thing was taken in.

    `total`: as the shop said it last; `whole`: all that there was is here.
    """

    what: str
    wished: bool
    taken: int = 0
    total: int | None = None
    whole: bool = False
    at: datetime | None = None
    problem: str | None = None

    @property
    def percent(self) -> int:
        """How much of it is here, for a bar."""
        if self.whole:
            return 100
        return min(99, 100 * self.taken // self.total) if self.total else 0


def progress(connection: Connection, offered: Iterable[str]) -> list[Progress]:
    """Return how far each kind of thing that a shop shows was taken in."""
    found = []
    for what in KINDS:
        if what in offered:
            said = connection.pulled.get(what, {})
            found.append(
                Progress(
                    what,
                    wished=said.get("wished", True),
                    taken=said.get("taken", 0),
                    total=said.get("total"),
                    whole=said.get("whole", False),
                    at=datetime.fromisoformat(said["at"]) if said.get("at") else None,
                    problem=said.get("problem"),
                )
            )
    return found


def wish(connection: Connection, wished: Iterable[str]) -> None:
    """Take in these kinds of things from now on, and no others; what was taken in stays."""
    wanted = set(wished)
    said = {
        what: {**connection.pulled.get(what, {}), "wished": what in wanted, "again_at": None}
        for what in KINDS
    }
    connection.pulled = said
    db.session.flush()


def anew(connection: Connection) -> None:
    """Take everything that is wished in from the beginning, once more."""
    connection.pulled = {
        what: {name: said[name] for name in ("wished", "since") if name in said}
        for what, said in connection.pulled.items()
    }
    db.session.flush()


def pull(shop: Shop, within: Within) -> bool:
    """Take in what is due of a shop; return whether more pages wait. Raises ShopError.

    A shop that shows one kind of thing to nobody with these keys keeps the others from nobody.
    """
    more = False
    for what, ask in shop.connector.pulls.items():
        if not within(partial(_begin, shop.connection_id, what)):
            continue
        try:
            more = _pages(shop, within, what, ask) or more
        except ShopError as error:
            if error.later:
                raise
            _note(shop, within, what, problem=error.code, again_at=_text(clock.wall() + AGAIN))
    return more


def _pages(shop: Shop, within: Within, what: str, ask: Pull) -> bool:
    cursor = within(lambda: _said(shop.connection_id, what)).get("cursor", {})
    for _page in range(MOST_PAGES):
        page: Pulled = ask(shop.access, cursor)
        within(partial(_take, shop, what, page))
        cursor = dict(page.cursor)
        if not page.more:
            return False
    return True


def _begin(connection_id: int, what: str) -> bool:
    """Tell whether a kind of thing is to be looked at now; from its first time on, things are new."""
    said = _said(connection_id, what)
    if not said.get("wished", True):
        return False
    again = said.get("again_at")
    if again and datetime.fromisoformat(again) > clock.wall():
        return False
    if "since" not in said:
        _put(connection_id, what, since=_text(clock.now()))
    return True


def _take(shop: Shop, what: str, page: Pulled) -> None:
    said = _said(shop.connection_id, what)
    since = datetime.fromisoformat(said["since"])
    if page.products or page.categories:
        shelving.shelve(shop.shop_id, page.products, page.categories)
    take_people(shop.shop_id, page.people, since)
    _take_reviews(shop.shop_id, page.reviews, since)
    count = len(page.products) + len(page.people) + len(page.reviews)
    whole = said.get("whole", False)
    changes: dict[str, Any] = {
        "cursor": dict(page.cursor),
        "taken": said.get("taken", 0) + (0 if whole else count),
        "problem": None,
    }
    if page.total is not None and not whole:
        changes["total"] = page.total
    if not page.more:
        changes |= {
            "whole": True,
            "at": _text(clock.wall()),
            "again_at": _text(clock.wall() + AGAIN),
        }
    _put(shop.connection_id, what, **changes)


def wants_people(connection_id: int) -> bool:
    """Whether customers of a shop are taken in."""
    return bool(_said(connection_id, PEOPLE).get("wished", True))


def since_when(connection_id: int) -> datetime:
    """Return from when on a shop's customers are new ones, and not known to it from before."""
    said = _said(connection_id, PEOPLE).get("since")
    return datetime.fromisoformat(said) if said else clock.now()


def take_people(shop_id: int, people: Sequence[Person], since: datetime) -> None:
    """Take in customers as the shop shows them; those who registered since an instant did so just now."""
    named = {p.external_id: p for p in people if _is_somebody(p.external_id)}
    known = members.of_shop(shop_id, named) if named else {}
    region = region_of(tenant().currency)
    news = []
    for person in named.values():
        said = _card(person, region)
        if not _is_said(known.get(person.external_id), said):
            news.append((person, said))
    if not news:
        return
    ids = intake.introduce_all([_contact(shop_id, person, said) for person, said in news])
    rows = [
        _row(number, known.get(person.external_id), said)
        for number, (person, said) in zip(ids, news, strict=True)
    ]
    cards.fill(rows, over=True)
    for number, (person, _said) in zip(ids, news, strict=True):
        at = person.registered_at
        if person.external_id not in known and at is not None and at >= since:
            key = f"member.registered:{number}"
            earnings.happened(tenant(), "member.registered", key, number, at)


def _is_somebody(external_id: str) -> bool:
    return is_id(external_id) and key_of(external_id, None, None) is not None


def _contact(shop_id: int, person: Person, said: Card) -> Contact:
    return Contact(
        shop_id=shop_id,
        customer_id=person.external_id,
        email=said.email,
        phone=said.phone,
        name=said.name,
        group=said.group,
        seen_at=person.registered_at or clock.now(),
    )


def _is_said(known: Member | None, said: Card) -> bool:
    """Whether all of it is known; a birthday is not changed once a present was given for it."""
    if known is None:
        return False
    names = said.said - ({"birthday"} if known.birthday_given_at is not None else set())
    return all(getattr(known, name) == getattr(said, name) for name in names)


def _row(number: int, known: Member | None, said: Card) -> dict[str, object]:
    fixed = known is not None and known.birthday_given_at is not None
    return {
        "id": number, "name": said.name, "email": said.email, "phone": said.phone,
        "group": said.group, "birthday": None if fixed else said.birthday,
        "registered_at": said.registered_at,
    }  # fmt: skip


def _card(person: Person, region: str | None) -> Card:
    """Return what a shop says of a customer: what it does not say stays as it is known."""
    found: dict[str, Any] = {
        "name": _kept(person.name),
        "email": normalise_email(person.email or ""),
        "phone": normalise_phone(person.phone or "", region),
        "group": _kept(person.group),
        "birthday": _day(person.birthday),
        "registered_at": person.registered_at,
    }
    told = {name: value for name, value in found.items() if value}
    return Card(frozenset(told), **told)


def _kept(text: str | None) -> str | None:
    said = (text or "").replace("\0", "").encode("utf-8", "replace").decode().strip()
    return said[:LONGEST] or None


def _day(text: str | None) -> date | None:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.year > 1 else None  # a shop's way of saying that it is not known


def _take_reviews(shop_id: int, reviews: Sequence[Review], since: datetime) -> None:
    """Report reviews that were written since an instant, each once, by customers who are known."""
    for review in reviews:
        if review.at < since or not is_id(review.external_id):
            continue
        whose = _author(shop_id, review)
        if whose is None:
            continue
        told = {"review": review.external_id, "product": review.product, "rating": review.rating,
                "length": review.length, "has_purchase": review.verified}  # fmt: skip
        data = {name: value for name, value in told.items() if value is not None}
        name = f"review:{review.external_id}"
        try:
            earnings.report(tenant(), shop_id, whose, name, "review.published", data, review.at)
        except Conflict:
            continue  # it was changed after it was taken in, and counts as it was first


def _author(shop_id: int, review: Review) -> int | None:
    if review.member and is_id(review.member):
        found = members.by_external(shop_id, review.member)
        if found is not None:
            return found.id
    email = normalise_email(review.email or "")
    return members.of_email(shop_id, email) if email else None


def _said(connection_id: int, what: str) -> dict[str, Any]:
    found = db.session.scalar(select(Connection.pulled).where(Connection.id == connection_id))
    return dict((found or {}).get(what, {}))


def _put(connection_id: int, what: str, **changes: Any) -> None:
    query = select(Connection.pulled).where(Connection.id == connection_id).with_for_update()
    known = dict(db.session.scalar(query) or {})
    known[what] = {**known.get(what, {}), **changes}
    own = update(Connection).where(Connection.id == connection_id)
    db.session.execute(own.values(pulled=known))


def _note(shop: Shop, within: Within, what: str, **changes: Any) -> None:
    within(lambda: _put(shop.connection_id, what, **changes))


def _text(at: datetime) -> str:
    return at.isoformat()
