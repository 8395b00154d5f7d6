"""Menus, colours, states, icons and logs: the small parts of the floor."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from flask import Flask
from flask_babel import lazy_gettext
from hypothesis import given
from hypothesis import strategies as st

from app.web import log, menu, states, surround
from app.web.assets import STATIC
from app.web.colour import ENOUGH, accent_css, contrast, parse, readable
from app.web.menu import Entry
from app.web.surroundings import Surroundings, surroundings

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

OPEN = (
    "office.payouts.index",
    "office.orders.index",
    "office.partners.show",
    "office.partners.index",
)


@pytest.fixture
def offices(monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An app with four pages, and a menu over three of them and one that nobody has built."""
    app = Flask("offices")
    app.secret_key = "x"
    for name in OPEN:
        app.add_url_rule(f"/{name}", name, lambda: "")
    app.add_url_rule("/<shop>/closed", "office.shops.index", lambda shop: shop)
    entries = (
        Entry(lazy_gettext("Payouts"), "cash", "office.payouts.index"),
        Entry(
            lazy_gettext("Sales"),
            entries=(
                Entry(lazy_gettext("Orders"), endpoint="office.orders.index"),
                Entry(lazy_gettext("Not built"), endpoint="office.orders.none"),
            ),
        ),
        Entry(lazy_gettext("Shops"), endpoint="office.shops.index"),
        Entry(lazy_gettext("Partners"), endpoint="office.partners.index"),
        Entry(lazy_gettext("Empty"), entries=(Entry(lazy_gettext("No"), endpoint="nothing"),)),
    )
    monkeypatch.setitem(menu.MENUS, "office", entries)
    return app


def test_a_menu_shows_what_exists_and_is_allowed(offices: Flask) -> None:
    with offices.test_request_context("/office.partners.show"):
        surround(allowed=lambda endpoint: endpoint != "office.payouts.index")
        lines = menu.menu("office")
        assert [line.address for line in lines] == [None, "/office.partners.index"]
        assert [line.address for line in lines[0].lines] == ["/office.orders.index"]
        assert [line.current for line in lines] == [False, True]
    with offices.test_request_context("/office.orders.index"):
        assert menu.menu("office") == ()  # nobody said what is allowed
        surround(allowed=lambda _endpoint: True)
        assert [line.current for line in menu.menu("office")] == [False, True, False]


@pytest.mark.parametrize(
    ("page", "entry"),
    [
        ("campaigns/ca_1", "Campaigns"),
        ("campaigns/new", "Campaigns"),
        ("groups/new", "Groups"),
        ("terms/tm_1", "Terms"),
        ("drafts/td_1/tried", "Terms"),
        ("recalculations/rn_1", "Recalculations"),
    ],
)
def test_a_page_stands_under_the_entry_it_belongs_to(app: App, page: str, entry: str) -> None:
    with app.test_request_context(f"/lampa/office/{page}"):
        below = [e for top in menu.MENUS["office"] for e in (top, *top.entries) if e.endpoint]
        current = [str(e.label) for e in below if menu.is_current(e.endpoint, e.below)]
    assert current == [entry]


def test_the_partners_menu_is_ten_lines_and_has_every_page_once(app: App) -> None:
    tops = menu.MENUS["cabinet"]
    assert [str(top.label) for top in tops] == [
        *("Home", "Products", "Links and materials", "Sales and accruals", "Network"),
        *("Payouts", "Account", "Bonuses", "Settings", "Help"),
    ]
    named = [e.endpoint for top in tops for e in (top, *top.entries) if e.endpoint]
    assert len(named) == len(set(named))
    # A list of a slice that a partner can open, and that stands under no line of the menu, is lost.
    lists = {n for n in app.view_functions if n.startswith("cabinet.") and n.endswith(".index")}
    below = {name for top in tops for e in (top, *top.entries) for name in e.below}
    assert lists - set(named) - below == set()


def test_the_money_desk_is_three_groups_and_legal_details_stand_with_the_documents() -> None:
    groups = {str(top.label): [str(e.label) for e in top.entries] for top in menu.MENUS["office"]}
    assert groups["Accruals"][:3] == ["By partner", "By sale", "By hand"]
    assert groups["Payouts"][:2] == ["Payouts", "Pay runs"]
    assert {"Documents", "Legal details"} <= set(groups["Accounts"])
    assert all(len(groups[name]) <= 6 for name in ("Accruals", "Payouts", "Accounts"))


def test_every_page_that_a_menu_names_exists(app: App) -> None:
    named = {
        name
        for entries in menu.MENUS.values()
        for top in entries
        for e in (top, *top.entries)
        for name in e.below
    }
    assert named <= app.view_functions.keys()


def test_outside_a_request_the_surroundings_are_the_platforms_own(app: App) -> None:
    assert surroundings() == Surroundings()
    with app.test_request_context("/"):
        assert surround(brand="Lampa").brand == surroundings().brand == "Lampa"


