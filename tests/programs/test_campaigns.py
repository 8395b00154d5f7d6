"""Campaigns in the office, by API and in the cabinet; their report."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app import clock
from app.errors import Conflict, DomainError
from app.extensions import db
from app.facts import service as facts
from app.identity import service as identity
from app.partners import queries as partners
from app.partners.service import read_scopes, written_scopes
from app.programs import queries, service
from app.programs.models import Campaign
from app.reports.queries import campaign_report
from app.tenancy import PLATFORM, tenant_scope
from app.tenants.queries import tenant
from tests.intake.scene import FOUNDED, NOON, Scene, at_lampa, order
from tests.partners.calls import PASSWORD, Shop

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


def offer(campaign: Campaign) -> Any:
    owner = f"campaign:{campaign.id}"
    return facts.current([owner], ["offer"])[owner]["offer"]


class TestVerbs:
    def test_a_campaign_never_begins_in_the_past(self, scene: Scene) -> None:
        made = service.create_campaign(name="Autumn", levels=["20%"], starts_at=FOUNDED - DAY)
        assert (made.starts_at, made.ends_at, made.state(FOUNDED)) == (FOUNDED, None, "running")

    def test_a_change_is_dated_and_what_has_begun_keeps_its_beginning(self, scene: Scene) -> None:
        made = service.create_campaign(name="Autumn", levels=["20%"], ends_at=FOUNDED + 9 * DAY)
        with clock.moved_to(FOUNDED + DAY):
            service.change_campaign(made, levels=["30%"], starts_at=FOUNDED + 5 * DAY)
        owner = f"campaign:{made.id}"
        history = facts.history([owner], ["offer"])[owner, "offer"].rows
        assert [value["levels"] for _at, value in history] == [["20%"], ["30%"]]
        assert made.starts_at == FOUNDED
        assert made.ends_at == FOUNDED + 9 * DAY

    def test_stopped_while_it_runs_it_ends_now_and_before_it_began_it_never_pays(
        self, scene: Scene
    ) -> None:
        running = service.create_campaign(name="Autumn", levels=["20%"])
        coming = service.create_campaign(name="Winter", levels=["20%"], starts_at=NOON)
        with clock.moved_to(FOUNDED + DAY):
            service.stop_campaign(running)
            service.stop_campaign(coming)
            assert (running.state(clock.now()), running.ends_at) == ("stopped", FOUNDED + DAY)
            assert offer(running)["to"] == (FOUNDED + DAY).isoformat()
            assert offer(coming) is None
            assert queries.offer_of(coming)["levels"] == ["20%"]
            for each in (running, coming):
                with pytest.raises(Conflict):
                    service.stop_campaign(each)
                with pytest.raises(Conflict):
                    service.change_campaign(each, name="Spring")

    @pytest.mark.parametrize(
        "said",
        [
            {"name": "X", "levels": []},
            {"name": "X", "levels": ["ten"]},
            {"name": "", "levels": ["1%"]},
            {"name": "X", "levels": ["1%"], "ends_at": FOUNDED},
            {"name": "X", "levels": ["1%"], "starts_at": NOON, "ends_at": NOON - DAY},
            {"name": "X", "levels": ["1%"], "products": range(1, 1002)},
        ],
    )
    def test_what_cannot_stand_is_refused(self, scene: Scene, said: Any) -> None:
        with pytest.raises(DomainError):
            service.create_campaign(**said)
        assert db.session.scalars(queries.all_campaigns()).all() == []

    def test_partners_are_shown_what_concerns_them_and_is_not_over(self, scene: Scene) -> None:
        group = service.create_group("Gold")
        service.create_campaign(name="All", levels=["20%"], ends_at=FOUNDED + 9 * DAY)
        service.create_campaign(name="Vera", levels=["20%"], partners=[scene.vera.id])
        service.create_campaign(name="Gold", levels=["20%"], groups=[group.id])
        ids = scene.vera.id, scene.anna.id

        def names(partner: int, group_id: int | None, at: Any) -> list[str]:
            return [c.name for c in queries.campaigns_for(partner, group_id, at)]

        assert names(ids[0], None, FOUNDED) == ["All", "Vera"]
        assert names(ids[1], group.id, FOUNDED) == ["All", "Gold"]
        assert names(ids[1], None, FOUNDED + 9 * DAY) == []

    def test_what_the_card_shows_to_hold_now_counts_campaigns_on_all_goods(
        self, scene: Scene
    ) -> None:
        service.create_campaign(name="Lamps", levels=["40%"], products=[1])
        service.create_campaign(name="All", levels=["20%"])
        service.create_campaign(name="Soon", levels=["30%"], starts_at=NOON)
        found = partners.effective_rates(scene.vera, "RUB")
        assert [each.source.value for each in found] == ["campaign", "terms", "terms"]

    def test_the_report_sets_the_days_of_it_beside_as_many_before(self, scene: Scene) -> None:
        made = service.create_campaign(
            name="Autumn", levels=["20%"], starts_at=NOON - DAY, partners=[scene.vera.id]
        )
        merchant = tenant(scene.tenant_id)
        assert merchant is not None
        assert campaign_report(merchant, made, queries.offer_of(made)) is None
        with clock.moved_to(NOON + DAY):
            told: dict[str, Any] = {"partner_code": "VERA10"}
            scene.say("A1", order("paid", **told))
            scene.say("A2", order("paid", created_at=NOON - 2 * DAY, **told))
            scene.say("A3", order("paid", created_at=NOON - 9 * DAY, **told))
            scene.say("A4", order("paid", customer=order().customer, partner_code="ANNA10"))
            report = campaign_report(merchant, made, queries.offer_of(made))
        assert report is not None
        assert (report.during.orders, report.during.turnover) == (1, 190000)
        assert report.during.commission == 38000 + 9500 + 1900
        assert (report.before.orders, report.before.commission) == (1, 30400)
        assert sum(day.orders for day in report.daily) == 1
        assert (report.length, report.span_before) == (2, (NOON - 3 * DAY, NOON - DAY))

    def test_the_report_compares_the_same_hours_of_as_many_days(self, scene: Scene) -> None:
        """40 hours that touch three days of the calendar, beside 40 hours, two days earlier."""
        starts = NOON + timedelta(hours=6)
        made = service.create_campaign(name="Autumn", levels=["20%"], starts_at=starts)
        merchant = tenant(scene.tenant_id)
        assert merchant is not None
        with clock.moved_to(starts + timedelta(hours=40)):
            for n, hours in enumerate((-49, -48, -9, -8, -1, 0, 39)):
                at = starts + timedelta(hours=hours)
                scene.say(f"A{n}", order("paid", created_at=at, partner_code="VERA10"))
            report = campaign_report(merchant, made, queries.offer_of(made))
        assert report is not None
        assert (report.during.orders, report.before.orders) == (2, 2)
        assert [day.orders for day in report.daily] == [1, 0, 1]
        assert [day.orders for day in report.daily_before] == [1, 0, 1]

    def test_the_report_looks_at_the_goods_concerned(self, scene: Scene) -> None:
        merchant = tenant(scene.tenant_id)
        assert merchant is not None
        no_scope: dict[str, list[int]] = {
            "products": [],
            "categories": [],
            "groups": [],
            "partners": [],
        }
        made = service.create_campaign(name="Autumn", levels=["20%"], starts_at=NOON - DAY)
        with clock.moved_to(NOON + DAY):
            scene.say("A1", order("paid", partner_code="VERA10"))
            other = campaign_report(merchant, made, no_scope | {"products": [2**40]})
        assert other is not None
        assert other.during.orders == 0


class TestTheOffice:
    def test_a_campaign_is_made_changed_and_stopped(self, lampa: Shop) -> None:
        browser, path = lampa.signed_in(), f"/{lampa.slug}/office/campaigns/"
        lampa.call("PUT", "/products/lamp-1", {"name": "Lamp"})
        lampa.call("POST", "/partners", {"refcode": "anna", "name": "Anna"})
        assert "No campaigns yet" in browser.get(path).text
        form = {
            "name": "Autumn",
            "levels-0": "20%",
            "products": "lamp-1",
            "partners": "anna",
            "ends_at": "2030-01-01T00:00",
        }
        answer = browser.post(f"{path}new", data=form)
        assert answer.status_code == 303, answer.text
        here = answer.headers["Location"]
        shown = browser.get(here).text
        assert 'value="20%"' in shown
        assert ">lamp-1</textarea>" in shown.replace("\r\n", "")
        assert "Running" in shown
        assert browser.post(here, data=form | {"levels-0": "25%"}).status_code == 303
        assert "Autumn" in browser.get(path).text
        assert browser.post(f"{here}/stop").status_code == 303
        assert browser.post(f"{here}/stop").status_code == 409
        assert "Stopped" in browser.get(here).text
        assert browser.post(here, data=form).status_code == 409

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"products": "nothing-we-know"}, "We do not know nothing-we-know."),
            ({"levels-0": "ten"}, 'value="ten"'),
            ({"levels-0": ""}, "Give a rate for at least one level."),
            ({"ends_at": "2020-01-01T00:00"}, "The end is before the start, or has passed."),
            ({"name": ""}, "Fill this in."),
        ],
    )
    def test_what_was_typed_stays_where_it_was_wrong(
        self, lampa: Shop, wrong: dict[str, str], words: str
    ) -> None:
        browser, path = lampa.signed_in(), f"/{lampa.slug}/office/campaigns/new"
        answer = browser.post(path, data={"name": "Autumn", "levels-0": "20%"} | wrong)
        assert answer.status_code == 422
        assert words in answer.text
        assert "Autumn" in answer.text or "name" in wrong

    def test_all_that_is_wrong_is_told_together(self, lampa: Shop) -> None:
        wrong = {
            "name": "",
            "levels-0": "7",
            "levels-1": "20 000",
            "ends_at": "2020-01-01T00:00",
            "products": "no-such-lamp",
            "partners": "nobody",
        }
        path = f"/{lampa.slug}/office/campaigns/new"
        answer = lampa.signed_in().post(path, data=wrong)
        assert answer.status_code == 422
        for words in (
            "Fill this in.",
            "Write 7%, or 7.00 for a fixed sum.",
            "Write 20,000.00, without spaces.",
            "The end is before the start, or has passed.",
            "We do not know no-such-lamp.",
            "We do not know nobody.",
        ):
            assert words in answer.text
        assert "Give a rate for at least one level." not in answer.text

    def test_the_cabinet_tells_of_it_with_its_end(self, lampa: Shop) -> None:
        email = f"anna@{lampa.domain}"
        lampa.call("POST", "/partners", {"refcode": "anna", "name": "Anna", "email": email})
        body = {"name": "Autumn", "levels": ["20%"], "to": "2030-01-01T00:00:00+03:00"}
        lampa.call("POST", "/campaigns", body)
        with lampa.scope():
            partner = partners.by_email(email)
            assert partner is not None
            person = identity.ensure_person(email, "Anna")
            if partner.person_id is None:
                identity.join(person, lampa.id, "partner", partner.id)
                partner.person_id = person.id
            with tenant_scope(PLATFORM):
                identity.change_password(person, PASSWORD)
        page = lampa.signed_in(email).get(f"/{lampa.slug}/cabinet/").text
        assert "Autumn" in page
        assert "Jan 1, 2030" in page


class TestTheApi:
    def test_a_campaign_is_made_listed_changed_and_stopped(self, lampa: Shop) -> None:
        lampa.call("PUT", "/products/lamp-1", {"name": "Lamp"})
        lampa.call("PUT", "/categories/lamps", {"name": "Lamps"})
        lampa.call("POST", "/groups", {"name": "Gold"})
        lampa.call("POST", "/partners", {"refcode": "anna", "name": "Anna"})
        body = {
            "name": "Autumn",
            "levels": ["20%", None, "50.00"],
            "from": "2029-01-01T00:00:00+03:00",
            "to": "2029-02-01T00:00:00+03:00",
            "products": ["lamp-1"],
            "categories": ["lamps"],
            "groups": ["Gold"],
            "partners": ["anna"],
        }
        answer = lampa.call("POST", "/campaigns", body)
        assert answer.status_code == 201, answer.json
        made = answer.json
        assert made is not None
        times = {"from": "2028-12-31T21:00:00Z", "to": "2029-01-31T21:00:00Z"}
        assert made == {"id": made["id"], "state": "coming", **body, **times}
        path = f"/campaigns/{made['id']}"
        assert lampa.call("GET", path).json == made
        assert lampa.call("GET", "/campaigns").json == {"items": [made], "next": None}
        changed = lampa.call("PATCH", path, {"levels": ["25%"], "products": [], "to": None}).json
        assert changed is not None
        assert (changed["levels"], changed["products"], changed["to"]) == (["25%"], [], None)
        assert changed["partners"] == ["anna"]
        assert lampa.call("POST", f"{path}/stop").json["state"] == "stopped"
        assert lampa.call("POST", f"{path}/stop").status_code == 409
        assert lampa.call("PATCH", path, {"name": "X"}).status_code == 409

    @pytest.mark.parametrize(
        "body",
        [
            {"name": "X"},
            {"name": "X", "levels": ["1%"], "products": ["nothing"]},
            {"name": "X", "levels": ["1%"], "groups": ["nothing"]},
            {"name": "X", "levels": ["1%"], "partners": ["nobody"]},
            {"name": "X", "levels": ["1%"], "from": "soon"},
            {"name": "X", "levels": ["1%"], "gifts": True},
            {"name": "X", "levels": ["1%"], "to": "2020-01-01T00:00:00Z"},
        ],
    )
    def test_what_cannot_stand_is_refused(self, lampa: Shop, body: dict[str, Any]) -> None:
        assert lampa.call("POST", "/campaigns", body).status_code == 422

    def test_lists_go_on_by_their_cursor(self, lampa: Shop) -> None:
        for number in range(3):
            lampa.call("POST", "/campaigns", {"name": f"C{number}", "levels": ["1%"]})
            lampa.call("POST", "/groups", {"name": f"G{number}"})
            lampa.call("POST", "/terms", {"name": f"T{number}", "levels": ["1%"]})
        for path, wanted in (
            ("campaigns", ["C2", "C1", "C0"]),
            ("groups", ["G0", "G1", "G2"]),
            ("terms", ["Base terms", "T0", "T1", "T2"]),
        ):
            names: list[str] = []
            cursor: str | None = ""
            while cursor is not None:
                page = lampa.call("GET", f"/{path}?limit=2{cursor}").json
                assert page is not None
                names += [item["name"] for item in page["items"]]
                cursor = f"&cursor={page['next']}" if page["next"] else None
            assert names == wanted
            for wrong in ("limit=0", "limit=x", "limit=201", "cursor=x"):
                assert lampa.call("GET", f"/{path}?{wrong}").status_code == 422

    def test_another_merchants_campaign_is_not_there(self, app: App, lampa: Shop) -> None:
        kniga = Shop(app, "Kniga")
        made = kniga.call("POST", "/campaigns", {"name": "Autumn", "levels": ["1%"]}).json
        assert made is not None
        assert lampa.call("GET", f"/campaigns/{made['id']}").status_code == 404
        assert lampa.call("PATCH", f"/campaigns/{made['id']}", {"name": "X"}).status_code == 404
        assert lampa.call("POST", f"/campaigns/{made['id']}/stop").status_code == 404


def test_scopes_are_read_and_written_back(scene: Scene) -> None:
    group = service.create_group("Gold")
    read = read_scopes({"groups": ["gold"[0].upper() + "old"], "partners": ["VERA10", "anna"]})
    assert read == {"groups": [group.id], "partners": sorted([scene.vera.id, scene.anna.id])}
    written = written_scopes({"products": [], "categories": []} | read)
    assert written["partners"] == ["anna", "vera"]
