"""Recalculations and drafts in the back office."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app import clock, jobs
from app.events.service import record
from app.identity import service as identity
from app.ledger.queries import partner_balances
from app.partners.models import Partner
from app.partners.service import NewPartner, create
from app.programs import queries as programs
from app.programs.service import change_terms
from tests.partners.calls import PASSWORD, Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def sell(shop: Shop, number: int, status: str = "packing") -> None:
    body = {
        "status": status,
        "currency": "RUB",
        "created_at": clock.wall().isoformat(),
        "partner_code": "VERA10",
        "customer": {"id": f"c{number}"},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
    }
    assert shop.call("PUT", f"/orders/A{number}", body).status_code < 300


def vera(shop: Shop) -> int:
    with shop.scope():
        return create(NewPartner(name="Vera", email="vera@example.org", codes=["VERA10"])).id


def let(shop: Shop, job: Callable[[], None]) -> None:
    """Let the worker do its job."""
    with shop.app.app_context():
        job()


def pending(shop: Shop, partner_id: int) -> int:
    with shop.scope():
        return partner_balances([partner_id])[partner_id].pending


def words_mean(browser: FlaskClient, shop: Shop, page: str, **words: str) -> None:
    with shop.scope():
        zone = "Europe/Moscow"
    form = {
        "name": "Lampa",
        "domain": shop.domain,
        "path": "/",
        "timezone": zone,
        "word": ["new", "paid", *words],
        "state": ["registered", "agreed", *words.values()],
    }
    answer = browser.post(page, data=form)
    assert answer.status_code == 303, answer.text


def test_new_words_are_looked_at_then_applied_in_the_background(lampa: Shop) -> None:
    browser, partner = lampa.signed_in(), vera(lampa)
    for number in range(3):
        sell(lampa, number)
    shops = browser.get(f"/{lampa.slug}/office/settings/shops/").text
    shop_page = re.search(rf"/{lampa.slug}/office/settings/shops/(?!new)\w+", shops)
    assert shop_page is not None
    words_mean(browser, lampa, shop_page[0], packing="agreed")
    shown = browser.get(shop_page[0]).text
    assert "The words hold for messages that come later." in shown
    assert "Older orders" in shown
    look = f"/{lampa.slug}/office/recalculations/words/{shop_page[0].rpartition('/')[2]}"
    answer = browser.post(look, data={"days": "30"})
    assert answer.status_code == 303
    page = answer.headers["Location"]
    waiting = browser.get(page).text
    assert 'hx-trigger="every 2s"' in waiting
    assert browser.post(look, data={"days": "30"}).status_code == 409
    let(lampa, jobs.work_runs)
    seen = browser.get(page)
    assert "every 2s" not in seen.text
    assert "3 orders differ." in seen.text
    assert pending(lampa, partner) == 0
    assert "A1" in browser.get(f"{page}/orders").text
    assert "sum differs" in browser.get(f"{page}/partners").text
    assert browser.post(f"{page}/apply").status_code == 303
    let(lampa, jobs.work_runs)
    assert "3 orders were changed." in browser.get(page).text
    assert pending(lampa, partner) == 3 * 10000
    assert browser.post(f"{page}/apply").status_code == 409
    assert "New words for old orders" in browser.get(f"/{lampa.slug}/office/recalculations/").text


def test_a_run_is_stopped_resumed_and_thrown_away(lampa: Shop) -> None:
    browser = lampa.signed_in()
    vera(lampa)
    sell(lampa, 1)
    since = (clock.wall() - timedelta(days=2)).date().isoformat()
    form = {"since": since, "of": "all", "partners": "vera10"}
    answer = browser.post(f"/{lampa.slug}/office/recalculations/new", data=form)
    assert answer.status_code == 303, answer.text
    page = answer.headers["Location"]
    act = page.replace("/recalculations/", "/work/")
    assert browser.post(f"{act}/stop?next={page}").headers["Location"] == page
    assert "Go on" in browser.get(page).text
    assert browser.post(f"{act}/stop").status_code == 409
    assert browser.post(f"{act}/resume").status_code == 303
    let(lampa, jobs.sweep_runs)
    assert "Throw away" in browser.get(page).text
    assert browser.post(f"{act}/discard").status_code == 303
    assert browser.get(page).status_code == 404


def test_words_changed_meanwhile_offer_a_new_look_instead_of_going_on(lampa: Shop) -> None:
    browser = lampa.signed_in()
    vera(lampa)
    sell(lampa, 1)
    shops = browser.get(f"/{lampa.slug}/office/settings/shops/").text
    shop_page = re.search(rf"/{lampa.slug}/office/settings/shops/(?!new)\w+", shops)
    assert shop_page is not None
    words_mean(browser, lampa, shop_page[0], packing="agreed")
    look = f"/{lampa.slug}/office/recalculations/words/{shop_page[0].rpartition('/')[2]}"
    page = browser.post(look, data={"days": "30"}).headers["Location"]
    act = page.replace("/recalculations/", "/work/")
    let(lampa, jobs.work_runs)
    browser.post(f"{page}/apply")
    browser.post(f"{act}/stop")
    words_mean(browser, lampa, shop_page[0], packing="completed")
    answer = browser.post(f"{act}/resume")
    assert answer.status_code == 409
    assert "The words were changed meanwhile. Look again" in answer.text
    shown = browser.get(page).text
    assert "Go on" not in shown
    assert "The words were changed meanwhile" in shown
    [again] = re.findall(rf'action="({look})"', shown)
    answer = browser.post(again, data={"days": "30"})
    assert answer.status_code == 303
    assert answer.headers["Location"] != page


@pytest.mark.parametrize(
    "form",
    [
        {"since": "", "of": "all"},
        {"since": "2999-01-01", "of": "all"},
        {"since": "2026-02-30", "of": "all"},
        {"since": "2026-01-01", "of": "terms:tm_nobody"},
        {"since": "2026-01-01", "of": "all", "partners": "nobody-knows"},
    ],
)
def test_what_cannot_be_looked_at_is_refused_with_the_input_kept(
    lampa: Shop, form: dict[str, str]
) -> None:
    answer = lampa.signed_in().post(f"/{lampa.slug}/office/recalculations/new", data=form)
    assert answer.status_code == 422, answer.text
    assert form["since"] in answer.text


def test_a_period_that_is_not_offered_is_refused(lampa: Shop) -> None:
    with lampa.scope():
        pass
    browser = lampa.signed_in()
    shops = browser.get(f"/{lampa.slug}/office/settings/shops/").text
    found = re.search(r"settings/shops/(?!new)(\w+)", shops)
    assert found is not None
    path = f"/{lampa.slug}/office/recalculations/words/{found[1]}"
    assert browser.post(path, data={"days": "-5"}).status_code == 422
    assert browser.post(path, data={"days": "x"}).status_code == 422


def draft_form(**more: Any) -> dict[str, Any]:
    return {
        "levels-0": "12%",
        "tax": "y",
        "promotional": "y",
        "foreign_coupons": "y",
    } | more


def test_a_draft_is_kept_tried_published_and_told(lampa: Shop) -> None:
    browser = lampa.signed_in()
    vera(lampa)
    for number in range(2):
        sell(lampa, number, "paid")
    with lampa.scope():
        terms_id = programs.base_terms().public_id
    office = f"/{lampa.slug}/office"
    assert 'value="10%"' in browser.get(f"{office}/terms/{terms_id}/drafts/new").text
    bad = browser.post(
        f"{office}/terms/{terms_id}/drafts/new", data=draft_form(**{"levels-0": "ten"})
    )
    assert bad.status_code == 422
    assert 'value="ten"' in bad.text
    answer = browser.post(f"{office}/terms/{terms_id}/drafts/new", data=draft_form())
    assert answer.status_code == 303, answer.text
    page = answer.headers["Location"]
    assert page in browser.get(f"{office}/terms/").text
    early = browser.post(f"{page}/publish", data={"when": "now", "inform": "y"})
    assert early.status_code == 409
    assert "Try the draft" in early.text
    assert browser.post(f"{page}/try").status_code == 303
    let(lampa, jobs.work_runs)
    shown = browser.get(f"{page}/tried").text
    assert "Commission by the draft" in shown
    assert "1 partner gets more" in shown
    for day in ("", "2020-01-01"):
        refused = browser.post(f"{page}/publish", data={"when": "day", "day": day, "inform": "y"})
        assert refused.status_code == 422
    later = (clock.wall() + timedelta(days=5)).date().isoformat()
    done = browser.post(f"{page}/publish", data={"when": "day", "day": later, "inform": "y"})
    assert done.status_code == 303
    let(lampa, jobs.work_runs)
    shown = browser.get(f"{office}/terms/").text
    assert "it holds from" in shown
    assert "Version 1 holds now. Version 2 is published and holds from" in shown
    edited = browser.get(f"{office}/terms/{terms_id}").text
    assert "Version 1 holds now. Version 2 is published and holds from" in edited
    assert browser.post(f"{page}/publish", data={"when": "now"}).status_code == 409
    assert browser.post(page, data=draft_form()).status_code == 409
    let(lampa, jobs.drain)
    log = browser.get(f"{office}/messages/").text
    assert "New terms announced" in log


def test_a_draft_is_changed_and_deleted(lampa: Shop) -> None:
    browser = lampa.signed_in()
    with lampa.scope():
        terms_id = programs.base_terms().public_id
    made = browser.post(f"/{lampa.slug}/office/terms/{terms_id}/drafts/new", data=draft_form())
    page = made.headers["Location"]
    assert browser.post(page, data=draft_form(**{"levels-0": "13%"})).status_code == 303
    assert 'value="13%"' in browser.get(page).text
    assert browser.post(f"{page}/delete").status_code == 303
    assert browser.get(page).status_code == 404


def test_what_was_changed_since_a_draft_was_made_is_shown_and_it_is_brought_up_to_date(
    lampa: Shop,
) -> None:
    browser, office = lampa.signed_in(), f"/{lampa.slug}/office"
    with lampa.scope():
        terms_id = programs.base_terms().public_id
    page = browser.post(
        f"{office}/terms/{terms_id}/drafts/new", data=draft_form(**{"levels-1": "2%"})
    ).headers["Location"]
    with lampa.scope():
        change_terms(programs.base_terms(), levels=["10%"], hold_days=21)
    refused = browser.post(f"{page}/publish", data={"when": "now"})
    assert refused.status_code == 409
    assert "What holds was changed since this draft was made" in refused.text
    assert "Hold, days" in refused.text
    up = browser.post(f"{page}/bring-up", data={"day": ""})
    assert up.status_code == 303
    shown = browser.get(page).text
    assert "What holds was changed" not in shown
    assert 'value="21"' in shown
    later = (clock.wall() + timedelta(days=5)).date().isoformat()
    assert browser.post(f"{page}/publish", data={"when": "day", "day": later}).status_code == 303
    edit = browser.get(f"{office}/terms/{terms_id}").text
    assert "Another version is planned" in edit
    assert "Withdraw it" in browser.get(page).text
    assert browser.post(f"{page}/withdraw").status_code == 303
    assert browser.post(f"{page}/withdraw").status_code == 409
    assert "Another version is planned" not in browser.get(f"{office}/terms/{terms_id}").text


def test_only_who_may_change_settings_recalculates(lampa: Shop) -> None:
    support = lampa.staff("support")
    assert support.get(f"/{lampa.slug}/office/recalculations/").status_code == 403
    assert support.post(f"/{lampa.slug}/office/recalculations/new").status_code == 403


def test_partners_are_named_by_the_merchants_own_codes_alone(app: App, lampa: Shop) -> None:
    other = Shop(app, "Kniga")
    with other.scope():
        stranger: Partner = create(NewPartner(name="Kanareika", codes=["FOREIGN"]))
        assert stranger.id
    form = {"since": "2026-01-01", "of": "all", "partners": "FOREIGN"}
    answer = lampa.signed_in().post(f"/{lampa.slug}/office/recalculations/new", data=form)
    assert answer.status_code == 422
    assert "Kanareika" not in answer.text


def test_the_cabinet_tells_of_new_terms_with_the_partners_own_figures(lampa: Shop) -> None:
    email = f"vera@{lampa.domain}"
    with lampa.scope():
        partner = create(NewPartner(name="Vera", email=email))
        person = identity.ensure_person(email, "Vera")
        identity.change_password(person, PASSWORD)
        facts = {"partner_id": partner.id, "terms_id": 1, "name": "Base terms", "version": 2}
        holds_from = (clock.now() + timedelta(days=5)).isoformat()
        sums = {"before": 1100000, "after": 1230000, "currency": "RUB"}
        more: dict[str, Any] = {"holds_from": holds_from, "days": 90, "touched": True}
        more["terms"] = {"levels": ["14%"], "hold_days": 3, "window_days": 45}
        record("terms.announced", f"partner:{partner.id}", **facts, **sums, **more)
    home = lampa.signed_in(email).get(f"/{lampa.slug}/cabinet/").text
    assert "New terms: Base terms" in home
    assert "12,300.00" in home
    assert "11,000.00" in home
    assert "You earn 14% from each sale that you bring." in home
    assert "on hold for 3 days" in home
    assert "A click counts for 45 days." in home
    with lampa.scope():
        record("terms.withdrawn", "terms:1", name="Base terms", holds_from=holds_from)
    assert "New terms: Base terms" not in lampa.signed_in(email).get(f"/{lampa.slug}/cabinet/").text


def test_the_day_of_a_publication_is_not_called_optional(lampa: Shop) -> None:
    browser = lampa.signed_in()
    with lampa.scope():
        terms_id = programs.base_terms().public_id
    form = {"levels-0": "12%", "tax": "y", "promotional": "y", "foreign_coupons": "y"}
    made = browser.post(f"/{lampa.slug}/office/terms/{terms_id}/drafts/new", data=form)
    page = browser.get(f"{made.headers['Location']}/tried").text
    label = re.search(r'<label class="form-label" for="day">(.*?)</label>', page)
    assert label is not None
    assert label[1] == "Day"
    empty = browser.post(f"{made.headers['Location']}/publish", data={"when": "day", "day": ""})
    assert (empty.status_code, "Type a date." in empty.text) == (422, True)
    assert (
        browser.post(f"{made.headers['Location']}/publish", data={"when": "now"}).status_code == 303
    )
