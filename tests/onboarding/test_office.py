from __future__ import annotations

import re
import secrets
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.onboarding import queries, rules
from app.onboarding.models import InstallCode
from app.partners.models import Partner
from app.programs import queries as programs
from app.tenants import queries as tenants
from tests.harness.together import room_for, together
from tests.onboarding.post import deliver
from tests.world import Merchant, World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.mailbox import Mailbox

SECRET = re.compile(r"inst_[\w-]{32}")


@pytest.fixture
def owner(client: FlaskClient, lampa: Merchant) -> FlaskClient:
    return sign_in(client, lampa.staff["owner"])


def done(owner: FlaskClient, lampa: Merchant) -> set[str]:
    """Return the first steps that the list shows as done."""
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    text = owner.get(lampa.office("start/checklist"), headers=headers).text
    assert "<html" not in text
    return set(re.findall(r'is-done" data-step="(\w+)"', text))


class TestWizard:
    @pytest.mark.parametrize("name", ["basics", "terms", "partner"])
    def test_a_page_that_was_sent_back_can_be_read_again(
        self, owner: FlaskClient, lampa: Merchant, name: str
    ) -> None:
        there = lampa.office(f"start/{name}")
        assert owner.post(there, data={"name": "", "hold_days": "x"}).status_code == 422
        again = owner.get(there, follow_redirects=True)
        assert again.status_code == 200
        assert f'action="{there}"' in again.text

    def test_it_is_left_and_resumed_where_it_was(
        self, app: App, owner: FlaskClient, lampa: Merchant
    ) -> None:
        start = lampa.office("start/")
        assert "Page 1 of 5" in owner.get(start).text
        for place, name in enumerate(rules.WIZARD, start=1):
            assert f"Page {place} of 5" in owner.get(f"{start}?step={name}").text
        owner.post(lampa.office("start/next?step=basics"))
        owner.post(lampa.office("start/next?step=terms"))
        other = sign_in(app.test_client(), lampa.staff["manager"])
        assert "Page 3 of 5" in other.get(start).text

    def test_each_page_does_what_it_says(
        self, app: App, owner: FlaskClient, lampa: Merchant
    ) -> None:
        said = {"name": "Lampa & Co", "domain": "lampa.example", "path": "/shop"}
        answer = owner.post(lampa.office("start/basics"), data=said)
        assert answer.headers["Location"] == lampa.office("start/?step=terms")
        levels = {"levels-0": "12%", "levels-1": "3%", "hold_days": "7"}
        owner.post(lampa.office("start/terms"), data=levels)
        owner.post(lampa.office("start/partner"), data={"name": "Anna", "email": ""})
        with app.app_context(), lampa.scope():
            shop = tenants.shops()[0]
            assert (shop.domain, shop.path) == ("lampa.example", "/shop")
            base = programs.base_terms()
            assert programs.conditions([base.id])[base.id].levels == ["12%", "3%"]
            assert tenants.setting("hold_days") == 7
            assert db.session.scalars(select(Partner.name)).all() == ["Anna"]
            assert queries.wizard_step() == "snippet"

    @pytest.mark.parametrize(
        ("page", "said"),
        [
            ("basics", {"name": "", "domain": "lampa.example"}),
            ("basics", {"name": "Lampa", "domain": "https://lampa.example"}),
            ("terms", {"levels-0": "200%", "hold_days": "7"}),
            ("terms", {"levels-0": "10%", "hold_days": "-1"}),
            ("partner", {"name": "Anna", "email": "nobody"}),
            ("partner", {"name": "", "email": ""}),
        ],
    )
    def test_what_cannot_stand_is_said_at_its_field(
        self, app: App, owner: FlaskClient, lampa: Merchant, page: str, said: dict[str, str]
    ) -> None:
        assert owner.post(lampa.office(f"start/{page}"), data=said).status_code == 422
        with app.app_context(), lampa.scope():
            assert queries.wizard_step() == "basics"

    @pytest.mark.parametrize("asked", ["nowhere", "", "//evil.example", "../settings"])
    def test_a_page_that_is_none_is_the_first(
        self, owner: FlaskClient, lampa: Merchant, asked: str
    ) -> None:
        said = {"step": asked}
        assert "Page 1 of 5" in owner.get(lampa.office("start/"), query_string=said).text
        after = owner.post(lampa.office("start/next"), query_string=said).headers["Location"]
        assert after == lampa.office("start/?step=terms")


