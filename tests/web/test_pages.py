"""Pages, fragments, what follows a POST, and where an address may lead."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.pages import is_local, page, see_address, see_other, toast

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
WHOLE = {"HX-Request": "true", "HX-Request-Type": "full"}


def test_a_browser_gets_the_page_and_htmx_gets_the_fragment(client: FlaskClient) -> None:
    whole = client.get("/dev/ui")
    part = client.get("/dev/ui", headers=PART)

    assert whole.text.startswith("<!doctype html>")
    assert part.text.lstrip().startswith('<section class="card table-card" id="sample-table">')
    assert "<html" not in part.text
    for answer in (whole, part):
        assert {"HX-Request", "HX-Request-Type"} <= set(answer.vary)


@pytest.mark.parametrize(
    "headers",
    [WHOLE, {**PART, "HX-History-Restore-Request": "true"}, {"HX-Request-Type": "partial"}],
)
def test_what_swaps_no_part_gets_the_whole_page(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.get("/dev/ui", headers=headers).text.startswith("<!doctype html>")


def test_a_fragment_may_be_named_by_its_whole_path(app: App) -> None:
    with app.test_request_context("/dev/ui", headers=PART):
        answer = page("web/styles.html", "ui/_toasts.html", status=409)
    assert answer.status_code == 409
    assert answer.get_data(as_text=True).startswith('<div class="toasts"')


def test_after_a_post_the_browser_is_sent_on_with_303(app: App) -> None:
    with app.test_request_context("/", method="POST"):
        answer = see_other("dev.ui", message="Saved.")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dev/ui")


def test_htmx_morphs_the_page_it_stands_on_and_opens_another(app: App) -> None:
    here = {**PART, "HX-Current-URL": "http://localhost/dev/ui?sort=-amount"}
    with app.test_request_context("/", method="POST", headers=here):
        same = see_other("dev.ui")
        other = see_address("/login")
    assert same.status_code == other.status_code == 204
    assert json.loads(same.headers["HX-Location"]) == {
        "path": "/dev/ui",
        "target": "body",
        "swap": "innerMorph",
        "replace": "true",
    }
    assert other.headers["HX-Redirect"] == "/login"


def test_a_toast_with_its_undo_stands_on_the_next_page_once(app: App, client: FlaskClient) -> None:
    with app.test_request_context("/"):
        toast("plain")
    with client.session_transaction() as session:
        session["_flashes"] = [
            ("success", json.dumps({"text": "Gone <b>", "undo": "/undo"})),
            ("odd", "Plain"),
        ]
    first = client.get("/dev/ui").text
    assert "Gone &lt;b&gt;" in first
    assert '<form method="post" action="/undo">' in first
    assert "note-info" in first
    assert "Gone" not in client.get("/dev/ui").text


@pytest.mark.parametrize("address", ["/", "/lampa/office/?a=b", "/a//b", "/a?next=//x", "/%2f%2fx"])
def test_paths_of_ours_are_local(address: str) -> None:
    assert is_local(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "office",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\\b",
        "https:evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\tx",
        "/a\r\nSet-Cookie: x=1",
        " /a",
        "/\x00",
        "http://localhost@evil.example",
    ],
)
def test_whatever_could_lead_elsewhere_is_not(address: str, app: App) -> None:
    assert not is_local(address)
    with app.test_request_context("/", method="POST"):
        assert see_address(address).headers["Location"] == "/"


@given(address=st.text(max_size=30))
def test_a_local_address_begins_with_exactly_one_slash(address: str) -> None:
    if is_local(address):
        assert address[0] == "/"
        assert address[1:2] not in {"/", "\\"}
