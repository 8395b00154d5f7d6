"""Customers become partners: looked at first, made in the background, taken back while nothing came of it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from app import clock, jobs
from app.extensions import db
from app.participation import queries, service
from app.participation.models import Conversion
from app.participation.queries import Fit
from app.partners.models import Partner
from app.runs import service as runs
from tests.participation.post import send_letters
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App
    from app.runs.models import Run
    from tests.harness.mailbox import Mailbox


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def at(shop: Shop, rest: str = "") -> str:
    return f"/{shop.slug}/office/registration/customers{rest}"


def buys(shop: Shop, who: str, orders: int = 1, **more: Any) -> None:
    """Let a customer order, the last order `days` ago."""
    days, status = more.pop("days", 0), more.pop("status", "completed")
    customer = {"id": f"c-{who}", "name": who, "email": f"{who.lower()}@{shop.domain}"} | more
    for number in range(orders):
        body = {
            "status": status,
            "currency": "RUB",
            "created_at": (clock.wall() - timedelta(days=days)).isoformat(),
            "customer": customer,
            "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
        }
        answer = shop.call("PUT", f"/orders/{who}-{number}", body)
        assert answer.status_code == 200, answer.text


def work(shop: Shop) -> None:
    with shop.app.app_context():
        jobs.sweep_runs()


def names(shop: Shop) -> list[str]:
    with shop.scope():
        query = select(Partner.name).where(Partner.status == "active").order_by(Partner.name)
        return list(db.session.scalars(query))


def convert(shop: Shop, **said: Any) -> str:
    """Look at who fits and make them partners; returns the run's page."""
    browser = shop.signed_in()
    form = {"with_email": "y", "codes": "name"} | said
    answer = browser.post(at(shop), data=form)
    assert answer.status_code == 303, answer.text
    page = str(answer.headers["Location"])
    work(shop)
    assert browser.post(f"{page}/apply").status_code == 303
    work(shop)
    return page


class TestTheFilter:
    @pytest.fixture
    def crowd(self, lampa: Shop) -> Shop:
        buys(lampa, "Anna", 3, group="gold")
        buys(lampa, "Boris", 1, group="retail", days=100)
        buys(lampa, "Vera", 2, status="paid", group="gold")
        buys(lampa, "Gleb", 1, email=None)
        return lampa

    @pytest.mark.parametrize(
        ("said", "found"),
        [
            ({}, ["Anna", "Boris", "Vera"]),
            ({"orders": "1"}, ["Anna", "Boris"]),
            ({"orders": "3"}, ["Anna"]),
            ({"groups": ["gold"]}, ["Anna", "Vera"]),
            ({"since": 30}, ["Anna", "Vera"]),
            ({"until": 30}, ["Boris"]),
            ({"with_email": ""}, ["Anna", "Boris", "Gleb", "Vera"]),
        ],
    )
    def test_each_part_narrows(self, crowd: Shop, said: dict[str, Any], found: list[str]) -> None:
        days = {
            name: (clock.wall() - timedelta(days=said[name])).date().isoformat()
            for name in ("since", "until")
            if name in said
        }
        convert(crowd, **(said | days))
        assert names(crowd) == found

    def test_a_forbidden_group_never_comes_in_by_itself(self, crowd: Shop) -> None:
        with crowd.scope():
            service.set_entry(0, [], ["Gold"])
        convert(crowd)
        assert names(crowd) == ["Boris"]

    def test_whoever_is_or_was_a_partner_is_left_out(self, crowd: Shop) -> None:
        crowd.call("POST", "/partners", {"name": "Anna", "email": f"anna@{crowd.domain}"})
        crowd.call("POST", "/partners", {"name": "Vera", "member": "c-Vera"})
        crowd.call("PATCH", "/partners/vera", {"status": "removed"})
        convert(crowd)
        assert names(crowd) == ["Anna", "Boris"]

    def test_another_shops_customers_are_not_meant(self, crowd: Shop) -> None:
        with crowd.scope():
            assert Fit(shop_id=crowd.shop_id + 10**9).count() == 0
            assert Fit(shop_id=crowd.shop_id).count() == 3

    @pytest.mark.parametrize(
        "said",
        [
            {"orders": "-1"},
            {"orders": "many"},
            {"shop": "999999"},
            {"groups": ["nobody"]},
            {"since": "2026-02-30"},
            {"since": "2026-03-01", "until": "2026-02-01"},
            {"codes": "pretty"},
            {"with_email": "", "letters": "y"},
        ],
    )
    def test_what_cannot_stand_is_refused_and_kept(self, crowd: Shop, said: dict[str, Any]) -> None:
        form = {"with_email": "y", "codes": "name", "orders": "7"} | said
        answer = crowd.signed_in().post(at(crowd), data=form)
        assert answer.status_code == 422
        assert f'value="{form["orders"]}"' in answer.text
        assert names(crowd) == []