class TestChecklist:
    def test_each_line_turns_by_what_was_done_and_by_nothing_else(
        self, app: App, client: FlaskClient, owner: FlaskClient, lampa: Merchant, mailbox: Mailbox
    ) -> None:
        assert done(owner, lampa) == {"domain"}
        with app.app_context():
            deliver(lampa.id)
        assert done(owner, lampa) == {"domain", "mail"}
        mark = secrets.token_hex(4)
        said = {"name": "Anna", "refcode": f"anna-{mark}"}
        client.post("/api/v1/partners", json=said, headers=lampa.bearer)
        assert done(owner, lampa) == {"domain", "mail", "partner"}
        click = {"ref": said["refcode"]}
        client.post("/api/v1/clicks", json=click, headers=lampa.bearer)
        assert done(owner, lampa) == {"domain", "mail", "partner", "click"}
        order = {
            "status": "strange",
            "currency": "RUB",
            "created_at": clock.wall().isoformat(),
            "lines": [{"id": "1", "quantity": "1", "price": "10.00"}],
        }
        client.put(f"/api/v1/orders/o-{mark}", json=order, headers=lampa.bearer)
        assert done(owner, lampa) == {"domain", "mail", "partner", "click", "order"}
        words = {"statuses": {"strange": "agreed", "done": "completed"}}
        client.put(f"/api/v1/shops/{lampa.shop}", json=words, headers=lampa.bearer)
        assert "words" in done(owner, lampa)

    def test_it_is_put_away_and_taken_out_again(
        self, app: App, owner: FlaskClient, lampa: Merchant
    ) -> None:
        assert 'id="steps"' in owner.get(lampa.office()).text
        assert owner.post(lampa.office("start/checklist/dismiss")).status_code == 303
        assert 'id="steps"' not in owner.get(lampa.office()).text
        assert not done(owner, lampa)
        owner.post(lampa.office("start/checklist/show"))
        assert 'id="steps"' in owner.get(lampa.office()).text

    def test_support_sees_it_and_cannot_put_it_away(self, app: App, lampa: Merchant) -> None:
        support = sign_in(app.test_client(), lampa.staff["support"])
        assert done(support, lampa) == {"domain"}
        assert support.post(lampa.office("start/checklist/dismiss")).status_code == 403


