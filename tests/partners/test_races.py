"""Two at once: no cycle, no double, no lost code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app.errors import DomainError
from app.extensions import db
from app.partners import queries
from app.partners import service as partners
from app.partners.models import Partner
from app.partners.rules import sponsor_at, tree_of
from app.partners.service import Application, NewPartner
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def together(shop: Shop, *acts: Callable[[], object]) -> list[bool]:
    def run(act: Callable[[], object]) -> bool:
        try:
            with shop.scope():
                act()
        except DomainError:
            return False
        return True

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_who_take_each_other_as_parent_make_no_cycle(lampa: Shop) -> None:
    with lampa.scope():
        anna = partners.create(NewPartner(name="Anna")).id
        boris = partners.create(NewPartner(name="Boris")).id

    def under(lower: int, upper: int) -> Callable[[], object]:
        def act() -> object:
            partner = queries.by_id(lower)
            assert partner is not None
            return partners.set_sponsor(partner, upper)

        return act

    assert sorted(together(lampa, under(anna, boris), under(boris, anna))) == [False, True]
    with lampa.scope():
        tree = tree_of(queries.upline_edges([anna, boris]))
        last = max(edge.start for edges in tree.values() for edge in edges)
        found = {sponsor_at(tree, anna, last), sponsor_at(tree, boris, last)}
        assert found in ({None, anna}, {None, boris})


def test_a_form_sent_twice_makes_one_partner(lampa: Shop) -> None:
    def register() -> object:
        said = Application(name="Gleb", email="gleb@example.org", accepted_version=1)
        return partners.register(said)

    assert together(lampa, *[register] * 4) == [True] * 4
    with lampa.scope():
        assert db.session.scalar(select(func.count()).select_from(Partner)) == 1


def test_namesakes_who_come_at_once_get_codes_of_their_own(lampa: Shop) -> None:
    made = together(lampa, *[lambda: partners.create(NewPartner(name="Anna"))] * 4)
    assert made == [True] * 4
    with lampa.scope():
        codes = set(db.session.scalars(select(Partner.refcode)))
        assert codes == {"anna", "anna-2", "anna-3", "anna-4"}


def test_one_product_put_by_many_at_once_is_one(lampa: Shop) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(
                lambda n: (
                    lampa.call(
                        "PUT",
                        "/products/lamp",
                        {"name": "Lamp", "price": f"{n}.00", "category": "new"},
                    ).status_code
                ),
                range(6),
            )
        )
    assert answers == [200] * 6