class TestTheWork:
    def test_first_a_look_with_count_and_sample_then_the_work(self, lampa: Shop) -> None:
        for name in ("Anna", "Boris", "Vera"):
            buys(lampa, name)
        browser = lampa.signed_in()
        answer = browser.post(at(lampa), data={"with_email": "y", "codes": "name"})
        page = answer.headers["Location"]
        assert 'hx-trigger="every 2s"' in browser.get(page).text
        assert browser.post(at(lampa), data={"with_email": "y", "codes": "name"}).status_code == 409
        work(lampa)
        looked = browser.get(page).text
        for words in ("Make 3 partners", "Anna", "Boris", "Nobody is written to."):
            assert words in looked
        assert names(lampa) == []
        assert browser.post(f"{page}/apply").status_code == 303
        work(lampa)
        assert names(lampa) == ["Anna", "Boris", "Vera"]
        assert "3 customers were made partners." in browser.get(page).text
        assert browser.post(f"{page}/apply").status_code == 409
        found = lampa.call("GET", "/partners/anna").json
        assert found is not None
        assert (found["member"], found["email"]) == ("c-Anna", f"anna@{lampa.domain}")

    def test_letters_go_only_where_they_are_wanted(self, lampa: Shop, mailbox: Mailbox) -> None:
        buys(lampa, "Anna")
        convert(lampa)
        buys(lampa, "Boris")
        convert(lampa, letters="y")
        send_letters(lampa)
        assert mailbox.to(f"anna@{lampa.domain}") == []
        assert len(mailbox.to(f"boris@{lampa.domain}")) == 1

    def test_it_is_stopped_and_taken_up_where_it_was(self, lampa: Shop) -> None:
        for name in ("Anna", "Boris", "Vera"):
            buys(lampa, name)
        with lampa.scope():
            run = service.look_at_customers(service.Conversion(fit=Fit()))
            number = run.id
            while runs.work(number, service.KINDS):
                pass
            service.apply_run(run)
            assert runs.work(number, service.KINDS, most=1)
            runs.act(run, "stop")
        assert names(lampa) == ["Anna"]
        with lampa.scope():
            assert not runs.work(number, service.KINDS)
            again = db.session.get(type(run), (lampa.id, number))
            assert again is not None
            runs.resume(again, service.KINDS)
        work(lampa)
        assert names(lampa) == ["Anna", "Boris", "Vera"]

    def test_twice_makes_nobody_twice(self, lampa: Shop) -> None:
        buys(lampa, "Anna")
        for _time in range(2):
            convert_again(lampa)
        assert names(lampa) == ["Anna"]
        with lampa.scope():
            assert db.session.scalar(select(func.count()).select_from(Conversion)) == 1

    def test_codes_are_readable_or_cannot_be_guessed_and_never_of_an_email(
        self, lampa: Shop
    ) -> None:
        buys(lampa, "Anna")
        convert(lampa)
        buys(lampa, "Boris", name=None)
        convert(lampa)
        buys(lampa, "Vera")
        convert(lampa, codes="random")
        with lampa.scope():
            codes = {p.email: p.refcode for p in db.session.scalars(select(Partner))}
        assert codes[f"anna@{lampa.domain}"] == "anna"
        for who in ("boris", "vera"):
            assert re.fullmatch(r"[0-9a-z]{10}", codes[f"{who}@{lampa.domain}"])
            assert who not in codes[f"{who}@{lampa.domain}"]

    def test_two_customers_with_one_email_are_one_partner(self, lampa: Shop) -> None:
        buys(lampa, "Anna")
        buys(lampa, "Anita", email=f"anna@{lampa.domain}")
        page = convert(lampa)
        assert names(lampa) == ["Anna"]
        assert "1 was passed over" in lampa.signed_in().get(page).text

    def test_a_customer_stands_below_the_partner_who_brought_him(self, lampa: Shop) -> None:
        lampa.call("POST", "/partners", {"name": "Zoe", "refcode": "zoe"})
        said = {"name": "Anna", "email": f"anna@{lampa.domain}", "partner_code": "zoe"}
        assert lampa.call("PUT", "/members/c-Anna", said).status_code == 200
        buys(lampa, "Anna")
        convert(lampa, under="y")
        found = lampa.call("GET", "/partners/anna").json
        assert found is not None
        assert found["sponsor"] == "zoe"

    def test_whoever_was_never_asked_accepts_the_texts_at_the_first_visit(
        self, lampa: Shop
    ) -> None:
        with lampa.scope():
            service.publish("offer", {"en": "Be honest."}, again=False)
        buys(lampa, "Anna")
        convert(lampa)
        lampa.call("POST", "/partners", {"name": "Boris"})
        with lampa.scope():
            by_name = {p.name: queries.owed_by(p) for p in db.session.scalars(select(Partner))}
            assert [each.kind for each in by_name["Anna"]] == ["offer"]
            assert by_name["Boris"] == []


