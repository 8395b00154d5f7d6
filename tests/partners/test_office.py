"""Partners in the back office: the list, applications, making one, and the card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.partners import queries
from app.partners import service as partners
from app.tenants import service as tenants
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def made(shop: Shop, **body: Any) -> None:
    assert shop.call("POST", "/partners", body).status_code == 201


def read(shop: Shop, refcode: str) -> dict[str, Any]:
    found: dict[str, Any] | None = shop.call("GET", f"/partners/{refcode}").json
    assert found is not None
    return found


def path(shop: Shop, rest: str = "") -> str:
    return f"/{shop.slug}/office/partners/{rest}"


def card(shop: Shop, rest: str) -> str:
    return path(shop, f"card/{rest}")


def test_the_list_begins_with_the_registration_link(lampa: Shop) -> None:
    page = lampa.signed_in().get(path(lampa)).text
    assert f"http://localhost/{lampa.slug}/join" in page
    assert "No partners yet" in page
    assert "Create a partner" in page


def test_a_partner_is_made_by_hand_with_everything(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna")
    lampa.call("POST", "/groups", {"name": "Gold", "levels": ["12%"]})
    browser = lampa.signed_in()
    page = browser.get(path(lampa, "new")).text
    group = page.partition(">Gold<")[0].rpartition('value="')[2].partition('"')[0]
    form = {
        "name": "Boris",
        "email": "boris@example.org",
        "phone": "+7 916 123-45-67",
        "site": "boris.example",
        "codes": "BORIS10, B20",
        "sponsor": "Anna",
        "until": "2030-12-31",
        "group": group,
    }
    answer = browser.post(path(lampa, "new"), data=form)
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == card(lampa, "boris")
    found = read(lampa, "boris")
    assert (found["sponsor"], found["group"], found["codes"], found["phone"], found["site"]) == (
        "anna",
        "Gold",
        ["BORIS10", "B20"],
        "+79161234567",
        "https://boris.example",
    )
    shown = browser.get(card(lampa, "boris")).text
    assert f"http://localhost/r/{lampa.slug}/boris" in shown
    assert 'value="2030-12-31"' in shown


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Fill this in."),
        ("email", "taken@example.org", "Another partner has this e-mail."),
        ("refcode", "TAKEN", "is taken"),
        ("codes", "taken", "is taken"),
        ("sponsor", "nobody", "There is no such partner."),
        ("until", "2020-01-01", "The last day has passed."),
        ("site", "javascript:alert(1)", "such as blog.example"),
    ],
)
def test_what_cannot_stand_is_named_at_its_field(
    lampa: Shop, field: str, value: str, words: str
) -> None:
    made(lampa, name="First", refcode="taken", email="taken@example.org")
    form = {"name": "Boris", "email": "boris@example.org", "sponsor": "taken", "group": "0"}
    answer = lampa.signed_in().post(path(lampa, "new"), data=form | {field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert len(lampa.call("GET", "/partners").json["items"]) == 1


def test_applications_are_approved_and_rejected(lampa: Shop) -> None:
    with lampa.scope():
        tenants.change_settings({"registration": "manual"})
        for name in ("Gleb", "Vera"):
            email = f"{name.lower()}@example.org"
            partners.register(partners.Application(name=name, email=email, accepted_version=1))
    browser = lampa.signed_in()
    assert "2 applications wait" in browser.get(path(lampa)).text
    page = browser.get(path(lampa, "applications")).text
    assert ("gleb@example.org" in page, "Approve" in page) == (True, True)
    back = {"from": "applications"}
    answer = browser.post(card(lampa, "gleb/approve"), data=back)
    assert answer.headers["Location"] == path(lampa, "applications")
    assert browser.post(card(lampa, "vera/reject"), data=back).status_code == 303
    assert "Nobody waits" in browser.get(path(lampa, "applications")).text
    assert browser.post(card(lampa, "vera/block")).status_code == 409
    assert (read(lampa, "gleb")["status"], read(lampa, "vera")["status"]) == ("active", "rejected")


def test_buttons_are_what_the_state_allows(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna", email="anna@example.org")
    browser = lampa.signed_in()
    page = browser.get(card(lampa, "anna")).text
    assert (">Block<" in page, ">Unblock<" in page) == (True, False)
    assert browser.post(card(lampa, "anna/block"), data={"reason": "spam"}).status_code == 303
    page = browser.get(card(lampa, "anna")).text
    assert (">Block<" in page, ">Unblock<" in page) == (False, True)
    activity = browser.get(card(lampa, "anna/activity")).text
    assert (">Blocked<" in activity, "spam" in activity) == (True, True)
    assert browser.post(card(lampa, "anna/unblock")).status_code == 303
    assert browser.post(card(lampa, "anna/welcome")).status_code == 303
    assert browser.post(card(lampa, "anna/dance")).status_code == 404


def test_basics_are_edited_and_old_codes_still_lead_here(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna", codes=["ANNA10"])
    browser = lampa.signed_in()
    form = {"name": "Anna A.", "refcode": "Anyuta", "codes": "SPRING", "email": "a@example.org"}
    answer = browser.post(card(lampa, "anna"), data=form)
    assert answer.headers["Location"] == card(lampa, "anyuta")
    assert read(lampa, "anna")["codes"] == ["SPRING"]
    assert browser.get(card(lampa, "anna")).status_code == 200
    assert browser.post(card(lampa, "anna"), data=form | {"name": ""}).status_code == 422


def test_the_parent_changes_and_a_cycle_is_refused_at_its_field(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna")
    made(lampa, name="Boris", refcode="boris", sponsor="anna")
    browser = lampa.signed_in()
    answer = browser.post(card(lampa, "anna/sponsor"), data={"sponsor": "boris"})
    assert answer.status_code == 422
    assert "stands below" in answer.text
    assert "/anna" in answer.text.partition('id="link"')[2]  # the link stands whatever was refused
    assert browser.post(card(lampa, "boris/sponsor"), data={"sponsor": ""}).status_code == 303
    assert read(lampa, "boris")["sponsor"] is None


def test_a_new_parent_is_looked_at_before_it_is_taken(lampa: Shop) -> None:
    for name, sponsor in (("Anna", None), ("Boris", "anna"), ("Vera", "boris"), ("Olga", None)):
        made(lampa, name=name, sponsor=sponsor)
    browser = lampa.signed_in()
    wish = {"sponsor": "olga", "since": "2090-01-01"}
    asked = browser.post(card(lampa, "boris/sponsor/preview"), data=wish)
    assert asked.status_code == 303
    assert read(lampa, "boris")["sponsor"] == "anna"
    page = browser.get(asked.headers["Location"]).text
    for words in ("the partner and 1 below", "Past orders keep", "Jan 1, 2090", "Olga", "level 2"):
        assert words in page, words
    wrong = browser.post(card(lampa, "anna/sponsor/preview"), data={"sponsor": "vera"})
    assert (wrong.status_code, "stands below" in wrong.text) == (422, True)
    assert browser.get(card(lampa, "anna/sponsor/preview?sponsor=vera")).status_code == 422
    assert browser.get(card(lampa, "anna/sponsor/preview?since=soon")).status_code == 422
    assert browser.post(card(lampa, "boris/sponsor"), data={"sponsor": "olga"}).status_code == 303
    assert read(lampa, "boris")["sponsor"] == "olga"


def test_the_parents_commissions_end_on_a_day_that_the_card_says(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna")
    made(lampa, name="Boris", refcode="boris", sponsor="anna")
    browser = lampa.signed_in()
    end = {"end-until": "2090-12-31"}
    assert browser.post(card(lampa, "boris/end"), data=end).status_code == 303
    assert 'name="end-until"' in browser.get(card(lampa, "boris")).text
    assert 'value="2090-12-31"' in browser.get(card(lampa, "boris")).text
    assert (
        "commissions to the parent end on Dec 31, 2090"
        in browser.get(path(lampa, "network/anna")).text
    )
    bad = browser.post(card(lampa, "boris/end"), data={"end-until": "2020-01-01"})
    assert (bad.status_code, "The last day has passed." in bad.text) == (422, True)
    assert browser.post(card(lampa, "anna/end"), data=end).status_code == 422


def test_a_removal_says_whom_it_concerns_and_can_be_undone(lampa: Shop) -> None:
    for name, sponsor in (("Anna", None), ("Boris", "anna"), ("Vera", "boris"), ("Dina", "vera")):
        made(lampa, name=name, sponsor=sponsor)
    browser = lampa.signed_in()
    page = browser.get(card(lampa, "boris/remove")).text
    for words in ("Brought directly", "<dd>1</dd>", "<dd>2</dd>", "Anna"):
        assert words in page, words
    form = {"children": "sponsor", "reason": "moved away"}
    assert browser.post(card(lampa, "boris/remove"), data={"children": "eat"}).status_code == 422
    assert browser.post(card(lampa, "boris/remove"), data=form).status_code == 303
    assert (read(lampa, "boris")["status"], read(lampa, "vera")["sponsor"]) == ("removed", "anna")
    shown = browser.get(card(lampa, "boris")).text
    assert f'action="{card(lampa, "boris/restore")}"' in shown
    assert browser.post(card(lampa, "boris/remove"), data=form).status_code == 409
    assert browser.post(card(lampa, "boris/restore")).status_code == 303
    assert (read(lampa, "boris")["status"], read(lampa, "vera")["sponsor"]) == ("active", "boris")
    assert browser.post(card(lampa, "boris/restore")).status_code == 409
    log = browser.get(card(lampa, "boris/activity")).text
    assert ("Removal taken back" in log, "Branch moved" in log) == (True, True)


def test_terms_of_the_card_stand_above_the_rest(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna")
    browser = lampa.signed_in()
    page = browser.get(card(lampa, "anna/terms")).text
    assert ("10%" in page, "the terms" in page) == (True, True)
    form = {"terms": "0", "group": "0", "levels-0": "20%"}
    assert browser.post(card(lampa, "anna/terms"), data=form).status_code == 303
    page = browser.get(card(lampa, "anna/terms")).text
    assert ("20%" in page, "the card" in page) == (True, True)
    bad = browser.post(card(lampa, "anna/terms"), data=form | {"levels-0": "x"})
    assert bad.status_code == 422


def test_the_balance_opens_bucket_by_bucket(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna")
    browser = lampa.signed_in()
    for bucket in ("available", "pending", "reserved", "debt", "nonsense"):
        page = browser.get(card(lampa, f"anna/balance?bucket={bucket}&before=x"))
        assert page.status_code == 200
        assert "Nothing here yet" in page.text


def test_the_list_is_searched_filtered_and_sent_as_a_fragment(lampa: Shop) -> None:
    for number in range(30):
        made(lampa, name=f"Partner {number:02}", refcode=f"code{number:02}")
    lampa.call("PATCH", "/partners/code07", {"status": "blocked"})
    browser = lampa.signed_in()
    assert "Partner 13" in browser.get(path(lampa, "?q=CODE13")).text
    page = browser.get(path(lampa, "?status=blocked")).text
    assert ("Partner 07" in page, "Partner 08" in page) == (True, False)
    page = browser.get(path(lampa, "?sort=name")).text
    assert ("Partner 24" in page, "Partner 25" in page) == (True, False)
    header = {"HX-Request": "true", "HX-Request-Type": "partial"}
    assert "<html" not in browser.get(path(lampa), headers=header).text


def test_a_refcode_may_be_any_word(lampa: Shop) -> None:
    for word in ("new", "network", "applications"):
        made(lampa, name=word, refcode=word)
        assert lampa.signed_in().get(card(lampa, word)).status_code == 200


def test_support_reads_and_changes_nothing(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna", email="anna@example.org")
    browser = lampa.staff("support")
    page = browser.get(card(lampa, "anna"))
    assert page.status_code == 200
    assert "Block this partner?" not in page.text
    assert "Create a partner" not in browser.get(path(lampa)).text.partition("<main")[2]
    assert browser.post(path(lampa, "new")).status_code == 403
    for rest in (
        *("anna", "anna/block", "anna/sponsor", "anna/terms", "anna/welcome"),
        *("anna/sponsor/preview", "anna/end", "anna/remove", "anna/restore"),
    ):
        assert browser.post(card(lampa, rest)).status_code == 403, rest


def test_partners_of_another_merchant_are_not_there(app: App, lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna")
    kniga = Shop(app, "Kniga")
    browser = kniga.signed_in()
    for rest in ("anna", "anna/terms", "anna/balance", "anna/activity"):
        assert browser.get(card(kniga, rest)).status_code == 404
        assert browser.get(card(lampa, rest)).status_code == 404
    assert browser.get(path(kniga, "network/anna")).status_code == 404
    with kniga.scope():
        assert queries.by_refcode("anna") is None


def test_the_office_says_who_a_partner_is_as_a_customer(lampa: Shop) -> None:
    for refcode in ("anna", "boris"):
        made(lampa, name=refcode.title(), refcode=refcode)
    lampa.call("PATCH", "/merchant", {"loyalty": True})
    lampa.call("PUT", "/members/77", {"name": "Anna Buyer"})
    browser, link = lampa.signed_in(), card(lampa, "anna/customer")
    assert "Not linked with a customer." in browser.get(card(lampa, "anna")).text
    refused = browser.post(link, data={"customer-number": "78"})
    assert refused.status_code == 422
    assert "The shop has no customer with this id." in refused.text
    assert 'value="78"' in refused.text
    assert browser.post(link, data={"customer-number": " 77 "}).status_code == 303
    shown = browser.get(card(lampa, "anna")).text
    assert "Anna Buyer" in shown
    assert read(lampa, "anna")["member"] == "77"
    taken = browser.post(card(lampa, "boris/customer"), data={"customer-number": "77"})
    assert taken.status_code == 422
    assert "This customer is the partner Anna." in taken.text
    assert browser.post(link, data={"customer-number": ""}).status_code == 303
    assert read(lampa, "anna")["member"] is None
