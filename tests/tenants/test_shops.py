from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.attribution.models import Click
from app.extensions import db
from app.links.queries import sites_of
from app.links.service import target_of_code
from app.members.models import Member
from app.tenants import queries, rules, service
from tests.world import Merchant, World, sign_in

if TYPE_CHECKING:
    from typing import Any

    from flask.testing import FlaskClient

    from app.application import App


@pytest.fixture
def owner(client: FlaskClient, lampa: Merchant) -> FlaskClient:
    return sign_in(client, lampa.staff["owner"])


def anna(client: FlaskClient, lampa: Merchant) -> str:
    """Make a partner; returns the refcode."""
    refcode = f"anna-{secrets.token_hex(4)}"
    said = {"name": "Anna", "refcode": refcode}
    assert client.post("/api/v1/partners", json=said, headers=lampa.bearer).status_code == 201
    return refcode


def move(client: FlaskClient, lampa: Merchant, domain: str, path: str = "/") -> None:
    said = {"domain": domain, "path": path}
    answer = client.put(f"/api/v1/shops/{lampa.shop}", json=said, headers=lampa.bearer)
    assert answer.status_code == 200, answer.text


def order(client: FlaskClient, bearer: dict[str, str], **more: Any) -> Any:
    said = {
        "status": "completed",
        "currency": "RUB",
        "created_at": clock.wall().isoformat(),
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
        **more,
    }
    number = f"o-{secrets.token_hex(4)}"
    return client.put(f"/api/v1/orders/{number}", json=said, headers=bearer).get_json()


