"""Several sets of terms: who is on which, by card, group, link and code; and what a partner is told."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, text

from app import clock
from app.errors import DomainError
from app.extensions import db
from app.facts import service as facts
from app.facts.models import Fact
from app.partners import queries as partners
from app.partners.service import Application, change, joined_terms, lead_to_terms, register
from app.programs import queries, service
from app.tenants import queries as tenants
from app.tenants.rules import DEFAULTS
from tests.intake.scene import FOUNDED, NOON, Scene, at_lampa, order
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App

DAY = timedelta(days=1)


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


@pytest.fixture
def scene(db_session: object) -> Iterator[Scene]:
    with at_lampa() as made, clock.moved_to(FOUNDED):
        yield made


class TestFirstRows:
    def test_every_setting_has_its_first_row_from_the_merchants_birth(self, scene: Scene) -> None:
        assert facts.current([tenants.MERCHANT])[tenants.MERCHANT].keys() == DEFAULTS.keys()

    def test_terms_and_groups_say_none_aloud(self, scene: Scene) -> None:
        terms = service.create_terms(name="Bloggers", levels=["15%"])
        group = service.create_group("Gold")
        known = facts.current([f"terms:{terms.id}", f"group:{group.id}"])
        assert known[f"terms:{terms.id}"] == {
            "label": "Bloggers v1",
            "levels": ["15%"],
            "levels_by_buyer": {},
            "hold_days": None,
            "window_days": None,
            "base": None,
            "cashback_rate": None,
            "cap": None,
            "starts": None,
            "ends": None,
        }
        assert known[f"group:{group.id}"] == {"levels": [], "levels_by_buyer": {}, "terms": None}

    def test_owners_from_before_get_theirs_in_the_migration(self, scene: Scene) -> None:
        migration = import_module("migrations.versions.0005_rules")
        group = service.create_group("Gold")
        owners = ["merchant", f"terms:{queries.base_terms().id}", f"group:{group.id}"]
        known = facts.current(owners)
        names = [name for each in migration.FIRST.values() for name in each]
        db.session.execute(delete(Fact).where(Fact.name.in_(names)))
        with clock.moved_to(NOON):
            for owners_like, each in migration.FIRST.items():
                for name, value in each.items():
                    values = {"owners": owners_like, "name": name, "value": value}
                    db.session.execute(text(migration.FILL), values)
        assert facts.current(owners) == known
        rows = facts.history(owners, names)
        assert {at for timeline in rows.values() for at, _value in timeline.rows} == {FOUNDED}


class TestWhoIsOnWhich:
    def test_the_card_stands_above_the_group_and_the_group_above_the_base(
        self, scene: Scene
    ) -> None:
        bloggers = service.create_terms(name="Bloggers", levels=["15%"])
        stars = service.create_terms(name="Stars", levels=["30%"])
        group = service.create_group("Gold", terms_id=bloggers.id)
        base = queries.base_terms()
        assert partners.terms_of(scene.vera).id == base.id
        change(scene.vera, group_id=group.id)
        assert partners.terms_of(scene.vera).id == bloggers.id
        change(scene.vera, terms_id=stars.id)
        assert partners.terms_of(scene.vera).id == stars.id
        assert partners.terms_counts() == {base.id: 2, stars.id: 1}
        change(scene.vera, terms_id=base.id)
        assert partners.terms_of(scene.vera).id == base.id

    def test_a_move_is_dated_and_older_orders_keep_their_terms(self, scene: Scene) -> None:
        bloggers = service.create_terms(name="Bloggers", levels=["15%"])
        group = service.create_group("Gold")
        change(scene.vera, group_id=group.id)
        with clock.moved_to(NOON + DAY):
            service.change_group(group, terms_id=bloggers.id)
            old = scene.say("A1", order("paid", partner_code="VERA10"))
            late = order("paid", created_at=NOON + 2 * DAY, partner_code="VERA10")
            new = scene.say("A2", late)
        assert (old.deal.terms_label, old.shares[0].amount) == ("Base terms v2", 19000)
        assert (new.deal.terms_label, new.shares[0].amount) == ("Bloggers v1", 28500)

    def test_a_set_that_is_over_gives_way_to_the_base(self, scene: Scene) -> None:
        spring = service.create_terms(name="Spring", levels=["15%"], valid_to=NOON)
        change(scene.vera, terms_id=spring.id)
        assert partners.terms_of(scene.vera).id == spring.id
        with clock.moved_to(NOON):
            assert partners.terms_of(scene.vera).id == queries.base_terms().id
            during = order("paid", created_at=NOON - DAY, partner_code="VERA10")
            assert scene.say("A1", during).deal.terms_label == "Spring v1"
            after = scene.say("A2", order("paid", partner_code="VERA10"))
        assert after.deal.terms_label == "Base terms v2"

    def test_the_base_always_holds(self, scene: Scene) -> None:
        with pytest.raises(DomainError):
            service.change_terms(queries.base_terms(), valid_to=NOON)

    def test_a_code_at_registration_chooses_the_set_and_the_link_stands_above_it(
        self, scene: Scene
    ) -> None:
        bloggers = service.create_terms(name="Bloggers", levels=["15%"])
        stars = service.create_terms(name="Stars", levels=["30%"])
        lead_to_terms(bloggers.id, ["vera10"])
        assert joined_terms(None, "VERA10").id == bloggers.id
        assert joined_terms(stars.id, "VERA10").id == stars.id
        assert joined_terms(None, "anna").id == queries.base_terms().id
        made = register(
            Application(
                name="Olga", email="olga@example.org", accepted_version=1, sponsor_code="VERA10"
            )
        )
        assert made is not None
        assert (made.terms_id, made.sponsor_id) == (bloggers.id, scene.vera.id)
        lead_to_terms(bloggers.id, [])
        assert joined_terms(None, "VERA10").id == queries.base_terms().id
        with pytest.raises(DomainError):
            lead_to_terms(bloggers.id, ["nobody-has-it"])


class TestTheOffice:
    def form(self, **more: str) -> dict[str, str]:
        return {"name": "Bloggers", "levels-0": "15%", "tax": "y"} | more

    def test_a_set_is_made_with_everything_it_may_say(self, lampa: Shop) -> None:
        browser, path = lampa.signed_in(), f"/{lampa.slug}/office/terms/"
        lampa.call("POST", "/partners", {"refcode": "anna", "name": "Anna"})
        form = self.form(
            by_buyer="wholesale: 5 %; -; 1%\nRetail: 50.00",
            cashback="3%",
            cap="10000",
            discount="y",
            hold_days="7",
            codes="anna",
            valid_to="2030-01-01T00:00",
        )
        answer = browser.post(f"{path}new", data=form)
        assert answer.status_code == 303, answer.text
        with lampa.scope():
            terms = queries.find_terms("Bloggers")
            assert terms is not None
            now = queries.conditions([terms.id])[terms.id]
            terms_id, number = terms.public_id, terms.id
        assert now.levels_by_buyer == {"wholesale": ["5%", None, "1%"], "Retail": ["50.00"]}
        assert (now.cashback_rate, now.cap, now.hold_days) == ("3%", 1000000, 7)
        assert now.base == {"shipping": False, "tax": True, "discount": True, "bonus": False}
        page = browser.get(path).text
        assert f"join?terms={terms_id}" in page
        assert "0 partners are on these terms." in page
        assert "Prices count as they were before the discount." in page
        edit = browser.get(path + terms_id).text
        assert "wholesale: 5%; -; 1%" in edit
        assert 'value="anna"' in edit
        kept = self.form(version="1", cap="", codes="")
        assert browser.post(path + terms_id, data=kept).status_code == 303
        with lampa.scope():
            assert queries.conditions([number])[number].cap is None
            assert partners.codes_to(number) == []

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"by_buyer": "wholesale 5%"}, "Write a group a line, such as wholesale: 5%; 2%."),
            ({"by_buyer": "wholesale: five"}, "This line cannot be read: wholesale: five"),
            ({"by_buyer": "wholesale: 5"}, "Write 5%, or 5.00 for a fixed sum."),
            ({"levels-0": "7"}, "Write 7%, or 7.00 for a fixed sum."),
            ({"cashback": "3"}, "Write 3%, or 3.00 for a fixed sum."),
            ({"cashback": "much"}, 'value="much"'),
            ({"cap": "-1"}, "The sum cannot be negative."),
            ({"codes": "nobody-has-it"}, "No partner has the code nobody-has-it."),
            ({"levels-0": ""}, "Terms need at least one level."),
        ],
    )
    def test_what_was_typed_stays_and_nothing_is_made(
        self, lampa: Shop, wrong: dict[str, str], words: str
    ) -> None:
        browser = lampa.signed_in()
        answer = browser.post(f"/{lampa.slug}/office/terms/new", data=self.form(**wrong))
        assert answer.status_code == 422
        assert words in answer.text
        assert 'value="Bloggers"' in answer.text
        with lampa.scope():
            assert queries.find_terms("Bloggers") is None

    def test_a_group_names_its_terms_and_the_list_of_partners_narrows_to_a_set(
        self, lampa: Shop
    ) -> None:
        browser = lampa.signed_in()
        lampa.call("POST", "/terms", {"name": "Bloggers", "levels": ["15%"]})
        with lampa.scope():
            terms = queries.find_terms("Bloggers")
            assert terms is not None
            number = terms.id
        form = {"name": "Gold", "terms": str(number), "by_buyer": "wholesale: 2%"}
        assert browser.post(f"/{lampa.slug}/office/groups/new", data=form).status_code == 303
        lampa.call("POST", "/partners", {"refcode": "anna", "name": "Anna P", "group": "Gold"})
        lampa.call("POST", "/partners", {"refcode": "boris", "name": "Boris P"})
        groups = lampa.call("GET", "/groups").json
        assert groups is not None
        assert (groups["items"][0]["terms"], groups["items"][0]["partners"]) == ("Bloggers", 1)
        assert groups["items"][0]["levels_by_buyer"] == {"wholesale": ["2%"]}
        assert lampa.call("GET", "/partners/anna").json["terms"] == "Bloggers"
        page = browser.get(f"/{lampa.slug}/office/partners/?terms={number}").text
        assert "Anna P" in page
        assert "Boris P" not in page
        assert "Bloggers" in browser.get(f"/{lampa.slug}/office/groups/").text

    def test_a_partner_may_be_kept_on_the_base_against_the_group(self, lampa: Shop) -> None:
        lampa.call("POST", "/terms", {"name": "Bloggers", "levels": ["15%"]})
        lampa.call("POST", "/groups", {"name": "Gold", "terms": "Bloggers"})
        body: dict[str, Any] = {"refcode": "anna", "name": "Anna", "group": "Gold"}
        assert lampa.call("POST", "/partners", body).json["terms"] == "Bloggers"
        kept = lampa.call("PATCH", "/partners/anna", {"terms": "Base terms"}).json
        assert kept is not None
        assert kept["terms"] == "Base terms"


class TestTheApi:
    def test_a_set_says_everything_it_holds(self, lampa: Shop) -> None:
        lampa.call("POST", "/partners", {"refcode": "anna", "name": "Anna"})
        body: dict[str, Any] = {
            "name": "Bloggers",
            "levels": ["15%"],
            "levels_by_buyer": {"wholesale": ["5%", None, "1%"]},
            "cashback": "3%",
            "cap": "10000.00",
            "base": {"discount": True},
            "codes": ["anna"],
        }
        answer = lampa.call("POST", "/terms", body)
        assert answer.status_code == 201, answer.json
        made = answer.json
        assert made is not None
        kept = {name: made[name] for name in body if name != "base"}
        assert kept == {name: value for name, value in body.items() if name != "base"}
        assert made["base"]["discount"] is True
        assert made["partners"] == 0
        none = lampa.call("PATCH", f"/terms/{made['id']}", {"cap": None, "cashback": None}).json
        assert none is not None
        assert (none["cap"], none["cashback"], none["codes"]) == (None, None, ["anna"])

    @pytest.mark.parametrize(
        "more",
        [
            {"cap": "much"},
            {"cap": "-1.00"},
            {"cashback": "101%"},
            {"levels_by_buyer": {"wholesale": ["ten"]}},
            {"levels_by_buyer": {"wholesale": ["1%"], "WHOLESALE": ["2%"]}},
            {"levels_by_buyer": {" ": ["1%"]}},
            {"levels_by_buyer": {f"g{n}": ["1%"] for n in range(21)}},
            {"codes": ["nobody-has-it"]},
        ],
    )
    def test_what_cannot_stand_is_refused(self, lampa: Shop, more: dict[str, Any]) -> None:
        answer = lampa.call("POST", "/terms", {"name": "Bloggers", "levels": ["1%"]} | more)
        assert answer.status_code == 422, answer.json
        listed = lampa.call("GET", "/terms").json
        assert listed is not None
        assert len(listed["items"]) == 1


def test_the_join_page_of_a_set_shows_its_own_words(lampa: Shop) -> None:
    body = {"name": "Bloggers", "levels": ["15%"], "text": "Be honest."}
    made = lampa.call("POST", "/terms", body).json
    assert made is not None
    page = lampa.app.test_client().get(f"/{lampa.slug}/join?terms={made['id']}").text
    assert "15%" in page
    assert "Be honest." in page


def test_nobody_counts_up_to_a_set_that_he_was_not_shown(lampa: Shop) -> None:
    lampa.call("POST", "/terms", {"name": "Friends", "levels": ["40%"], "text": "For friends."})
    with lampa.scope():
        guesses = [str(terms.id) for terms in queries.all_terms()]
    visitor = lampa.app.test_client()
    for guess in (*guesses, "Friends", "friends"):
        assert "40%" not in visitor.get(f"/{lampa.slug}/join?terms={guess}").text