class TestInstallCodes:
    def draw(self, owner: FlaskClient, lampa: Merchant) -> str:
        page = owner.post(lampa.office("start/codes/"), data={"shop": lampa.shop}).text
        found = SECRET.search(page)
        assert found is not None
        return found[0]

    def install(
        self, app: App, secret: str, said: dict[str, str] | None = None, address: str = ""
    ) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {secret}"}
        # So many a second may come from each address.
        plugin = {"REMOTE_ADDR": address or f"203.0.113.{secrets.randbelow(256)}"}
        answer = app.test_client().post(
            "/api/v1/merchants/install", json=said or {}, headers=headers, environ_overrides=plugin
        )
        return answer.status_code, answer.text

    def test_a_plugin_turns_a_code_into_keys_that_work(
        self, app: App, client: FlaskClient, owner: FlaskClient, lampa: Merchant
    ) -> None:
        headers = {"Authorization": f"Bearer {self.draw(owner, lampa)}"}
        said = {"plugin": "Woo 1.0"}
        made = client.post("/api/v1/merchants/install", json=said, headers=headers)
        assert made.status_code == 201
        told = made.get_json()
        assert told["shop"]["id"] == lampa.shop
        assert told["merchant"]["slug"] == lampa.slug
        for key, slug in (("api_key", lampa.slug), ("test_api_key", f"{lampa.slug}-test")):
            bearer = {"Authorization": f"Bearer {told[key]}"}
            assert client.get("/api/v1/merchant", headers=bearer).get_json()["slug"] == slug
        assert "Woo 1.0" in owner.get(lampa.office("settings/keys/")).text
        assert "Woo 1.0" in owner.get(lampa.office("start/codes/")).text

    def test_it_is_shown_once_and_kept_as_a_hash(
        self, app: App, owner: FlaskClient, lampa: Merchant
    ) -> None:
        secret = self.draw(owner, lampa)
        assert secret not in owner.get(lampa.office("start/codes/")).text
        with app.app_context(), lampa.scope():
            row = db.session.scalars(select(InstallCode)).one()
            assert secret not in (row.shown, row.code_hash)

    def test_it_works_once_also_for_two_at_once(
        self, app: App, owner: FlaskClient, lampa: Merchant
    ) -> None:
        secret = self.draw(owner, lampa)
        with room_for(app, 4):
            told = together([partial(self.install, app, secret) for _ in range(4)])
        assert sorted(code for code, _text in told) == [201, 422, 422, 422]
        with app.app_context(), lampa.scope():
            assert len(tenants.keys()) == 2

    def test_every_code_that_does_not_hold_is_answered_alike(
        self, app: App, owner: FlaskClient, lampa: Merchant
    ) -> None:
        used, old = self.draw(owner, lampa), self.draw(owner, lampa)
        withdrawn = self.draw(owner, lampa)
        self.install(app, used)
        with app.app_context(), lampa.scope():
            newest = queries.codes()[0].id
        owner.post(lampa.office(f"start/codes/{newest}/withdraw"))
        said = [self.install(app, each) for each in (used, withdrawn, "inst_unknown")]
        with time_machine.travel(clock.wall() + timedelta(hours=25)):
            said.append(self.install(app, old))
        bare = {re.sub(r'"request_id": ?"[^"]*"', "", text) for _code, text in said}
        assert {code for code, _text in said} == {422}
        assert len(bare) == 1

    def test_a_key_is_no_code_and_a_code_is_no_key(
        self, app: App, client: FlaskClient, owner: FlaskClient, lampa: Merchant
    ) -> None:
        assert self.install(app, lampa.api_key)[0] == 422
        secret = self.draw(owner, lampa)
        bearer = {"Authorization": f"Bearer {secret}"}
        assert client.get("/api/v1/merchant", headers=bearer).status_code == 401
        assert client.post("/api/v1/merchants", json={}, headers=bearer).status_code == 401
        for word in ("", "Basic YTpi", "Bearer", "Bearer кот"):
            headers = {"Authorization": word} if word else {}
            answer = client.post("/api/v1/merchants/install", json={}, headers=headers)
            assert answer.status_code == 401, word

    def test_calls_from_one_address_are_limited(self, app: App, owner: FlaskClient) -> None:
        codes = {self.install(app, "inst_guess", address="192.0.2.7")[0] for _ in range(60)}
        assert codes == {422, 429}

    def test_only_who_has_the_keys_draws_and_only_for_an_own_shop(
        self, app: App, owner: FlaskClient, world: World
    ) -> None:
        lampa = world.lampa
        for role, code in (("developer", 200), ("manager", 403), ("support", 403)):
            who = sign_in(app.test_client(), lampa.staff[role])
            said = {"shop": lampa.shop}
            assert who.post(lampa.office("start/codes/"), data=said).status_code == code, role
        foreign = {"shop": world.kniga.shop}
        assert owner.post(lampa.office("start/codes/"), data=foreign).status_code == 422
