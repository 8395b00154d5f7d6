"""The merchant builds the registration, decides on applications, and corrects what was answered."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.identity import service as identity
from app.participation import queries, service
from app.participation.models import ConsentText, JoinRequest
from app.participation.rules import Kind, options_of
from app.partners import queries as partners
from app.tenancy import PLATFORM, public_id, tenant_scope
from tests.participation.post import send_letters
from tests.partners.calls import PASSWORD, Shop

if TYPE_CHECKING:
    from app.application import App
    from tests.harness.mailbox import Mailbox


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


@pytest.fixture
def kniga(app: App, _sound: None) -> Shop:
    return Shop(app, "Kniga")


def at(shop: Shop, rest: str = "") -> str:
    return f"/{shop.slug}/office/registration/{rest}"


def applicant(shop: Shop, name: str, **more: Any) -> None:
    email = f"{name.lower()}@{shop.domain}"
    body = {"name": name, "email": email, "status": "pending"} | more
    assert shop.call("POST", "/partners", body).status_code == 201


def status(shop: Shop, refcode: str) -> str:
    found = shop.call("GET", f"/partners/{refcode}").json
    assert found is not None
    return str(found["status"])


class TestTheForm:
    def test_questions_are_made_changed_moved_and_asked_no_more(self, lampa: Shop) -> None:
        browser = lampa.signed_in()
        for label, kind in (("City", "text"), ("Place", "choice"), ("Birthday", "date")):
            said = {"label_en": label, "label_ru": "", "required": "y"}
            said |= {"options_en": "Blog\nMarket"} if kind == "choice" else {}
            answer = browser.post(at(lampa, f"questions/new?kind={kind}"), data=said)
            assert answer.status_code == 303, answer.text
        browser.post(at(lampa, "questions/birthday/up"))
        browser.post(at(lampa, "questions/city/up"))  # stays where it is
        with lampa.scope():
            assert [q.key for q in queries.questions()] == ["city", "birthday", "place"]
        shown = browser.get(at(lampa, "questions/place")).text
        assert "Blog\nMarket" in shown
        said = {"label_en": "Where", "options_en": "Market\nBlog\nVK", "options_ru": "Рынок\nБлог"}
        assert browser.post(at(lampa, "questions/place"), data=said).status_code == 303
        with lampa.scope():
            place = queries.questions()[2]
            assert [(o.key, dict(o.label)) for o in place.options] == [
                ("market", {"en": "Market", "ru": "Рынок"}),
                ("blog", {"en": "Blog", "ru": "Блог"}),
                ("vk", {"en": "VK"}),
            ]
            assert not place.required
        browser.post(at(lampa, "questions/city/retire"))
        assert 'name="q_city"' not in lampa.app.test_client().get(f"/{lampa.slug}/join").text
        browser.post(at(lampa, "questions/city/restore"))
        with lampa.scope():
            assert [q.key for q in queries.questions()] == ["birthday", "place", "city"]

    @pytest.mark.parametrize(
        ("kind", "said"),
        [
            ("text", {"label_en": "", "help_en": "kept words"}),
            ("choice", {"label_en": "Where", "help_en": "kept words", "options_en": "Blog"}),
            ("several", {"label_en": "Where", "help_en": "kept words", "options_en": "A\nA"}),
            ("text", {"label_en": "x" * 201, "help_en": "kept words"}),
        ],
    )
    def test_a_question_that_cannot_stand_is_refused_and_kept(
        self, lampa: Shop, kind: str, said: dict[str, str]
    ) -> None:
        answer = lampa.signed_in().post(at(lampa, f"questions/new?kind={kind}"), data=said)
        assert answer.status_code == 422
        assert "kept words" in answer.text
        with lampa.scope():
            assert queries.questions() == []

    @pytest.mark.parametrize("sent", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a"])
    def test_what_is_no_picture_is_refused(self, lampa: Shop, sent: bytes) -> None:
        data = {"picture": (io.BytesIO(sent), "lamp.png")}
        answer = lampa.signed_in().post(at(lampa, "picture"), data=data)
        assert answer.status_code == 422
        with lampa.scope():
            assert queries.page().picture is None

    def test_a_picture_is_put_on_the_page_and_taken_off(self, lampa: Shop) -> None:
        drawn = io.BytesIO()
        Image.new("RGBA", (300, 200)).save(drawn, "PNG")
        browser = lampa.signed_in()
        data = {"picture": (io.BytesIO(drawn.getvalue()), "lamp.png")}
        assert browser.post(at(lampa, "picture"), data=data).status_code == 303
        assert "join/picture/" in browser.get(at(lampa, "page")).text
        assert browser.post(at(lampa, "picture/remove")).status_code == 303
        assert "join/picture/" not in lampa.app.test_client().get(f"/{lampa.slug}/join").text

    def test_who_may_join_is_set_and_a_contradiction_refused(self, lampa: Shop) -> None:
        browser = lampa.signed_in()
        said = {
            "registration": "auto",
            "min_orders": "3",
            "allowed": "Gold\n gold  club ",
            "forbidden": "",
        }
        assert (
            browser.post(
                at(lampa, "entry"), data=said | {"customer_group": " partners "}
            ).status_code
            == 303
        )
        with lampa.scope():
            assert queries.entry().allowed == {"gold", "gold club"}
        shown = browser.get(at(lampa, "entry")).text
        assert 'value="partners"' in shown
        bad = browser.post(at(lampa, "entry"), data=said | {"forbidden": "GOLD"})
        assert bad.status_code == 422
        assert "GOLD" in bad.text
        worse = browser.post(at(lampa, "entry"), data=said | {"min_orders": "-1"})
        assert worse.status_code == 422

    def test_a_text_gets_versions_and_two_writers_do_not_overwrite_each_other(
        self, lampa: Shop
    ) -> None:
        browser = lampa.signed_in()
        page = at(lampa, "consents/text?kind=offer")
        first = {"version": "0", "text_en": "Be honest.", "text_ru": "Честно."}
        assert browser.post(page, data=first).status_code == 303
        late = browser.post(page, data=first | {"text_en": "Be kind."})
        assert late.status_code == 409
        assert "Be kind." in late.text
        same = browser.post(page, data=first | {"version": "1"})
        assert same.status_code == 422
        assert (
            browser.post(
                page, data={"version": "1", "text_en": "Be kind.", "again": "y"}
            ).status_code
            == 303
        )
        with lampa.scope():
            rows = db.session.scalars(select(ConsentText).order_by(ConsentText.version)).all()
            assert [(r.version, r.again) for r in rows] == [(1, False), (2, True)]
        assert browser.get(at(lampa, "consents/text?kind=other")).status_code == 404


class TestDecisions:
    def test_many_are_approved_with_a_word_and_taken_back(
        self, lampa: Shop, mailbox: Mailbox
    ) -> None:
        with lampa.scope():
            service.make_question(Kind.TEXT, {"en": "Who are you?"}, help_text={})
            options = options_of({"en": ["Blog", "Market"]})
            service.make_question(Kind.SEVERAL, {"en": "Where?"}, help_text={}, options=options)
        answers = {"who-are-you": "A lamp lover", "where": ["market"]}
        applicant(lampa, "Anna", answers=answers)
        for name in ("Boris", "Vera"):
            applicant(lampa, name)
        browser = lampa.signed_in()
        queue = f"/{lampa.slug}/office/partners/applications"
        shown = browser.get(queue).text
        assert shown.count('form="decide"') == 3
        assert "A lamp lover; Market" in shown
        said = {"partner": ["anna", "boris"], "action": "approve", "word": "Welcome to all"}
        answer = browser.post(at(lampa, "decide"), data=said)
        assert answer.status_code == 303
        told = browser.get(queue).text
        assert "2 applications approved." in told
        assert [status(lampa, c) for c in ("anna", "boris", "vera")] == [
            "active",
            "active",
            "pending",
        ]
        send_letters(lampa)
        [letter] = mailbox.to(f"anna@{lampa.domain}")
        body = letter.get_body(("plain",))
        assert body is not None
        assert "Welcome to all" in body.get_content()
        lampa.call("POST", "/partners", {"name": "Below", "sponsor": "boris"})
        undo = re.search(r'action="(/[^"]+/decisions/\w+/undo)"', told)
        assert undo is not None
        browser.post(undo[1])
        after = browser.get(queue).text
        assert "1 application waits again." in after
        assert "something came already" in after
        assert [status(lampa, c) for c in ("anna", "boris")] == ["pending", "active"]
        send_letters(lampa)
        subjects = [str(m["Subject"]) for m in mailbox.to(f"anna@{lampa.domain}")]
        assert subjects[-1].startswith("Your application to")

    def test_a_refusal_taken_back_at_once_leaves_no_letter(
        self, lampa: Shop, mailbox: Mailbox
    ) -> None:
        applicant(lampa, "Vera")
        browser = lampa.signed_in()
        browser.post(
            at(lampa, "decide"), data={"partner": "vera", "action": "reject", "word": "Not now"}
        )
        assert status(lampa, "vera") == "rejected"
        told = browser.get(f"/{lampa.slug}/office/partners/applications").text
        undo = re.search(r'action="(/[^"]+/decisions/\w+/undo)"', told)
        assert undo is not None
        assert browser.post(undo[1]).status_code == 303
        assert status(lampa, "vera") == "pending"
        send_letters(lampa)
        assert mailbox.to(f"vera@{lampa.domain}") == []

    def test_a_refusal_tells_its_word(self, lampa: Shop, mailbox: Mailbox) -> None:
        applicant(lampa, "Vera")
        data = {"partner": "vera", "action": "reject", "word": "Only bloggers"}
        lampa.signed_in().post(at(lampa, "decide"), data=data)
        send_letters(lampa)
        [letter] = mailbox.to(f"vera@{lampa.domain}")
        body = letter.get_body(("plain",))
        assert body is not None
        assert "Only bloggers" in body.get_content()

    @pytest.mark.parametrize(
        "said",
        [{}, {"partner": "vera"}, {"partner": "vera", "action": "remove"}, {"action": "approve"}],
    )
    def test_nothing_chosen_changes_nothing(self, lampa: Shop, said: dict[str, str]) -> None:
        applicant(lampa, "Vera")
        assert lampa.signed_in().post(at(lampa, "decide"), data=said).status_code == 422
        assert status(lampa, "vera") == "pending"

    def test_another_merchants_applicants_and_decisions_are_out_of_reach(
        self, lampa: Shop, kniga: Shop
    ) -> None:
        applicant(kniga, "Vera")
        browser = lampa.signed_in()
        browser.post(at(lampa, "decide"), data={"partner": "vera", "action": "approve"})
        assert status(kniga, "vera") == "pending"
        with kniga.scope():
            batch = service.decide(["vera"], "approve").batch
        assert browser.post(at(lampa, f"decisions/{batch}/undo")).status_code == 404
        assert status(kniga, "vera") == "active"


class TestAgainstTheRules:
    def turned_away(self, shop: Shop) -> str:
        said = service.Applicant(name="Gleb", email="gleb@example.org", accepted_version=1)
        with shop.scope():
            row = JoinRequest(
                public_id=public_id("jr"),
                state="refused",
                name="Gleb",
                email="gleb@example.org",
                said=asdict(said),
                locale="en",
                why=[{"code": "orders", "has": 0, "wanted": 3, "group": ""}],
                created_at=clock.now(),
            )
            db.session.add(row)
            return row.public_id

    def test_staff_let_somebody_in_all_the_same(self, lampa: Shop) -> None:
        request = self.turned_away(lampa)
        browser = lampa.signed_in()
        assert "1 application was turned away" in browser.get(at(lampa)).text
        assert "Partners need 3 completed orders." in browser.get(at(lampa, "turned-away")).text
        answer = browser.post(at(lampa, f"turned-away/{request}/let-in"), data={"word": "A friend"})
        assert answer.status_code == 303
        assert status(lampa, "gleb") == "active"
        card = browser.get(at(lampa, "card/gleb")).text
        for words in ("A friend", "Let in against the rules", "by the registration form"):
            assert words in card
        assert browser.post(at(lampa, f"turned-away/{request}/let-in")).status_code == 409


class TestTheCard:
    def test_answers_are_corrected_and_retired_ones_stay_to_be_read(self, lampa: Shop) -> None:
        with lampa.scope():
            service.make_question(Kind.NUMBER, {"en": "Readers"}, help_text={}, required=True)
            service.make_question(Kind.TEXT, {"en": "City"}, help_text={})
        body = {"name": "Anna", "answers": {"readers": "10", "city": "Omsk"}}
        assert lampa.call("POST", "/partners", body).status_code == 201
        browser = lampa.signed_in()
        browser.post(at(lampa, "questions/city/retire"))
        card = browser.get(at(lampa, "card/anna")).text
        assert 'value="10"' in card
        assert "Omsk" in card
        bad = browser.post(at(lampa, "card/anna"), data={"q_readers": "many"})
        assert bad.status_code == 422
        assert 'value="many"' in bad.text
        assert browser.post(at(lampa, "card/anna"), data={"q_readers": "1,200"}).status_code == 303
        found = lampa.call("GET", "/partners/anna").json
        assert found is not None
        assert found["answers"] == {"readers": "1200", "city": "Omsk"}

    def test_who_only_reads_sees_answers_and_no_form(self, lampa: Shop) -> None:
        with lampa.scope():
            service.make_question(Kind.TEXT, {"en": "City"}, help_text={})
        lampa.call("POST", "/partners", {"name": "Anna", "answers": {"city": "Omsk"}})
        reader = lampa.staff("support")
        card = reader.get(at(lampa, "card/anna")).text
        assert "Omsk" in card
        assert 'name="q_city"' not in card
        assert reader.post(at(lampa, "card/anna"), data={"q_city": "Tomsk"}).status_code == 403

    def test_answers_leave_as_a_table_that_no_program_runs(self, lampa: Shop) -> None:
        with lampa.scope():
            service.make_question(Kind.TEXT, {"en": "City"}, help_text={})
        lampa.call("POST", "/partners", {"name": "Anna", "answers": {"city": "=cmd()"}})
        answer = lampa.signed_in().get(at(lampa, "answers"))
        rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
        assert rows[0][-1] == "City"
        assert (rows[1][0], rows[1][-1]) == ("anna", "'=cmd()")
        assert "attachment" in answer.headers["Content-Disposition"]
        assert lampa.signed_in().get(at(lampa, "answers?format=xlsx")).data.startswith(b"PK")

    def test_a_number_below_zero_stays_a_number(self, lampa: Shop) -> None:
        with lampa.scope():
            service.make_question(Kind.NUMBER, {"en": "Debt"}, help_text={})
        lampa.call("POST", "/partners", {"name": "Anna", "answers": {"debt": "-5"}})
        rows = lampa.signed_in().get(at(lampa, "answers")).get_data(as_text=True)
        assert ",-5" in rows


class TestTheApi:
    @pytest.mark.parametrize(
        ("answers", "field"),
        [
            ({"city": 7}, "answers"),
            ({"readers": "1e9"}, "answers.readers"),
            ({"nothing": "x"}, "answers.nothing"),
            ({"city": "x" * 301}, "answers.city"),
        ],
    )
    def test_answers_that_cannot_stand_are_named(
        self, lampa: Shop, answers: Any, field: str
    ) -> None:
        with lampa.scope():
            service.make_question(Kind.TEXT, {"en": "City"}, help_text={})
            service.make_question(Kind.NUMBER, {"en": "Readers"}, help_text={})
        answer = lampa.call("POST", "/partners", {"name": "Anna", "answers": answers})
        assert answer.status_code == 422, answer.text
        assert answer.json is not None
        assert any(e["field"].startswith(field) for e in answer.json["errors"])
        assert lampa.call("GET", "/partners/anna").status_code == 404

    def test_a_patch_changes_what_it_names(self, lampa: Shop) -> None:
        with lampa.scope():
            service.make_question(Kind.TEXT, {"en": "City"}, help_text={})
            service.make_question(Kind.YES, {"en": "Shop"}, help_text={})
        lampa.call("POST", "/partners", {"name": "Anna", "answers": {"city": "Omsk", "shop": True}})
        answer = lampa.call("PATCH", "/partners/anna", {"answers": {"shop": None}})
        assert answer.json is not None
        assert answer.json["answers"] == {"city": "Omsk"}


def open_cabinet(shop: Shop, email: str) -> Any:
    """Give the partner of an e-mail a password, and sign in."""
    with shop.scope():
        partner = partners.by_email(email)
        assert partner is not None
        person = identity.ensure_person(email, partner.name)
        with tenant_scope(PLATFORM):
            identity.change_password(person, PASSWORD)
    return shop.signed_in(email)


class TestWhatStandsBeforeTheCabinet:
    def anna(self, shop: Shop, **more: Any) -> Any:
        email = f"anna@{shop.domain}"
        assert (
            shop.call("POST", "/partners", {"name": "Anna", "email": email, **more}).status_code
            == 201
        )
        return open_cabinet(shop, email)

    def cabinet(self, shop: Shop, rest: str = "") -> str:
        return f"/{shop.slug}/cabinet/{rest}"

    def test_a_changed_offer_is_accepted_before_the_cabinet_opens(self, lampa: Shop) -> None:
        browser = self.anna(lampa)
        with lampa.scope():
            service.publish("offer", {"en": "Be honest."}, again=False)
        assert browser.get(self.cabinet(lampa)).status_code == 200
        with lampa.scope():
            service.publish("offer", {"en": "Be kinder."}, again=True)
        stopped = browser.get(self.cabinet(lampa, "settings"))
        assert stopped.status_code == 303
        offer = stopped.headers["Location"]
        assert (
            browser.post(self.cabinet(lampa, "settings"), data={"name": "Eve"}).status_code == 303
        )
        shown = browser.get(offer).text
        assert "Be kinder." in shown
        unticked = browser.post(offer, data={"seen": "offer:-:2"})
        assert unticked.status_code == 422
        stale = browser.post(offer, data={"seen": "offer:-:1", "accept_offer": "y"})
        assert stale.status_code == 409
        assert browser.get(self.cabinet(lampa)).status_code == 303
        accepted = browser.post(offer, data={"seen": "offer:-:2", "accept_offer": "y"})
        assert accepted.headers["Location"] == self.cabinet(lampa, "settings")
        settings = browser.get(self.cabinet(lampa, "settings"))
        assert settings.status_code == 200
        assert "Anna" in settings.text  # what was sent meanwhile was not taken
        assert "127.0.0.1" in lampa.signed_in().get(at(lampa, "card/anna")).text

    def test_changed_terms_are_accepted_by_those_who_are_on_them(self, lampa: Shop) -> None:
        lampa.call("POST", "/terms", {"name": "Gold", "levels": ["20%"]})
        anna = self.anna(lampa, terms="Gold")
        boris = f"boris@{lampa.domain}"
        lampa.call("POST", "/partners", {"name": "Boris", "email": boris})
        browser = lampa.signed_in()
        page = browser.get(at(lampa, "consents")).text
        addresses = re.findall(r'action="(/[^"]+/consents/terms/\w+)"', page)
        assert len(addresses) == 2
        assert browser.post(addresses[1]).status_code == 303
        assert browser.post(addresses[1]).status_code == 409
        assert anna.get(self.cabinet(lampa)).status_code == 303
        assert open_cabinet(lampa, boris).get(self.cabinet(lampa)).status_code == 200

    def test_money_goes_on_meanwhile(self, lampa: Shop) -> None:
        lampa.call("PATCH", "/merchant", {"hold_days": 0})
        browser = self.anna(lampa, refcode="anna")
        with lampa.scope():
            service.publish("offer", {"en": "Be kinder."}, again=True)
        order = {
            "status": "completed",
            "currency": "RUB",
            "created_at": clock.wall().isoformat(),
            "partner_code": "anna",
            "customer": {"id": "7"},
            "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
        }
        assert lampa.call("PUT", "/orders/A1", order).status_code == 200
        found = lampa.call("GET", "/partners/anna").json
        assert found is not None
        assert found["balance"]["available"] == "100.00"
        assert browser.get(self.cabinet(lampa)).status_code == 303

    def test_a_forbidden_group_closes_the_cabinet_and_staff_open_it_again(
        self, lampa: Shop
    ) -> None:
        email = f"anna@{lampa.domain}"
        browser = self.anna(lampa)
        with lampa.scope():
            service.set_entry(0, [], ["Wholesale"])
        assert browser.get(self.cabinet(lampa)).status_code == 200
        said = {"email": email, "group": "wholesale"}
        assert lampa.call("PUT", "/members/77", said).status_code == 200
        closed = browser.get(self.cabinet(lampa, "sales/"))
        assert closed.status_code == 403
        assert "stays yours" in closed.text
        office = lampa.signed_in()
        card = office.get(at(lampa, "card/anna")).text
        assert "This partner sees no cabinet" in card
        assert "wholesale" in card
        office.post(at(lampa, "card/anna/overrule"), data={"word": "He is our best"})
        assert browser.get(self.cabinet(lampa)).status_code == 200
        assert "He is our best" in office.get(at(lampa, "card/anna")).text
        assert office.post(at(lampa, "card/anna/uphold")).status_code == 303
        assert browser.get(self.cabinet(lampa)).status_code == 403
        assert office.post(at(lampa, "card/anna/uphold")).status_code == 409
        lampa.call("PUT", "/members/77", {"group": "retail"})
        assert browser.get(self.cabinet(lampa)).status_code == 200

    def test_letters_with_news_are_taken_back_and_wished_for_again(self, lampa: Shop) -> None:
        browser = self.anna(lampa)
        page = self.cabinet(lampa, "consents")
        assert browser.post(page, data={"what": "give"}).status_code == 409
        with lampa.scope():
            service.publish("marketing", {"en": "News once a month"}, again=True)
        assert browser.get(self.cabinet(lampa)).status_code == 200  # it never stands in the way
        browser.post(page, data={"what": "give"})
        assert "You get letters with news" in browser.get(page).text
        browser.post(page, data={"what": "withdraw"})
        assert "You get no letters with news" in browser.get(page).text
        with lampa.scope():
            partner = partners.by_refcode("anna")
            assert partner is not None
            assert [c.given for c in queries.consents_of(partner.id)] == [False, True]