class TestChangedDomain:
    """RP48: what was printed, bound and sent at the old domain lives on."""

    @pytest.fixture
    def domains(self) -> tuple[str, str]:
        mark = secrets.token_hex(4)
        return f"old-{mark}.example", f"new-{mark}.example"

    def test_an_old_link_leads_to_the_new_domain(
        self, app: App, client: FlaskClient, lampa: Merchant, domains: tuple[str, str]
    ) -> None:
        old, new = domains
        move(client, lampa, old)
        refcode = anna(client, lampa)
        before = client.get(f"/r/{lampa.slug}/{refcode}").headers["Location"]
        assert before.startswith(f"https://{old}/")
        move(client, lampa, new)
        with app.app_context(), lampa.scope():
            merchant = queries.tenant(lampa.id)
            assert merchant is not None
            target = target_of_code(merchant, refcode)  # what the door asks when it knows no more
        assert target is not None
        assert target.landing.bare.startswith(f"https://{new}/")

    def test_clicks_on_the_old_domain_itself_still_count(
        self, app: App, client: FlaskClient, lampa: Merchant, domains: tuple[str, str]
    ) -> None:
        old, new = domains
        move(client, lampa, old)
        refcode = anna(client, lampa)
        move(client, lampa, new)
        answer = client.get(f"/r/{refcode}", headers={"Host": old})
        assert answer.headers["Location"].startswith(f"https://{new}/")

    def test_codes_bindings_and_entry_addresses_of_the_old_domain_count(
        self, client: FlaskClient, lampa: Merchant, domains: tuple[str, str]
    ) -> None:
        old, new = domains
        move(client, lampa, old)
        refcode = anna(client, lampa)
        gleb = {"id": "gleb"}
        first = order(client, lampa.bearer, partner_code=refcode, customer=gleb)
        assert first["deal"]["refcode"] == refcode
        move(client, lampa, new)
        bound = order(client, lampa.bearer, customer=gleb)
        by_code = order(client, lampa.bearer, coupons=[refcode], customer={"id": "vera"})
        entry = f"https://{old}/lamp?ref={refcode}"
        by_entry = order(client, lampa.bearer, entry=entry, customer={"id": "oleg"})
        for each in (bound, by_code, by_entry):
            assert each["deal"]["refcode"] == refcode, each

    def test_a_form_on_a_page_of_the_old_domain_reaches_its_shop(
        self, app: App, client: FlaskClient, lampa: Merchant, domains: tuple[str, str]
    ) -> None:
        old, new = domains
        with app.app_context(), lampa.scope():
            second = service.open_shop("Second", rules.Place(old, "/"), "UTC")
            shop_id = second.id
            db.session.commit()
        refcode = anna(client, lampa)
        with app.app_context(), lampa.scope():
            found = queries.shop_by_id(shop_id)
            assert found is not None
            service.change_shop(found, place=rules.Place(new, "/"))
            db.session.commit()
        form = {"email": "gleb@example.org", "click": f"ref:{refcode}"}
        for origin in (f"https://{old}", f"https://{new}"):
            answer = client.post(f"/t/{lampa.slug}/lead", data=form, headers={"Origin": origin})
            assert answer.status_code == 204
        with app.app_context(), lampa.scope():
            assert set(db.session.scalars(select(Member.shop_id))) == {shop_id}

    def test_a_page_of_the_old_domain_that_is_pasted_becomes_the_same_page_of_the_new(
        self, app: App, client: FlaskClient, lampa: Merchant, domains: tuple[str, str]
    ) -> None:
        old, new = domains
        move(client, lampa, old)
        move(client, lampa, new)
        with app.app_context(), lampa.scope():
            places = [(site.domain, shop.domain) for shop, site in sites_of(queries.shops())]
        assert places[0] == (new, new)
        assert (old, new) in places

    def test_dates_are_kept_shown_and_the_address_can_be_forgotten(
        self,
        app: App,
        client: FlaskClient,
        owner: FlaskClient,
        lampa: Merchant,
        domains: tuple[str, str],
    ) -> None:
        old, new = domains
        move(client, lampa, old)
        move(client, lampa, new)
        move(client, lampa, new, "/shop")
        page = owner.get(lampa.office(f"settings/shops/{lampa.shop}")).text
        places = re.findall(r"former/(\d+)/forget", page)
        assert len(places) == 3
        with app.app_context(), lampa.scope():
            shop = queries.shops()[0]
            rows = queries.former_places([shop.id])[shop.id]
            assert [row.domain for row in rows][:2] == [new, old]
            assert rows[0].since == rows[1].until
            gone = next(row.id for row in rows if row.domain == old)
        there = lampa.office(f"settings/shops/{lampa.shop}/former/{gone}/forget")
        assert owner.post(there).status_code == 303
        assert owner.post(there).status_code == 404
        with app.app_context():
            assert queries.by_domain(old) is None
            assert queries.by_domain(new) is not None

    def test_a_domain_that_somebody_else_takes_over_is_theirs(
        self, app: App, client: FlaskClient, world: World, domains: tuple[str, str]
    ) -> None:
        old, new = domains
        move(client, world.lampa, old)
        move(client, world.lampa, new)
        with app.app_context():
            assert getattr(queries.by_domain(old), "id", None) == world.lampa.id
        move(client, world.kniga, old)
        with app.app_context():
            assert getattr(queries.by_domain(old), "id", None) == world.kniga.id

    def test_a_shop_that_comes_back_stands_there_again(
        self, app: App, client: FlaskClient, lampa: Merchant, domains: tuple[str, str]
    ) -> None:
        old, new = domains
        for each in (old, new, old):
            move(client, lampa, each)
        with app.app_context(), lampa.scope():
            standing = [domain for _shop, domain in queries.stands()]
        assert standing[0] == old
        assert new in standing

    def test_pages_of_a_domain_that_is_somebody_elses_now_speak_for_nobody_here(
        self, app: App, client: FlaskClient, world: World, domains: tuple[str, str]
    ) -> None:
        old, new = domains
        move(client, world.lampa, old)
        move(client, world.lampa, new)
        with app.app_context(), world.lampa.scope():
            assert old in [domain for _shop, domain in queries.stands()]
        move(client, world.kniga, old)
        with app.app_context(), world.lampa.scope():
            assert old not in [domain for _shop, domain in queries.stands()]


