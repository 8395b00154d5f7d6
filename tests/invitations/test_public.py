"""The guest's page, and the secret page of a partner without an account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from app import clock, jobs
from app.invitations import queries, service
from app.participation import service as joining
from app.participation.queries import consents_of
from app.participation.rules import Kind
from app.partners import queries as partners
from app.tenants import queries as tenants
from tests.invitations.test_service import asked, fresh, invited, letter_to, token_in
from tests.notifications import scene
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant, World


def page_of(app: App, merchant: Merchant, partner_id: int) -> str:
    """Open a partner's page; returns its path."""

    def act() -> str:
        partner, tenant = partners.by_id(partner_id), tenants.tenant(merchant.id)
        assert partner is not None
        assert tenant is not None
        return service.page_address(service.make_page(partner), tenant.slug)

    with app.app_context():
        return urlsplit(jobs.in_transaction(act, merchant.id)).path


def sell(client: FlaskClient, merchant: Merchant, code: str, number: str = "A-1001") -> None:
    """Let Gleb buy by a partner's code."""
    order = {
        "status": "completed", "currency": "RUB", "created_at": clock.wall().isoformat(),
        "partner_code": code,
        "customer": {"id": number, "name": "Gleb Petrov", "email": f"gleb@{number.lower()}.example"},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
    }  # fmt: skip
    answer = client.put(f"/api/v1/orders/{number}", json=order, headers=merchant.bearer)
    assert answer.status_code == 200, answer.text


def test_a_guest_opens_reads_joins_and_is_led_to_a_password(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    email = fresh("anna")
    with app.app_context():
        asked(lampa, f"{email},Anna,,,,ANNA10")
        jobs.send_invitations()
        token = token_in(letter_to(lampa, email))
    there = f"/{lampa.slug}/invited/{token}"
    client.get(there, headers={"Sec-Purpose": "prefetch"})
    with app.app_context():
        assert invited(lampa, email).state == "sent"
    page = client.get(there)
    assert page.status_code == 200
    assert "ANNA10" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page.headers["X-Robots-Tag"]
    with app.app_context():
        assert invited(lampa, email).state == "opened"
    unread = client.post(there, data={"name": "Anna", "version": "0", "accepted": "y"})
    assert unread.status_code == 409
    assert client.post(there, data={"name": "", "version": "1"}).status_code == 422
    answer = client.post(there, data={"name": "Anna", "version": "1", "accepted": "y"})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/password?token=")
    assert "password" in client.get(answer.headers["Location"], follow_redirects=True).text
    assert client.get(there).status_code == 404
    assert (
        client.post(there, data={"name": "A", "version": "1", "accepted": "y"}).status_code == 404
    )


def test_the_guest_answers_the_merchants_own_form_and_agrees_to_its_texts(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    email = fresh("anna")

    def build() -> None:
        joining.make_question(Kind.TEXT, {"en": "Where do you write?"}, help_text={}, required=True)
        joining.publish("offer", {"en": "The rules of Lampa."}, again=False)
        joining.publish("personal", {"en": "How data are kept."}, again=False)
        joining.publish("marketing", {"en": "A letter a month."}, again=False)

    with app.app_context():
        jobs.in_transaction(build, lampa.id)
        asked(lampa, f"{email},Anna,,,,ANNA10")
        jobs.send_invitations()
        there = f"/{lampa.slug}/invited/{token_in(letter_to(lampa, email))}"
    page = client.get(there).text
    for words in ("Where do you write?", "The rules of Lampa.", "A letter a month."):
        assert words in page
    assert 'name="email"' not in page
    [key] = re.findall(r'name="(q_[^"]+)"', page)
    shown = {"name": "Anna", "version": "1", "shown": "marketing:1,offer:1,personal:1"}
    said = shown | {
        "accepted": "y",
        "consent_personal": "y",
        key: "In my blog",
        "site": "blog.example",
    }
    for missing in (key, "consent_personal", "accepted"):
        refused = client.post(there, data={k: v for k, v in said.items() if k != missing})
        assert refused.status_code == 422, missing
    stale = client.post(there, data=said | {"shown": "offer:1,personal:1"})
    assert stale.status_code == 409
    assert "checked" not in stale.text
    assert client.post(there, data=said).status_code == 303

    def kept() -> tuple[dict[str, str], str | None, list[tuple[str, int, bool]]]:
        partner = partners.by_email(email)
        assert partner is not None
        agreed = consents_of(partner.id)
        return partner.answers, partner.site, [(c.kind, c.version, c.given) for c in agreed]

    with app.app_context():
        answers, site, agreed = jobs.in_transaction(kept, lampa.id)
    assert list(answers.values()) == ["In my blog"]
    assert site is not None
    assert "blog.example" in site
    assert sorted(agreed) == [("offer", 1, True), ("personal", 1, True), ("terms", 1, True)]


@pytest.mark.parametrize("token", ["", "x", "0" * 48, "a" * 500, "..%2f"])
def test_a_guessed_address_is_nobodys(client: FlaskClient, lampa: Merchant, token: str) -> None:
    for kind in ("invited", "sales"):
        assert client.get(f"/{lampa.slug}/{kind}/{token}").status_code == 404


def test_the_secret_page_shows_sales_and_nothing_of_buyers_until_it_is_closed(
    app: App, client: FlaskClient, lampa: Merchant, kniga: Merchant
) -> None:
    with app.app_context():
        vera = scene.make_partner(lampa, "Vera", email="", codes=["VERA10"])
        scene.make_partner(lampa, "Anna", codes=["ANNA10"])
    there = page_of(app, lampa, vera)
    sell(client, lampa, "VERA10")
    sell(client, lampa, "ANNA10", "A-1002")
    page = client.get(there)
    assert page.status_code == 200
    assert "VERA10" in page.text
    assert "100.00" in page.text
    assert "1 line" in page.text  # what others sold makes no line, and no line twice
    for secret in ("Gleb", "gleb@", "A-1001"):
        assert secret not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert client.post(there).status_code == 405
    assert client.get(there.replace(lampa.slug, kniga.slug)).status_code == 404
    second = page_of(app, lampa, vera)  # another address ends the first
    assert client.get(there).status_code == 404
    assert client.get(second).status_code == 200

    def close() -> None:
        partner = partners.by_id(vera)
        assert partner is not None
        service.revoke_page(partner)

    with app.app_context():
        jobs.in_transaction(close, lampa.id)
    assert client.get(second).status_code == 404


def test_the_office_makes_shows_and_closes_the_page_and_support_may_not(
    app: App, client: FlaskClient, world: World
) -> None:
    with app.app_context():
        vera = scene.make_partner(world.lampa, "Vera", email="", refcode="vera")
    there = world.lampa.office("invitations/of/vera/")
    sign_in(client, world.lampa.staff["support"])
    assert client.post(f"{there}page").status_code == 403
    sign_in(client, world.lampa.staff["manager"])
    assert client.post(f"{there}page").status_code == 303
    assert f"/{world.lampa.slug}/sales/" in client.get(there).text
    assert client.post(f"{there}page/revoke").status_code == 303
    with app.app_context():
        assert jobs.in_transaction(lambda: queries.page_of(vera), world.lampa.id) is None
    bad = client.post(f"{there}invite", data={"email": "nonsense"})
    assert bad.status_code == 422
    assert client.post(f"{there}invite", data={"email": fresh("vera")}).status_code == 303
