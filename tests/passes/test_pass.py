"""The cabinet opened by the shop: once, for minutes, for one partner of one merchant, and nothing beyond."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock, crypto
from app.calls.rules import Mask
from app.extensions import db
from app.identity import service as identity
from app.partners import queries as partners
from app.passes import service
from app.passes.models import Pass
from app.web import log
from tests.harness.together import together
from tests.passes.setting import link, make_partner, path
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def lampa(client: FlaskClient, lampa: Merchant) -> Merchant:
    make_partner(client, lampa)
    return lampa


def token_of(text: str) -> str:
    found = re.search(r'name="token" value="(ct_[^"]+)"', text)
    assert found, text
    return found[1]


class TestALink:
    def test_opens_the_cabinet_in_its_own_window_once_and_leaves_no_secret_in_the_address(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        told = link(client, lampa)
        browser = app.test_client()
        followed = browser.get(path(told["url"]))
        assert followed.status_code == 303
        assert followed.headers["Location"] == lampa.cabinet()
        assert followed.headers["Referrer-Policy"] == "no-referrer"
        home = browser.get(lampa.cabinet())
        assert home.status_code == 200
        assert "Anna" in home.text
        assert browser.get(lampa.cabinet("account/")).status_code == 200
        other = app.test_client().get(path(told["url"]))
        assert other.status_code == 403
        assert "Anna" not in other.text

    def test_is_kept_as_a_hash_alone_and_masked_in_the_logs(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        plain = path(link(client, lampa)["url"]).rpartition("/")[2]
        with app.app_context(), lampa.scope():
            row = db.session.scalars(select(Pass)).one()
            assert row.link_hash == crypto.digest(plain)
            assert plain not in repr(vars(row))
        assert plain not in str(log.redact(None, "info", {"path": f"/lampa/inside/{plain}"}))
        assert plain not in Mask(b"salt").text(f'{{"url": "https://x.example/l/inside/{plain}"}}')

    def test_holds_for_two_minutes(self, app: App, client: FlaskClient, lampa: Merchant) -> None:
        told = link(client, lampa)
        with app.app_context(), lampa.scope():
            row = db.session.scalars(select(Pass)).one()
            assert timedelta(0) < row.link_until - clock.wall() <= timedelta(minutes=2)
            row.link_until = clock.wall() - timedelta(seconds=1)
            db.session.commit()
        assert app.test_client().get(path(told["url"])).status_code == 403

    def test_is_not_spent_by_a_look_ahead(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        there, browser = path(link(client, lampa)["url"]), app.test_client()
        assert browser.head(there).status_code == 204
        for name, said in (
            ("Sec-Purpose", "prefetch;prerender"),
            ("Purpose", "prefetch"),
            ("X-Purpose", "preview"),
        ):
            assert browser.get(there, headers={name: said}).status_code == 204
        assert browser.get(there).status_code == 303

    def test_of_two_who_follow_it_at_once_one_enters(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        there = path(link(client, lampa)["url"])
        answers = together([lambda: app.test_client().get(there).status_code] * 6)
        assert sorted(answers) == [303, 403, 403, 403, 403, 403]

    def test_of_another_merchant_or_for_nobody_is_not_made(
        self, client: FlaskClient, kniga: Merchant, lampa: Merchant
    ) -> None:
        for refcode in ("anna", "nobody", "x" * 300):
            answer = client.post(f"/api/v1/partners/{refcode}/session", headers=kniga.bearer)
            assert answer.status_code == 404
        told = link(client, lampa)
        crossed = path(told["url"]).replace(lampa.slug, kniga.slug)
        assert client.get(crossed).status_code == 403
        assert client.get(path(told["url"])).status_code == 303  # and was not spent there

    def test_is_not_told_again_for_the_same_idempotency_key(
        self, client: FlaskClient, lampa: Merchant
    ) -> None:
        headers = lampa.bearer | {"Idempotency-Key": "one"}
        first, second = (
            client.post("/api/v1/partners/anna/session", headers=headers).get_json()["url"]
            for _ in range(2)
        )
        assert first != second

    def test_needs_a_partner_who_has_a_cabinet(self, client: FlaskClient, lampa: Merchant) -> None:
        make_partner(client, lampa, "pavel", status="pending")
        answer = client.post("/api/v1/partners/pavel/session", headers=lampa.bearer)
        assert answer.status_code == 409


class TestTheWindow:
    def test_is_nobody_but_that_partner_even_where_the_person_works_elsewhere(
        self, app: App, client: FlaskClient, kniga: Merchant, lampa: Merchant
    ) -> None:
        # Kniga's owner is a partner of Lampa: whoever holds Lampa's key must not come into Kniga's office.
        owner = kniga.staff["owner"]
        make_partner(client, lampa, "olga", email=owner.email)
        with app.app_context(), lampa.scope():
            olga = partners.by_refcode("olga")
            assert olga is not None
            person = identity.ensure_person(owner.email, "Olga")
            if olga.person_id is None:
                identity.join(person, lampa.id, "partner", olga.id)
                olga.person_id = person.id
            db.session.commit()
        browser = app.test_client()
        browser.get(path(link(client, lampa, "olga")["url"]))
        assert browser.get(lampa.cabinet()).status_code == 200
        for elsewhere in (kniga.office(), lampa.office(), "/places", kniga.cabinet()):
            assert browser.get(elsewhere).status_code in {303, 401, 404}, elsewhere
            assert browser.get(elsewhere).status_code != 200

    def test_changes_no_payment_details_without_the_password(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        browser = app.test_client()
        browser.get(path(link(client, lampa)["url"]))
        answer = browser.post(lampa.cabinet("payouts/details"), data={"method": "bank"})
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/login")

    def test_changes_no_payment_details_with_the_password_of_somebody_else(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        # Whoever gets hold of a link is signed in as himself, his password given this minute.
        browser = sign_in(app.test_client(), lampa.staff["owner"])
        browser.get(path(link(client, lampa)["url"]))
        assert browser.get(lampa.cabinet()).status_code == 200
        before = browser.get(lampa.cabinet("payouts/details"))
        assert before.status_code == 303
        browser.get(path(link(client, lampa)["url"]))
        answer = browser.post(lampa.cabinet("payouts/details"), data={"method": "bank"})
        assert answer.status_code == 303
        # The cabinet is closed with it: his password leads into his own, and he has none here.
        assert browser.get(lampa.cabinet("payouts/details")).status_code == 404

    def test_puts_nobody_who_has_a_cabinet_of_his_own_into_anothers(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        make_partner(client, lampa, "mallory")
        owner = lampa.staff["owner"]
        make_partner(client, lampa, "olga", email=owner.email)
        with app.app_context(), lampa.scope():
            olga = partners.by_refcode("olga")
            assert olga is not None
            person = identity.ensure_person(owner.email, "Olga")
            if olga.person_id is None:
                identity.join(person, lampa.id, "partner", olga.id)
                olga.person_id = person.id
            db.session.commit()
        browser = sign_in(app.test_client(), owner)
        followed = browser.get(path(link(client, lampa, "mallory")["url"]))  # Mallory sent it
        assert followed.headers["Location"] == lampa.cabinet()
        home = browser.get(lampa.cabinet()).text
        assert "Mallory" not in home
        assert "mallory" not in home
        assert "You are signed in here by yourself" in home
        browser.get(path(link(client, lampa, "olga")["url"]))  # her own opens as it did
        assert browser.get(lampa.cabinet()).status_code == 200

    def test_every_page_of_the_cabinet_opens_or_asks_to_sign_in(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        browser = app.test_client()
        browser.get(path(link(client, lampa)["url"]))
        rules = [r for r in app.url_map.iter_rules() if r.endpoint.startswith("cabinet.")]
        pages = [r for r in rules if "GET" in (r.methods or ()) and r.arguments == {"merchant"}]
        assert len(pages) > 20
        for rule in pages:
            there = rule.rule.replace("<merchant>", lampa.slug)
            assert browser.get(there).status_code in {200, 302, 303, 404}, there

    def test_can_be_closed_and_ends_when_the_partner_is_removed(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        browser = app.test_client()
        browser.get(path(link(client, lampa)["url"]))
        assert browser.post(f"/{lampa.slug}/inside/leave").status_code == 200
        assert browser.get(lampa.cabinet()).status_code == 303
        browser.get(path(link(client, lampa)["url"]))
        with app.app_context(), lampa.scope():
            anna = partners.by_refcode("anna")
            assert anna is not None
            anna.status = "removed"
            db.session.commit()
        assert browser.get(lampa.cabinet()).status_code == 303


class TestTheFrame:
    def test_shows_its_two_pages_without_any_cookie(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        frame = app.test_client(use_cookies=False)
        first = frame.get(path(link(client, lampa)["frame_url"]))
        assert first.status_code == 200
        assert "Anna" in first.text
        assert "Set-Cookie" not in first.headers
        token = token_of(first.text)
        account = frame.post(f"/{lampa.slug}/inside/account/?bucket=pending", data={"token": token})
        assert account.status_code == 200
        assert "Set-Cookie" not in account.headers
        assert "On hold" in account.text
        home = frame.post(f"/{lampa.slug}/inside/", data={"token": token_of(account.text)})
        assert "Anna" in home.text

    def test_may_be_framed_by_the_shops_own_pages_alone_and_all_else_by_nobody(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        first = client.get(path(link(client, lampa)["frame_url"]))
        [policy] = re.findall(r"frame-ancestors ([^;]+)", first.headers["Content-Security-Policy"])
        domain = f"{lampa.slug}.example"
        assert set(policy.split()) == {
            *(f"https://{domain}", f"https://*.{domain}", f"http://{domain}", f"http://*.{domain}"),
        }
        for there in ("/login", lampa.cabinet(), f"/{lampa.slug}/join"):
            other = client.get(there)
            assert "frame-ancestors 'none'" in other.headers["Content-Security-Policy"], there
        window = app.test_client()
        window.get(path(link(client, lampa)["url"]))
        opened = window.get(lampa.cabinet())
        assert opened.status_code == 200
        assert "frame-ancestors 'none'" in opened.headers["Content-Security-Policy"]

    def test_opens_nothing_but_its_two_pages(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        browser = app.test_client()
        token = token_of(browser.get(path(link(client, lampa)["frame_url"])).text)
        # Neither as a cookie nor as a field does the frame's token open the cabinet itself.
        assert browser.get(lampa.cabinet()).status_code == 303
        with browser.session_transaction() as kept:
            kept["pass:" + str(lampa.id)] = token
        assert browser.get(lampa.cabinet()).status_code == 303
        answer = browser.post(lampa.cabinet("payouts/details"), data={"token": token})
        assert answer.status_code in {303, 401}

    def test_cannot_be_forged_and_ends(
        self, app: App, client: FlaskClient, kniga: Merchant, lampa: Merchant
    ) -> None:
        for token in ("", "ct_" + "a" * 43, "x" * 5000):
            answer = client.post(f"/{lampa.slug}/inside/", data={"token": token})
            assert answer.status_code == 403
            assert "Anna" not in answer.text
        token = token_of(client.get(path(link(client, lampa)["frame_url"])).text)
        crossed = client.post(f"/{kniga.slug}/inside/", data={"token": token})
        assert crossed.status_code == 403
        with app.app_context(), lampa.scope():
            assert service.opened(token, framed=True) is not None
            row = db.session.scalars(select(Pass).where(Pass.framed.is_(True))).one()
            row.until = clock.wall() - timedelta(seconds=1)
            db.session.commit()
        assert client.post(f"/{lampa.slug}/inside/", data={"token": token}).status_code == 403

    def test_opens_a_window_of_its_own_where_all_can_be_done(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        browser = app.test_client()
        token = token_of(browser.get(path(link(client, lampa)["frame_url"])).text)
        wanted = {"token": token, "to": lampa.cabinet("payouts/")}
        opened = browser.post(f"/{lampa.slug}/inside/window", data=wanted)
        assert opened.status_code == 303
        assert opened.headers["Location"] == lampa.cabinet("payouts/")
        assert browser.get(lampa.cabinet("payouts/")).status_code == 200
        away = browser.post(
            f"/{lampa.slug}/inside/window", data={"token": token, "to": "https://evil.example/"}
        )
        assert away.headers["Location"] == lampa.cabinet()

    def test_a_signed_in_partner_sees_the_frames_partner_in_the_frame(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        make_partner(client, lampa, "boris")
        browser = app.test_client()
        browser.get(path(link(client, lampa)["url"]))  # Anna, in a window
        text = browser.get(path(link(client, lampa, "boris")["frame_url"])).text
        assert "Boris" in text
        assert "Anna" not in text
