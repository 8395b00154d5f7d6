"""The merchant's network: a tree that opens where one looks, without script and with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from app import jobs
from app.network import queries
from app.tenants import queries as tenants
from tests.network.forest import count_anew, plant, statements
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App

MOST = 30  # statements of a page, signing in included
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def made(shop: Shop, name: str, sponsor: str | None = None, **body: Any) -> None:
    said = {"name": name, "sponsor": sponsor, **body}
    assert shop.call("POST", "/partners", said).status_code == 201


def path(shop: Shop, rest: str = "") -> str:
    return f"/{shop.slug}/office/partners/network/{rest}"


def family(shop: Shop) -> None:
    for name, sponsor in (("Anna", None), ("Boris", "anna"), ("Vera", "boris"), ("Olga", None)):
        made(shop, name, sponsor, email=f"{name.lower()}@{shop.domain}")


def test_the_top_stands_first_and_a_branch_is_a_plain_link(lampa: Shop) -> None:
    family(lampa)
    browser = lampa.signed_in()
    top = browser.get(path(lampa)).text.partition("<main")[2]
    assert ("Anna" in top, "Olga" in top, "Boris" in top) == (True, True, False)
    assert f'href="{path(lampa, "anna")}"' in top
    below = browser.get(path(lampa, "boris")).text
    assert ("Vera" in below, "Anna" in below, "Olga" in below) == (True, True, False)


def test_htmx_gets_only_those_below(lampa: Shop) -> None:
    family(lampa)
    part = lampa.signed_in().get(path(lampa, "anna"), headers=PART).text
    assert ("<html" in part, "Boris" in part, "Vera" in part) == (False, True, False)
    assert part.strip().startswith("<li")


def test_counts_come_with_the_job_and_say_as_of_when(lampa: Shop) -> None:
    family(lampa)
    browser = lampa.signed_in()
    assert "being counted" in browser.get(path(lampa)).text
    with lampa.app.app_context():
        jobs.refresh_networks()
    page = browser.get(path(lampa)).text
    for words in ("1 brought directly", "2 in the branch", "Counts and sums as of"):
        assert words in page, words
    assert "being counted" not in page


def test_a_long_line_is_paged_to_its_end_without_script(lampa: Shop) -> None:
    with lampa.scope():
        plant(130, "Leaf", arms=129)
    browser, seen, here = lampa.signed_in(), [], path(lampa, "leaf1")
    for _page in range(5):
        page = browser.get(here).text.partition('id="tree"')[2]
        seen += re.findall(r"<code>(leaf\d+)</code>", page)
        more = page.partition('class="tree-more"><a class="btn btn-sm" href="')[2]
        if not more:
            break
        here = more.partition('"')[0]
    assert [code for code in seen if code != "leaf1"] == [f"leaf{n}" for n in range(2, 131)]


def test_a_search_finds_people_and_a_code_leads_straight_there(lampa: Shop) -> None:
    family(lampa)
    browser = lampa.signed_in()
    found = browser.get(path(lampa, "?q=ver")).text
    assert f'href="{path(lampa, "vera")}"' in found
    straight = browser.get(path(lampa, "?q=VERA"))
    assert (straight.status_code, straight.headers["Location"]) == (303, path(lampa, "vera"))
    for words, status in (("nobody", 200), ("%", 200), ("_", 200), ("\\", 200), ("a\x00b", 400)):
        answer = browser.get(path(lampa), query_string={"q": words})
        assert answer.status_code == status, words
    assert "Nobody fits" in browser.get(path(lampa), query_string={"q": "%"}).text


def test_whoever_may_set_it_hides_names_from_partners(lampa: Shop) -> None:
    browser = lampa.signed_in()
    there = path(lampa, "what-partners-see")
    for said, stored in (({"mask": "y"}, True), ({}, False)):
        assert browser.post(there, data=said).status_code == 303
        with lampa.scope():
            assert tenants.setting("mask_referred") is stored
    assert lampa.staff("support").post(there).status_code == 403


def test_twenty_thousand_partners_and_a_chain_of_two_thousand_do_not_break_a_page(
    lampa: Shop,
) -> None:
    with lampa.scope():
        plant(20_000, "Tree", arms=3)
        plant(2_000, "Chain")
        count_anew()
        summary = queries.summary(queries.as_merchant(), None)
        assert summary is not None
        assert (summary.partners, summary.depth) == (22_000, 2_000)
    browser = lampa.signed_in()
    for rest, words in (
        ("", "19,999 in the branch"),
        ("tree2", "in the branch"),
        ("tree19000", "Nobody stands below"),
        ("chain1", "1,999 levels deep"),
        ("chain2000", "Nobody stands below"),
        ("chain1990", "1,982 more between"),
        ("?q=Chain 77", "chain77"),
    ):
        with statements(lampa.app) as sent:
            page = browser.get(path(lampa, rest))
        assert page.status_code == 200, rest
        assert words in page.text, rest
        assert len(sent) <= MOST, (rest, len(sent))
        assert len(page.text) < 200_000, rest


@pytest.mark.long
def test_a_million_partners_and_a_chain_of_ten_thousand_do_not_break_a_page(lampa: Shop) -> None:
    with lampa.scope():
        plant(1_000_000, "Tree", arms=3)
        plant(10_000, "Chain")
    with lampa.app.app_context():
        jobs.refresh_networks()
    browser = lampa.signed_in()
    for rest, words in (
        ("", "999,999 in the branch"),
        ("tree1", "in the branch"),
        ("chain10000", "Nobody stands below"),
        ("chain2", "9,998 levels deep"),
        ("?q=Chain 9999", "chain9999"),
    ):
        with statements(lampa.app) as sent:
            page = browser.get(path(lampa, rest))
        assert page.status_code == 200, rest
        assert words in page.text, rest
        assert len(sent) <= MOST, (rest, len(sent))