colours = st.integers(0, 0xFFFFFF).map(lambda n: f"{n:06x}")


@given(colour=colours)
def test_any_accent_is_made_readable_in_both_themes(colour: str) -> None:
    for paper in ((255, 255, 255), (24, 26, 30)):
        assert contrast(readable(parse(colour), paper), paper) >= ENOUGH
    found = re.findall(r"--accent-(?:ink-)?(?:light|dark):#[0-9a-f]{6}", accent_css(colour))
    assert len(found) == 4


def test_a_good_accent_stays_as_it_is() -> None:
    assert "--accent-light:#17664f;" in accent_css("17664f")
    with pytest.raises(ValueError, match="six"):
        parse("#fff")


@pytest.mark.parametrize("colour", ["fff", "GGGGGG", "17664F", "17664f;}"])
def test_only_a_colour_is_a_colour(client: FlaskClient, colour: str) -> None:
    assert client.get(f"/accent/{colour}.css").status_code == 404


@pytest.mark.parametrize(
    ("address", "data", "cookie"),
    [("language", {"locale": "ru"}, "locale=ru"), ("theme", {"theme": "dark"}, "theme=dark")],
)
def test_a_switch_is_kept_in_a_cookie_and_leads_back(
    client: FlaskClient, address: str, data: dict[str, str], cookie: str
) -> None:
    answer = client.post(f"/preferences/{address}", data={**data, "next": "/dev/ui"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dev/ui")
    assert answer.headers["Set-Cookie"].startswith(cookie)
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert client.post(f"/preferences/{address}", data=dict.fromkeys(data, "x")).status_code == 422
    elsewhere = client.post(f"/preferences/{address}", data={**data, "next": "//evil.example"})
    assert elsewhere.headers["Location"] == "/"


def test_a_chosen_theme_is_on_the_page(client: FlaskClient) -> None:
    assert "data-bs-theme" not in client.get("/dev/ui").text.split("<head>")[0]
    client.set_cookie("theme", "dark")
    assert 'data-bs-theme="dark"' in client.get("/dev/ui").text.split("<head>")[0]


def test_a_state_has_a_word_and_a_tone(app: App) -> None:
    with app.test_request_context("/"):
        assert (states.state_label("taken_back"), states.state_tone("taken_back")) == (
            "Taken back",
            "bad",
        )
        assert (states.state_label("some_thing"), states.state_tone("some_thing")) == (
            "Some thing",
            "quiet",
        )


def test_every_icon_that_is_drawn_is_in_the_sprite() -> None:
    sprite = next(STATIC.glob("vendor/icons/*/sprite.svg")).read_text()
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    root = STATIC.parent
    used: dict[str, str] = {}
    for path in [*root.glob("templates/**/*.html"), *root.glob("app/**/*.py")]:
        text = path.read_text()
        for name in re.findall(r"""\bicon(?:_name)?(?:\(|=)["']([a-z0-9-]+)["']""", text):
            used[name] = str(path.relative_to(root))
    assert {name: where for name, where in used.items() if name not in known} == {}


def test_no_page_has_what_the_policy_blocks() -> None:
    bad = re.compile(
        r"""<style|<script(?![^>]*\bsrc=)|\sstyle=["']|\son[a-z]+=["']|hx-on|javascript:"""
    )
    for path in STATIC.parent.glob("templates/**/*.html"):
        if "notifications" in path.parts:
            continue  # letters are not pages
        text = re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL)
        markup = re.sub(r"{{.*?}}|{%.*?%}", "", text, flags=re.DOTALL)
        assert bad.search(markup) is None, path
        assert re.search(r"\|\s*safe\b", text) is None, path


def line(**facts: Any) -> dict[str, Any]:
    return dict(log.redact(None, "info", dict(facts)))


def test_logs_keep_no_secret() -> None:
    told = line(
        event="to anna@example.org with Bearer abc.def-1",
        password="hunter2",
        api_key="x",
        headers={"Cookie": "session=1", "Accept": "text/html"},
        note=["sk_live_abcDEF123", "postgresql://me:pw@host/db", 5, "x?token=123&a=1"],
    )
    text = json.dumps(told)
    for secret in ("anna@", "abc.def", "hunter2", "session=1", "sk_live_abc", "me:pw", "token=123"):
        assert secret not in text
    assert "text/html" in text


def test_a_log_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    try:
        log.configure("production")
        logging.getLogger("x").warning("one\r\nFAKE %s", "two\u2028three")
        structlog.get_logger("y").info("four\nfive", who="a\nb")
    finally:
        root.handlers, root.level = before, level
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    first, second = (json.loads(each) for each in lines)
    assert first["event"] == "one\r\nFAKE two\u2028three"
    assert (first["level"], second["who"]) == ("warning", "a\nb")