def convert_again(shop: Shop) -> None:
    with shop.scope():
        run = service.look_at_customers(service.Conversion(fit=Fit()))
        number = run.id
        finish(run)
        service.apply_run(run)
        finish(run)
        assert number


def finish(run: Run) -> None:
    while runs.work(run.id, service.KINDS):
        pass


class TestTheWayBack:
    def test_only_those_of_whom_nothing_came_are_taken_back(self, lampa: Shop) -> None:
        for name in ("Anna", "Boris", "Vera"):
            buys(lampa, name)
        page = convert(lampa)
        lampa.call("POST", "/partners", {"name": "Below", "sponsor": "boris"})
        browser = lampa.signed_in()
        answer = browser.post(f"{page}/undo")
        assert answer.status_code == 303
        work(lampa)
        told = browser.get(answer.headers["Location"]).text
        assert "2 partners were taken back." in told
        assert "1 stays: something came of him already." in told
        assert names(lampa) == ["Below", "Boris"]

    def test_who_was_taken_back_may_be_made_again(self, lampa: Shop) -> None:
        buys(lampa, "Anna")
        page = convert(lampa)
        lampa.signed_in().post(f"{page}/undo")
        work(lampa)
        assert names(lampa) == []
        convert(lampa)
        assert names(lampa) == ["Anna"]

    def test_what_was_only_looked_at_cannot_be_taken_back(self, lampa: Shop) -> None:
        buys(lampa, "Anna")
        browser = lampa.signed_in()
        page = browser.post(at(lampa), data={"with_email": "y", "codes": "name"}).headers[
            "Location"
        ]
        work(lampa)
        assert browser.post(f"{page}/undo").status_code == 409


class TestEveryFutureOne:
    def sweep(self, shop: Shop) -> None:
        with shop.app.app_context():
            jobs.convert()

    def test_who_comes_to_fit_becomes_a_partner_until_it_is_switched_off(self, lampa: Shop) -> None:
        buys(lampa, "Anna")
        browser = lampa.signed_in()
        form = {"with_email": "y", "codes": "name", "orders": "2", "rule": "1"}
        assert browser.post(at(lampa), data=form).status_code == 303
        self.sweep(lampa)
        assert names(lampa) == []
        buys(lampa, "Anna", 2)
        for _time in range(2):
            self.sweep(lampa)
        assert names(lampa) == ["Anna"]
        assert "Every future customer who fits" in browser.get(at(lampa)).text
        browser.post(at(lampa, "/rule/off"))
        buys(lampa, "Boris", 2)
        self.sweep(lampa)
        assert names(lampa) == ["Anna"]

    def test_one_who_cannot_be_made_does_not_hold_up_the_others(self, lampa: Shop) -> None:
        with lampa.scope():
            service.set_rule(service.Conversion(fit=Fit()), on=True)
        buys(lampa, "Anna", email="anna@@x")
        buys(lampa, "Boris")
        self.sweep(lampa)
        assert names(lampa) == ["Boris"]

    def test_taking_a_run_back_switches_the_rule_off(self, lampa: Shop) -> None:
        buys(lampa, "Anna")
        page = convert(lampa)
        with lampa.scope():
            service.set_rule(service.Conversion(fit=Fit()), on=True)
        lampa.signed_in().post(f"{page}/undo")
        work(lampa)
        self.sweep(lampa)
        assert names(lampa) == []
