"""The desk, blocks and disputes at the doors: what is shown, to whom, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app import clock, jobs
from app.events.models import Event
from app.extensions import db
from app.identity import service as identity
from app.partners.models import Partner
from tests.partners.calls import PASSWORD, Shop

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App

SIGNS = {"email": "y", "loop": "y", "coupon_site": "y"}
LIMITS = {
    "flood_clicks": 30,
    "flood_minutes": 10,
    "loops": 2,
    "loop_days": 30,
    "site_share": 50,
    "forbidden": "all",
}


class Lampa(Shop):
    """Lampa with Anna, who has a cabinet."""

    def __init__(self, app: App) -> None:
        super().__init__(app, "Lampa")
        self.anna = f"anna@{self.domain}"
        body = {"name": "Anna", "refcode": "anna", "email": self.anna, "codes": ["ANNA10"]}
        assert self.call("POST", "/partners", body).status_code == 201
        with self.scope():
            person = identity.ensure_person(self.anna, "Anna")
            identity.change_password(person, PASSWORD)
            partner = db.session.scalars(db.select(Partner)).one()
            if partner.person_id is None:
                identity.join(person, self.id, "partner", partner.id)
                partner.person_id = person.id

    def office(self, path: str) -> str:
        return f"/{self.slug}/office/trust/{path}"

    def cabinet(self, path: str = "") -> str:
        return f"/{self.slug}/cabinet/{path}"

    def order(self, number: str, **said: Any) -> dict[str, Any]:
        body = {
            "number": number,
            "status": "completed",
            "currency": "RUB",
            "created_at": clock.wall().isoformat(),
            "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
            "customer": {"id": number, "email": f"{number.lower()}@example.org"},
        } | said
        answer = self.call("PUT", f"/orders/{number}", body)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.get_json()
        return found


@pytest.fixture
def lampa(app: App, _sound: None) -> Lampa:
    return Lampa(app)


@pytest.fixture
def owner(lampa: Lampa) -> FlaskClient:
    """The owner has switched three signs on."""
    browser = lampa.signed_in()
    said = SIGNS | LIMITS | {"sites": "promokodi.example"}
    assert browser.post(lampa.office("policy"), data=said).status_code == 303
    return browser


def held(lampa: Lampa, number: str = "A1") -> str:
    """Let Anna order from another address of her own mailbox; return the deal."""
    own = {"id": "5", "email": f"anna+shop@{lampa.domain}"}
    found = lampa.order(number, partner_code="ANNA10", customer=own)
    assert found["deal"]["review"] == "held"
    return str(found["deal"]["id"])


def decide(
    browser: FlaskClient, lampa: Lampa, word: str, *deals: str, said: str = ""
) -> TestResponse:
    data = {"deal": list(deals), "word": word, "said": said}
    return browser.post(lampa.office("decide"), data=data)


def test_a_held_deal_is_told_in_the_answer_to_the_shop(lampa: Lampa, owner: FlaskClient) -> None:
    deal = held(lampa)
    told = lampa.call("GET", "/orders/A1").get_json()["deal"]
    assert (told["id"], told["available_at"], told["shares"][0]["bucket"]) == (
        deal,
        None,
        "pending",
    )
    assert told["shares"][0]["why"].endswith(
        "On hold until the merchant has released or refused this sale."
    )


def test_the_desk_lists_what_waits_with_its_signs_and_the_menu_counts_it(
    lampa: Lampa, owner: FlaskClient
) -> None:
    deal = held(lampa)
    page = owner.get(lampa.office("")).text
    assert ("Same mailbox" in page, deal in page) == (True, True)
    assert '<span class="side-count">1</span>' in page
    assert "A1" in owner.get(lampa.office("?sign=email")).text
    assert (
        "A1"
        not in owner.get(lampa.office("?sign=loop")).text.split("<tbody>")[-1].split("</main")[0]
    )
    case = owner.get(lampa.office(f"deals/{deal}")).text
    assert ("tags after a plus" in case, "anna+shop@" in case) == (True, True)


def test_many_deals_are_released_in_one_act_and_taken_back_from_the_toast(
    lampa: Lampa, owner: FlaskClient
) -> None:
    deals = [held(lampa, f"A{n}") for n in (1, 2)]
    answer = decide(owner, lampa, "release", *deals)
    assert answer.status_code == 303
    page = owner.get(answer.headers["Location"]).text
    assert ("2 deals are released." in page, "Nothing waits" in page) == (True, True)
    undo = next(
        part.split('"')[0] for part in page.split('action="') if "/acts/" in part.split('"')[0]
    )
    assert owner.post(undo).status_code == 303
    assert "A2" in owner.get(lampa.office("")).text
    assert owner.post(undo).status_code == 409


def test_a_refusal_asks_for_a_word_and_the_partner_reads_it(
    lampa: Lampa, owner: FlaskClient
) -> None:
    deal = held(lampa)
    answer = decide(owner, lampa, "refuse", deal)
    assert (answer.status_code, "Say why" in answer.text) == (422, True)
    assert decide(owner, lampa, "refuse", said="Nobody ticked.").status_code == 422
    assert decide(owner, lampa, "refuse", deal, said="x" * 501).status_code == 422
    assert decide(owner, lampa, "dance", deal).status_code == 404
    assert decide(owner, lampa, "refuse", deal, said="Your own <order>.").status_code == 303
    anna = lampa.signed_in(lampa.anna)
    page = anna.get(lampa.cabinet(f"sales/{deal}/")).text
    assert ("Your own &lt;order&gt;." in page, "Same mailbox" in page) == (True, False)
    assert "A1" in owner.get(lampa.office("decided?standing=refused")).text


def test_the_partner_reads_neutral_words_of_a_held_sale(lampa: Lampa, owner: FlaskClient) -> None:
    deal = held(lampa)
    page = lampa.signed_in(lampa.anna).get(lampa.cabinet(f"sales/{deal}/")).text
    assert "On hold until the merchant has released or refused this sale." in page
    assert "mailbox" not in page


def test_a_policy_that_cannot_be_is_refused_with_the_input_kept(
    lampa: Lampa, owner: FlaskClient
) -> None:
    bad = SIGNS | LIMITS | {"sites": "no site at all", "loops": 0}
    answer = owner.post(lampa.office("policy"), data=bad)
    assert (answer.status_code, "no site at all" in answer.text) == (422, True)
    kept = owner.get(lampa.office("policy")).text
    assert "promokodi.example" in kept


def test_support_reads_the_desk_and_decides_nothing(lampa: Lampa, owner: FlaskClient) -> None:
    deal = held(lampa)
    support = lampa.staff("support")
    page = support.get(lampa.office(f"deals/{deal}"))
    assert (page.status_code, 'value="refuse"' in page.text) == (200, False)
    assert decide(support, lampa, "release", deal).status_code == 403


BLOCK = {
    "reason": "Own orders",
    "letter": "y",
    "deals": "keep",
    "money": "hold",
    "requests": "keep",
    "links": "on",
}


def seen(page: str) -> str:
    return page.split('name="seen"')[1].split('value="')[1].split('"', maxsplit=1)[0]


def test_a_block_is_done_only_when_its_figures_were_seen(lampa: Lampa, owner: FlaskClient) -> None:
    lampa.order("A9", partner_code="ANNA10")
    there = lampa.office("partners/anna/block")
    assert owner.post(there, data=BLOCK | {"reason": ""}).status_code == 422
    assert owner.post(there, data=BLOCK | {"deals": "refuse"}).status_code == 422
    wish = BLOCK | {"deals": "refuse", "refuse_from": clock.today("Europe/Moscow").isoformat()}
    shown = owner.post(there, data=wish)
    assert (shown.status_code, "Deals that are refused" in shown.text) == (200, True)
    other = owner.post(there, data=wish | {"money": "keep", "seen": seen(shown.text)})
    assert (other.status_code, lampa.call("GET", "/partners/anna").get_json()["status"]) == (
        200,
        "active",
    )
    assert owner.post(there, data=wish | {"seen": seen(shown.text)}).status_code == 303
    assert lampa.call("GET", "/orders/A9").get_json()["deal"]["review"] == "refused"
    page = owner.get(there).text
    lift = next(p.split('"')[0] for p in page.split('action="') if "/lift" in p.split('"')[0])
    assert owner.post(lift).status_code == 303
    told = lampa.call("GET", "/partners/anna").get_json()["status"]
    assert (told, owner.post(lift).status_code) == ("active", 409)
    assert lampa.call("GET", "/orders/A9").get_json()["deal"]["commission"] == "100.00"


def test_a_partner_who_was_blocked_by_the_interface_is_unblocked_plainly(
    lampa: Lampa, owner: FlaskClient
) -> None:
    lampa.call("PATCH", "/partners/anna", {"status": "blocked"})
    page = owner.get(lampa.office("partners/anna/block")).text
    assert ("Blocked without further consequences" in page, "card/anna/unblock" in page) == (
        True,
        True,
    )


def ask(anna: FlaskClient, lampa: Lampa, number: str) -> str:
    answer = anna.post(lampa.cabinet("missing/"), data={"number": number})
    assert answer.status_code == 200
    return answer.text.split("<main")[1].replace(number, "#")


def test_a_number_that_nobody_has_and_one_without_a_trace_are_answered_alike(
    lampa: Lampa, owner: FlaskClient
) -> None:
    lampa.order("B1", customer={"id": "7", "email": "gleb@example.org", "name": "Gleb"})
    anna = lampa.signed_in(lampa.anna)
    assert ask(anna, lampa, "B1") == ask(anna, lampa, "B2")
    assert anna.post(lampa.cabinet("missing/"), data={"number": " "}).status_code == 422


def test_a_lost_claim_names_neither_the_winner_nor_the_customer(
    lampa: Lampa, owner: FlaskClient
) -> None:
    boris = {"name": "Boris", "refcode": "boris", "codes": ["BORIS10"]}
    lampa.call("POST", "/partners", boris)
    buyer = {"id": "7", "email": "gleb@example.org", "name": "Gleb Orlov"}
    lampa.order("B1", partner_code="BORIS10", coupons=["ANNA10"], customer=buyer)
    page = ask(lampa.signed_in(lampa.anna), lampa, "B1")
    assert "Another claim is stronger" in page
    assert not [word for word in ("oris", "BORIS10", "Gleb", "gleb@") if word in page]


def test_questions_are_counted_so_that_numbers_cannot_be_guessed(
    app: App, lampa: Lampa, owner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = lampa.signed_in(lampa.anna)
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    told = [
        anna.post(lampa.cabinet("missing/"), data={"number": f"B{n}"}).status_code
        for n in range(31)
    ]
    assert (set(told[:30]), told[30]) == ({200}, 429)


def test_a_dispute_goes_from_the_question_to_the_answer(lampa: Lampa, owner: FlaskClient) -> None:
    lampa.order("B1")
    anna = lampa.signed_in(lampa.anna)
    there = lampa.cabinet("missing/ask")
    assert anna.post(there, data={"number": "B1", "text": " "}).status_code == 422
    assert anna.post(there, data={"number": "", "text": "x"}).status_code == 422
    answer = anna.post(there, data={"number": "B1", "text": "By my <link>."})
    assert answer.status_code == 303
    own = answer.headers["Location"]
    dispute = own.rstrip("/").rpartition("/")[2]
    page = owner.get(lampa.office(f"disputes/{dispute}")).text
    assert ("By my &lt;link&gt;." in page, "Count it for the partner" in page) == (True, True)
    assert (
        owner.post(lampa.office(f"disputes/{dispute}/remark"), data={"text": ""}).status_code == 422
    )
    said = {"text": "Which link?"}
    assert owner.post(lampa.office(f"disputes/{dispute}/remark"), data=said).status_code == 303
    assert "Which link?" in anna.get(own).text
    assert anna.post(f"{own}/remark", data={"text": "The short one."}).status_code == 303
    assert "100.00" in owner.get(lampa.office(f"disputes/{dispute}/attribute")).text
    decline = lampa.office(f"disputes/{dispute}/decline")
    assert owner.post(decline, data={"text": ""}).status_code == 422
    counted = owner.post(lampa.office(f"disputes/{dispute}/attribute"), data={"text": "Right."})
    assert counted.status_code == 303
    assert lampa.call("GET", "/orders/B1").get_json()["deal"]["refcode"] == "anna"
    assert ("Right." in anna.get(own).text, anna.post(f"{own}/withdraw").status_code) == (True, 409)
    assert owner.post(lampa.office(f"disputes/{dispute}/reopen")).status_code == 303
    assert lampa.call("GET", "/orders/B1").get_json()["deal"] is None
    assert anna.post(f"{own}/withdraw").status_code == 303
    assert "Withdrawn" in owner.get(lampa.office("disputes/?state=withdrawn")).text


def test_programs_read_disputes_and_settle_them(lampa: Lampa, owner: FlaskClient) -> None:
    lampa.order("B1")
    anna = lampa.signed_in(lampa.anna)
    for number in ("B1", "B2"):
        anna.post(lampa.cabinet("missing/ask"), data={"number": number, "text": "By my link."})
    listed = lampa.call("GET", "/disputes?state=open&limit=1").get_json()
    assert [each["number"] for each in listed["items"]] == ["B2"]
    [first] = lampa.call("GET", f"/disputes?cursor={listed['next']}").get_json()["items"]
    assert (first["partner"], first["verdict"]) == ("anna", "unknown")
    assert first["thread"][0]["by"] == "partner"
    there = f"/disputes/{first['id']}/decision"
    assert lampa.call("POST", there, {"decision": "perhaps"}).status_code == 422
    assert lampa.call("POST", there, {"decision": "decline", "reason": " "}).status_code == 422
    settled = lampa.call("POST", there, {"decision": "attribute", "reason": "Right."}).get_json()
    assert (settled["state"], settled["reason"]) == ("attributed", "Right.")
    assert lampa.call("GET", "/orders/B1").get_json()["deal"]["refcode"] == "anna"
    assert lampa.call("POST", there, {"decision": "attribute"}).status_code == 409
    assert lampa.call("GET", f"/disputes/{first['id']}").get_json()["state"] == "attributed"
    for bad in ("?state=x", "?limit=0", "?cursor=x"):
        assert lampa.call("GET", f"/disputes{bad}").status_code == 422


def test_the_hourly_job_writes_to_staff_once_of_what_is_overdue(
    lampa: Lampa, owner: FlaskClient
) -> None:
    anna = lampa.signed_in(lampa.anna)
    anna.post(lampa.cabinet("missing/ask"), data={"number": "B1", "text": "By my link."})
    with lampa.app.app_context(), clock.moved_to(clock.wall() + timedelta(days=8)):
        for _ in range(2):
            jobs.remind()
    with lampa.scope():
        late = db.select(Event).where(Event.type == "dispute.overdue")
        assert len(db.session.scalars(late).all()) == 1
