"""A catalogue comes by feed: what is new, what changed, what is gone, what was wrong; never what was set by hand."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.catalog import queries as catalog
from app.catalog import service as products
from app.catalog.models import Product
from app.errors import Conflict
from app.extensions import db
from app.facts.models import Fact
from app.feeds import queries, service
from app.feeds.models import FeedChunk, FeedRow
from app.runs import service as runs
from tests.feeds.setting import (
    catalogue,
    flaws,
    loaded,
    looked,
    new_feed,
    offer,
    shelf,
    state,
    work,
)

if TYPE_CHECKING:
    import pytest

    from tests.world import Merchant

LAMP = offer(
    "lamp-1",
    "Green lamp",
    "1990.00",
    oldprice="2490",
    url="https://lampa.example/lamp-1",
    picture="https://lampa.example/lamp-1.jpg",
    purchase_price="900.50",
)
BULB = offer("bulb-1", "", "150", typePrefix="Bulb", vendor="Svet", model="E27", available="false")


def written() -> tuple[int, str]:
    """Return how many facts there are, and when a product was changed last."""
    changed = db.session.scalar(select(func.max(Product.updated_at)))
    return db.session.scalar(select(func.count()).select_from(Fact)) or 0, str(changed)


class TestFirstLoad:
    def test_offers_become_products_on_their_shelves(
        self, db_session: object, lampa: Merchant
    ) -> None:
        with lampa.scope():
            done = loaded(new_feed(lampa.shop_id), catalogue(LAMP, BULB))
            assert done == {"categories": 2, "new": 2}
            lamp, bulb = shelf()["lamp-1"], shelf()["bulb-1"]
            assert (lamp.name, lamp.price, lamp.old_price) == ("Green lamp", 199000, 249000)
            assert (lamp.url, lamp.picture) == (
                "https://lampa.example/lamp-1",
                "https://lampa.example/lamp-1.jpg",
            )
            assert lamp.promo
            assert lamp.takes_part
            assert lamp.shown
            assert lamp.available
            assert (bulb.name, bulb.available, bulb.promo) == ("Bulb Svet E27", False, False)
            desk = catalog.category(lampa.shop_id, "desk")
            assert desk is not None
            above = catalog.category_by_id(desk.parent_id or 0)
            assert above is not None
            assert above.name == "Lamps"
            assert catalog.margins_of([f"product:{lamp.id}"]) == {
                f"product:{lamp.id}": (90050, None)
            }

    def test_a_product_of_a_feed_has_the_facts_of_one_made_by_hand(
        self, db_session: object, lampa: Merchant
    ) -> None:
        with lampa.scope():
            loaded(new_feed(lampa.shop_id), catalogue(BULB))
            products.put_product(lampa.shop_id, "by-hand", name="Lamp", category="desk")
            rows = db.session.execute(select(Fact.owner, Fact.name, Fact.value)).all()
            known = {own: f"product:{p.id}" for own, p in shelf().items()}
            by_feed = {(r.name, str(r.value)) for r in rows if r.owner == known["bulb-1"]}
            by_hand = {(r.name, str(r.value)) for r in rows if r.owner == known["by-hand"]}
            assert by_feed == by_hand

    def test_first_it_is_looked_at_and_nothing_changes(
        self, db_session: object, lampa: Merchant
    ) -> None:
        with lampa.scope():
            feed = new_feed(lampa.shop_id)
            load = looked(feed, catalogue(LAMP, BULB))
            run = queries.run_of(load)
            assert run is not None
            assert run.state == "previewed"
            assert run.sums == {"new": 2}
            assert shelf() == {}
            work(service.approve(load))
            assert set(shelf()) == {"lamp-1", "bulb-1"}
            assert feed.trusted
            assert load.ended_at is not None
            for table in (FeedRow, FeedChunk):  # nothing of the file is kept
                assert db.session.scalar(select(func.count()).select_from(table)) == 0


class TestAgain:
    def test_the_same_feed_twice_writes_nothing(self, db_session: object, lampa: Merchant) -> None:
        with lampa.scope():
            feed, data = new_feed(lampa.shop_id), catalogue(LAMP, BULB)
            loaded(feed, data)
            before = written(), state()
            assert loaded(feed, data) == {}
            assert (written(), state()) == before

    def test_only_what_differs_is_written(self, db_session: object, lampa: Merchant) -> None:
        with lampa.scope():
            feed = new_feed(lampa.shop_id)
            loaded(feed, catalogue(LAMP, BULB))
            stood = shelf()["lamp-1"].updated_at
            facts, _ = written()
            dearer = BULB.replace("<price>150<", "<price>160<")
            assert loaded(feed, catalogue(LAMP, dearer)) == {"changed": 1}
            assert shelf()["bulb-1"].price == 16000
            assert shelf()["lamp-1"].updated_at == stood
            assert written()[0] == facts

    def test_shuffled_it_ends_the_same(
        self, db_session: object, lampa: Merchant, kniga: Merchant
    ) -> None:
        many = [offer(f"p{n}", f"Lamp {n}", n * 10, purchase_price=n) for n in range(1, 40)]
        with lampa.scope():
            loaded(new_feed(lampa.shop_id), catalogue(*many))
            first = state()
        random.Random(7).shuffle(many)  # noqa: S311 - any order will do
        with kniga.scope():
            loaded(new_feed(kniga.shop_id), catalogue(*many))
            assert state() == first

    def test_what_was_set_by_hand_stays(self, db_session: object, lampa: Merchant) -> None:
        with lampa.scope():
            feed = new_feed(lampa.shop_id)
            loaded(feed, catalogue(LAMP, BULB))
            page = f"https://{lampa.slug}.example/landing"
            products.put_product(
                lampa.shop_id, "bulb-1", takes_part=False, shown=False, landing_pages=[page],
                levels=["15%"], promo=True, brand="Svet", margin="40%",
            )  # fmt: skip
            changed = BULB.replace("E27", "E14").replace("<price>150<", "<price>170<")
            loaded(feed, catalogue(LAMP, changed))
            bulb = shelf()["bulb-1"]
            owner = f"product:{bulb.id}"
            assert (bulb.name, bulb.price) == ("Bulb Svet E14", 17000)
            assert (bulb.takes_part, bulb.shown, bulb.promo) == (False, False, True)
            assert (bulb.landing_pages, bulb.brand) == ([page], "Svet")
            assert catalog.levels_of([owner])[owner] == ["15%"]
            assert catalog.margins_of([owner])[owner] == (None, "40%")

    def test_a_sale_begins_and_ends_with_the_old_price(
        self, db_session: object, lampa: Merchant
    ) -> None:
        with lampa.scope():
            feed = new_feed(lampa.shop_id)
            plain = offer("lamp-1", "Green lamp", "1990.00")
            loaded(feed, catalogue(plain))
            assert not shelf()["lamp-1"].promo
            loaded(feed, catalogue(LAMP))
            owner = f"product:{shelf()['lamp-1'].id}"
            assert shelf()["lamp-1"].promo
            said = (
                select(Fact.value)
                .where(Fact.owner == owner, Fact.name == "promo")
                .order_by(Fact.id)
            )
            assert db.session.scalars(said).all() == [False, True]
            loaded(feed, catalogue(plain))
            assert not shelf()["lamp-1"].promo
            assert shelf()["lamp-1"].old_price is None

    def test_a_killed_load_goes_on_where_it_was_and_ends_as_one_that_was_not(
        self, db_session: object, lampa: Merchant, kniga: Merchant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        many = [offer(f"p{n}", f"Lamp {n}", n * 10 + 1, oldprice=n * 20) for n in range(1, 120)]
        fewer = [offer(f"p{n}", f"Lamp {n}!", n * 10) for n in range(30, 140)]
        with lampa.scope():
            feed = new_feed(lampa.shop_id)
            loaded(feed, catalogue(*many))
            loaded(feed, catalogue(*fewer))
            whole = state()
        with kniga.scope():
            feed = new_feed(kniga.shop_id)
            for offers in (many, fewer):  # a thing at a time: a byte, a row
                loaded(feed, catalogue(*offers), most=1)
            assert state() == whole


class TestGone:
    def test_what_is_gone_is_hidden_and_comes_back(
        self, db_session: object, lampa: Merchant
    ) -> None:
        with lampa.scope():
            feed = new_feed(lampa.shop_id)
            loaded(feed, catalogue(LAMP, BULB))
            assert loaded(feed, catalogue(LAMP)) == {"hidden": 1}
            assert shelf()["bulb-1"].gone_at is not None
            seen = {p.external_id for p in db.session.scalars(catalog.shown())}
            assert seen == {"lamp-1"}
            assert loaded(feed, catalogue(LAMP, BULB)) == {"changed": 1}
            assert shelf()["bulb-1"].gone_at is None

    def test_products_of_other_hands_are_left_alone(
        self, db_session: object, lampa: Merchant
    ) -> None:
        with lampa.scope():
            products.put_product(lampa.shop_id, "mine", name="Mine")
            feed, other = new_feed(lampa.shop_id), new_feed(lampa.shop_id, "Other")
            loaded(feed, catalogue(LAMP, BULB))
            loaded(other, catalogue(offer("else", "Else")))
            loaded(feed, catalogue(LAMP, BULB))
            assert [p for p in shelf().values() if p.gone_at] == []

    def test_a_feed_that_lost_more_than_half_stops_and_asks(
        self, db_session: object, lampa: Merchant
    ) -> None:
        with lampa.scope():
            feed = new_feed(lampa.shop_id)
            many = [offer(f"p{n}", f"Lamp {n}") for n in range(10)]
            loaded(feed, catalogue(*many))
            load = looked(feed, catalogue(*many[:4]), at_once=True)
            assert (load.problem, load.known, load.gone, feed.trouble) == ("held", 10, 6, "held")
            assert [p for p in shelf().values() if p.gone_at] == []
            work(service.approve(load))
            assert len([p for p in shelf().values() if p.gone_at]) == 6
            assert feed.trouble is None

    def test_a_feed_without_offers_asks_as_well(self, db_session: object, lampa: Merchant) -> None:
        with lampa.scope():
            feed = new_feed(lampa.shop_id)
            loaded(feed, catalogue(LAMP))
            assert looked(feed, catalogue(), at_once=True).problem == "held"

    def test_a_newer_file_takes_the_place_of_one_that_waits(
        self, db_session: object, lampa: Merchant
    ) -> None:
        with lampa.scope():
            feed = new_feed(lampa.shop_id)
            loaded(feed, catalogue(LAMP, BULB, offer("c", "C")))
            held = looked(feed, catalogue(LAMP), at_once=True)
            assert loaded(feed, catalogue(LAMP, BULB, offer("c", "C"))) == {}
            assert held.ended_at is not None
            try:
                service.approve(held)
            except Conflict:
                pass
            else:
                raise AssertionError
            assert [p for p in shelf().values() if p.gone_at] == []

    def test_hiding_can_be_left_off(self, db_session: object, lampa: Merchant) -> None:
        with lampa.scope():
            feed = new_feed(lampa.shop_id, hides=False)
            loaded(feed, catalogue(LAMP, BULB))
            assert loaded(feed, catalogue(LAMP)) == {}
            assert shelf()["bulb-1"].gone_at is None


class TestWhatIsWrong:
    def test_rows_are_named_by_their_lines(self, db_session: object, lampa: Merchant) -> None:
        with lampa.scope():
            load = looked(
                new_feed(lampa.shop_id),
                catalogue(
                    LAMP,  # line 10
                    offer("lamp-1", "Again"),
                    offer("", "Nameless"),
                    offer("comma", "Comma", "150,5"),
                    offer("odd", "Odd", "1,990,00"),
                    offer("usd", "Dollars", "15", currencyId="USD"),
                    offer("shelf", "Shelf", categoryId="nowhere"),
                    offer("link", "Link", url="javascript:alert(1)"),
                    offer("long" * 50, "Long"),
                    offer("none", ""),
                    shelves=[("lamps", "Lamps", "desk"), ("desk", "Desk", "lamps"), ("a", "A", "lost"),
                             ("desk", "Twice", "")],
                ),
            )  # fmt: skip
            assert flaws(load) == [
                (7, "desk", "circle"), (8, "a", "no_parent"), (9, "desk", "category_twice"),
                (13, "lamp-1", "twice"), (14, "", "no_id"), (15, "comma", "comma"), (16, "odd", "price"),
                (17, "usd", "currency"), (18, "shelf", "category"), (19, "link", "url"),
                (20, ("long" * 50)[:128], "long_id"), (21, "none", "no_name"),
            ]  # fmt: skip
            run = queries.run_of(load)
            assert run is not None
            assert run.sums == {"new": 6, "refused": 4}
            work(service.approve(load))
            assert shelf()["comma"].price == 15050
            assert shelf()["odd"].price is None
            assert shelf()["usd"].price is None
            assert shelf()["lamp-1"].name == "Green lamp"

    def test_what_cannot_be_read_of_a_known_product_stays_as_it_was(
        self, db_session: object, lampa: Merchant
    ) -> None:
        with lampa.scope():
            feed = new_feed(lampa.shop_id)
            loaded(feed, catalogue(LAMP))
            loaded(
                feed, catalogue(offer("lamp-1", "Green lamp", "x", url="nowhere", categoryId="?"))
            )
            lamp = shelf()["lamp-1"]
            assert (lamp.price, lamp.old_price, lamp.url) == (
                199000,
                249000,
                "https://lampa.example/lamp-1",
            )
            assert lamp.promo
            assert lamp.category_id is not None


def test_a_stopped_look_goes_on(db_session: object, lampa: Merchant) -> None:
    with lampa.scope():
        feed = new_feed(lampa.shop_id)
        load = service.take(feed, io.BytesIO(catalogue(LAMP, BULB)), "f", at_once=True)
        run = queries.run_of(load)
        assert run is not None
        runs.work(run.id, service.KINDS, 1)
        runs.act(run, "stop")
        assert not runs.work(run.id, service.KINDS)
        work(runs.resume(run, service.KINDS))
        assert set(shelf()) == {"lamp-1", "bulb-1"}


def test_words_with_signs_of_their_own_come_in_as_they_are(
    db_session: object, lampa: Merchant
) -> None:
    with lampa.scope():
        odd = "A\\tb \\N c:\\new \\\\ «x»"
        loaded(new_feed(lampa.shop_id), catalogue(offer("a\\b", odd), offer("\\N", "Null")))
        assert {key: p.name for key, p in shelf().items()} == {"a\\b": odd, "\\N": "Null"}


def test_who_shows_a_product_again_by_hand_keeps_it(db_session: object, lampa: Merchant) -> None:
    with lampa.scope():
        feed = new_feed(lampa.shop_id)
        loaded(feed, catalogue(LAMP, BULB))
        loaded(feed, catalogue(LAMP))
        products.put_product(lampa.shop_id, "bulb-1", shown=True)
        loaded(feed, catalogue(LAMP))
        assert shelf()["bulb-1"].gone_at is None


def test_a_product_that_somebody_made_meanwhile_is_changed_and_not_made_twice(
    db_session: object, lampa: Merchant
) -> None:
    with lampa.scope():
        load = looked(new_feed(lampa.shop_id), catalogue(LAMP, BULB))
        products.put_product(lampa.shop_id, "bulb-1", name="By hand", price=1, brand="Svet")
        run = work(service.approve(load))
        assert (run.applied["new"], run.applied["changed"]) == (1, 1)
        bulb = shelf()["bulb-1"]
        assert (bulb.name, bulb.price, bulb.brand) == ("Bulb Svet E27", 15000, "Svet")