class TestSeveralShops:
    """RP46 and RP47: each shop has its own words, key, orders and lists."""

    @pytest.fixture
    def second(self, app: App, lampa: Merchant) -> tuple[str, dict[str, str]]:
        """A second shop in a folder of the first one's domain; its id and a key's header."""
        with app.app_context(), lampa.scope():
            first = queries.shops()[0]
            shop = service.open_shop("Outlet", rules.Place(first.domain, "/outlet"), "UTC")
            service.change_shop(shop, words={"weg": "completed"})
            key = service.make_key(shop.id, "outlet", rules.SCOPES, "live")
            db.session.commit()
            return shop.public_id, {"Authorization": f"Bearer {key.secret}"}

    def test_a_page_in_a_folder_belongs_to_the_shop_of_that_folder(
        self, app: App, client: FlaskClient, lampa: Merchant, second: tuple[str, dict[str, str]]
    ) -> None:
        with app.app_context(), lampa.scope():
            [(deep, site), (_plain, root)] = sites_of(queries.shops())
        assert deep.public_id == second[0]
        assert (site.folder, root.folder) == ("/outlet", "/")

    def test_lists_and_figures_are_narrowed_to_one_shop(
        self,
        app: App,
        client: FlaskClient,
        owner: FlaskClient,
        lampa: Merchant,
        second: tuple[str, dict[str, str]],
    ) -> None:
        outlet, bearer = second
        refcode = anna(client, lampa)
        here = order(client, lampa.bearer, partner_code=refcode, customer={"id": "1"})
        there = order(client, bearer, status="weg", partner_code=refcode, customer={"id": "1"})
        assert (here["state"], there["state"]) == ("completed", "completed")
        for path in ("orders/", "deals/", "accruals/"):
            both = owner.get(lampa.office(path)).text
            assert here["number"] in both, path
            assert there["number"] in both, path
            one = owner.get(lampa.office(f"{path}?shop={outlet}")).text
            assert there["number"] in one, path
            assert here["number"] not in one, path
        with app.app_context():
            jobs.refresh_statistics()
        whole, part = (
            re.findall(r'class="stat-value">(.*?)</p>', owner.get(lampa.office(query)).text)
            for query in ("", f"?shop={outlet}")
        )
        assert (whole[0], part[0]) == ("2", "1")

    def test_words_of_one_shop_mean_nothing_in_the_other(
        self, client: FlaskClient, lampa: Merchant, second: tuple[str, dict[str, str]]
    ) -> None:
        assert order(client, lampa.bearer, status="weg")["state"] == "registered"
        assert order(client, second[1], status="completed")["state"] == "registered"

    def test_clicks_are_narrowed_by_the_shop_of_the_link(
        self,
        app: App,
        client: FlaskClient,
        owner: FlaskClient,
        lampa: Merchant,
        second: tuple[str, dict[str, str]],
    ) -> None:
        click = {"ref": anna(client, lampa)}
        client.post("/api/v1/clicks", json=click, headers=lampa.bearer)
        with app.app_context(), lampa.scope():
            assert len(db.session.scalars(select(Click.nonce)).all()) == 1
        links = owner.get(lampa.office(f"links/?shop={lampa.shop}")).text
        assert click["ref"] in links
        assert click["ref"] not in owner.get(lampa.office(f"links/?shop={second[0]}")).text

    @pytest.mark.parametrize("asked", ["nobody", "", "' or 1=1", "//evil.example"])
    def test_a_shop_that_is_none_narrows_nothing(
        self, owner: FlaskClient, lampa: Merchant, second: tuple[str, dict[str, str]], asked: str
    ) -> None:
        for path in ("", "orders/", "links/"):
            answer = owner.get(lampa.office(path), query_string={"shop": asked})
            assert answer.status_code == 200
            assert 'href="//evil' not in answer.text

    def test_with_one_shop_there_is_nothing_to_choose(
        self, owner: FlaskClient, lampa: Merchant
    ) -> None:
        for path in ("", "orders/", "links/"):
            assert 'name="shop"' not in owner.get(lampa.office(path)).text

    def test_another_merchants_shop_narrows_nothing_here(
        self, app: App, client: FlaskClient, world: World
    ) -> None:
        owner = sign_in(client, world.lampa.staff["owner"])
        answer = owner.get(world.lampa.office(f"?shop={world.kniga.shop}"))
        assert answer.status_code == 200
        assert "Kniga" not in answer.text
