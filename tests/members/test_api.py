"""PUT and GET of customers: who they are, and to whom they are bound before any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.attribution.explain import unbound
from app.attribution.models import Enrolment
from app.attribution.queries import MOST_OF_A_VISIT, Entry, enrolments
from app.extensions import db
from app.members import queries
from app.partners.service import NewPartner, create
from app.tenants import service as tenants
from tests.harness import invariants

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant

GLEB = {"name": "Gleb", "email": "Gleb@Example.org", "phone": "8 916 123-45-67", "group": "retail"}


@pytest.fixture
def shop(app: App, lampa: Merchant) -> Merchant:
    """Lampa with Anna and Boris."""
    with app.app_context(), lampa.scope():
        create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
        create(NewPartner(name="Boris", refcode="boris", email="boris@example.org"))
        db.session.commit()
    return lampa


def put(client: FlaskClient, shop: Merchant, member: str = "77", **said: Any) -> Any:
    return client.put(f"/api/v1/members/{member}", json=said, headers=shop.bearer)


def order(client: FlaskClient, shop: Merchant, number: str, minutes: int, **said: Any) -> Any:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    body = {
        "status": "paid",
        "currency": "RUB",
        "created_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "customer": {"id": "77"},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
        **said,
    }
    return client.put(f"/api/v1/orders/{number}", json=body, headers=shop.bearer).get_json()


def test_a_customer_is_said_and_read_again(client: FlaskClient, shop: Merchant) -> None:
    said = GLEB | {"birthday": "1990-05-17", "registered_at": "2026-11-01T10:00:00+03:00"}
    answer = put(client, shop, **said)
    assert answer.status_code == 200
    assert answer.get_json() == {
        "id": "77",
        "name": "Gleb",
        "email": "gleb@example.org",
        "phone": "+79161234567",
        "group": "retail",
        "birthday": "1990-05-17",
        "registered_at": "2026-11-01T07:00:00Z",
        "birthday_fixed": False,
        "locale": None,
        "letters": True,
        "partner": None,
        "reason": "no_claim",
        "reason_text": "Nothing came that speaks for a partner: no click, no code.",
        "claims": [],
        "coupon": None,
    }
    kept = put(client, shop, group=None).get_json()
    assert (kept["name"], kept["group"]) == ("Gleb", None)
    found = client.get("/api/v1/members/77", headers=shop.bearer)
    assert found.get_json() == kept
    assert client.get("/api/v1/members/78", headers=shop.bearer).status_code == 404


def test_a_code_at_registration_binds_before_any_order(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    bound = put(client, shop, **GLEB, partner_code="anna10").get_json()["partner"]
    assert (bound["refcode"], bound["until"], bound["how"]) == ("anna", None, "registered")
    assert order(client, shop, "A1", 5)["deal"]["partner"]["refcode"] == "anna"
    older = order(client, shop, "A0", -60)
    assert (older["deal"], older["reason"]) == (None, "no_claim")
    with app.app_context(), shop.scope():
        assert invariants.broken() == []


def test_the_first_sound_evidence_stands_and_all_is_kept_with_why(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    put(client, shop, ref="nobody")
    put(client, shop, ref="anna")
    assert put(client, shop, ref="boris").get_json()["partner"]["refcode"] == "anna"
    put(client, shop, ref="anna")
    with app.app_context(), shop.scope():
        member = queries.by_external(shop.shop_id, "77")
        assert member is not None
        found = [(e.evidence, e.won, e.why) for e in enrolments(member.id)]
        assert db.session.query(Enrolment).count() == 3
    assert found == [
        ("anna", True, "won"),
        ("nobody", False, "unknown"),
        ("boris", False, "weaker"),
    ]


def test_an_order_that_was_here_first_is_settled_again(client: FlaskClient, shop: Merchant) -> None:
    """The order comes before the registration is told, and was placed after it."""
    assert order(client, shop, "A1", 5)["deal"] is None
    put(client, shop, partner_code="ANNA10")
    found = client.get("/api/v1/orders/A1", headers=shop.bearer).get_json()
    assert found["deal"]["commission"] == "100.00"


def test_a_known_customer_is_not_bound_where_those_are_ignored(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    with app.app_context(), shop.scope():
        tenants.change_settings({"existing": "ignore"})
        db.session.commit()
    known = {"registered_at": "2026-01-01T10:00:00+03:00"}
    said = put(client, shop, **known, ref="anna").get_json()
    assert (said["partner"], said["reason"]) == (None, "existing_customer")


def test_nobody_is_bound_to_himself(client: FlaskClient, shop: Merchant) -> None:
    said = put(client, shop, email="boris@example.org", ref="boris").get_json()
    assert (said["partner"], said["reason"]) == (None, "self_referral")


def test_the_answer_says_why_evidence_did_not_bind(client: FlaskClient, shop: Merchant) -> None:
    nobody = put(client, shop, ref="nobody").get_json()
    words = "The code or link belongs to no partner."
    assert (nobody["partner"], nobody["reason"], nobody["reason_text"]) == (None, "unknown", words)
    put(client, shop, partner_code="ANNA10")
    late = put(client, shop, ref="boris").get_json()
    assert (late["partner"]["refcode"], late["reason"], late["reason_text"]) == ("anna", None, None)
    told = [(c["kind"], c["evidence"], c["partner"], c["won"], c["reason"]) for c in late["claims"]]
    assert told == [
        ("partner_code", "ANNA10", "Anna", True, "won"),
        ("ref", "nobody", None, False, "unknown"),
        ("ref", "boris", "Boris", False, "weaker"),
    ]
    assert {c["how"] for c in late["claims"]} == {"registered"}
    assert late["claims"][2]["reason_text"] == "Something that came earlier stands."
    assert client.get("/api/v1/members/77", headers=shop.bearer).get_json() == late


def test_what_bound_and_holds_no_longer_is_told_so() -> None:
    won = Entry("ref", "anna", "Anna", None, won=True, why="won", how="registered")
    lost = Entry("ref", "x", None, None, won=False, why="unknown", how="registered")
    assert unbound(None, [won, lost]) == "outside_window"
    assert unbound(None, [lost]) == "unknown"
    assert unbound(None, []) == "no_claim"


def test_where_bindings_do_not_last_a_registration_holds_for_the_window(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    with app.app_context(), shop.scope():
        tenants.change_settings({"lifetime": False, "window_days": 30})
        db.session.commit()
    bound = put(client, shop, ref="anna").get_json()["partner"]
    since, until = (datetime.fromisoformat(bound[name]) for name in ("since", "until"))
    assert until - since == timedelta(days=30)
    assert order(client, shop, "A1", 60)["deal"]["partner"]["refcode"] == "anna"
    assert order(client, shop, "A2", 31 * 24 * 60)["deal"] is None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"email": "gleb"}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"birthday": "1990-02-30"}, "birthday"),
        ({"birthday": 1990}, "birthday"),
        ({"registered_at": "yesterday"}, "registered_at"),
        ({"name": 7}, "name"),
        ({"click": ""}, "click"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    client: FlaskClient, shop: Merchant, said: dict[str, Any], field: str
) -> None:
    answer = put(client, shop, **said)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == [field]
    assert client.get("/api/v1/members/77", headers=shop.bearer).status_code == 404


@pytest.mark.parametrize("member", ["0", "%20"])
def test_a_guest_has_no_card(client: FlaskClient, shop: Merchant, member: str) -> None:
    assert put(client, shop, member, name="Gleb").status_code == 422


def lead(
    client: FlaskClient, shop: Merchant, said: dict[str, str], origin: str | None = None
) -> TestResponse:
    origin = origin or f"https://{shop.slug}.example"
    return client.post(f"/t/{shop.slug}/lead", data=said, headers={"Origin": origin})


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://[", "null", "https://x.evil", "https://{}.example.evil"],
)
def test_a_lead_that_no_page_of_the_shop_reports_binds_nobody(
    client: FlaskClient, shop: Merchant, origin: str
) -> None:
    said = {"click": "ref:anna", "email": "gleb@example.org"}
    assert lead(client, shop, said, origin.format(shop.slug)).status_code == 204
    assert put(client, shop, **GLEB).get_json()["partner"] is None


def test_a_page_below_the_shops_domain_may_report_a_lead(
    client: FlaskClient, shop: Merchant
) -> None:
    said = {"click": "ref:anna", "email": "gleb@example.org"}
    lead(client, shop, said, f"https://blog.{shop.slug}.example")
    assert put(client, shop, **GLEB).get_json()["partner"]["refcode"] == "anna"


def test_one_visit_stands_for_a_few_people_and_not_for_a_bought_list(
    client: FlaskClient, shop: Merchant
) -> None:
    click = client.post("/api/v1/clicks", json={"ref": "anna"}, headers=shop.bearer).json["click"]
    for number in range(MOST_OF_A_VISIT + 2):
        lead(client, shop, {"click": click, "email": f"buyer{number}@example.org"})
    bound = []
    for number in range(MOST_OF_A_VISIT + 2):
        email = f"buyer{number}@example.org"
        bound.append(put(client, shop, str(number + 1), email=email).get_json()["partner"])
    assert [partner is not None for partner in bound] == [True] * MOST_OF_A_VISIT + [False] * 2


def test_a_strangers_form_changes_no_card_and_moves_no_known_customer(
    client: FlaskClient, shop: Merchant
) -> None:
    put(client, shop, **GLEB)
    order(client, shop, "A1", -60)
    said = {"click": "ref:boris", "email": "gleb@example.org", "name": "Mallory"}
    answer = lead(client, shop, said)
    assert (answer.status_code, answer.data) == (204, b"")
    found = client.get("/api/v1/members/77", headers=shop.bearer).get_json()
    assert (found["name"], found["partner"]) == ("Gleb", None)
    for nonsense in ({}, {"click": "ck_x"}, {"click": "ref:\0", "email": "a@b.c"}, {"email": "\0"}):
        assert lead(client, shop, nonsense).status_code == 204


def test_a_guests_form_counts_for_the_account_he_opens_later(
    client: FlaskClient, shop: Merchant
) -> None:
    said = {"click": "ref:anna", "email": "gleb@example.org"}
    assert lead(client, shop, said).status_code == 204
    bound = put(client, shop, **GLEB).get_json()["partner"]
    assert (bound["refcode"], bound["how"]) == ("anna", "subscribed")
