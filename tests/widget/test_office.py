"""A shop that uses bonuses alone is led from the key to the first order; the widget looks as it is told to."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from html import unescape
from subprocess import run
from typing import TYPE_CHECKING, Any

import pytest
from playwright._impl._driver import compute_driver_executable
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.widget import service
from app.widget.models import WidgetKey
from app.widget.rules import Look, LookError, check, read_look, read_token, signed_token
from tests.bonuses.test_office import PROGRAM
from tests.calls.test_office import kept
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

LOOK: dict[str, Any] = {
    "accent": "#004488", "ink": "#111111", "paper": "#fffff0", "line": "#cccccc", "radius": "0",
    "position": "center", "blocks": ["expiry", "guest"], "language": "en", "title": "Lamp points",
    "earn": "", "spend": "", "guest": "",
}  # fmt: skip


@pytest.fixture
def owner(app: App, lampa: Merchant) -> FlaskClient:
    return sign_in(app.test_client(), lampa.staff["owner"])


def pasted(client: FlaskClient, line: str) -> Any:
    """Do what a shell would do with a line of the page."""
    words = shlex.split(line)
    method, address = words[words.index("-X") + 1], next(w for w in words if "/api/v1/" in w)
    heads = dict(words[n + 1].split(": ", 1) for n, w in enumerate(words) if w == "-H")
    body = words[words.index("-d") + 1]
    path = address[address.index("/api/v1/") :]
    return client.open(path, method=method, data=body, headers=heads)


def lines(text: str) -> list[str]:
    return [unescape(line) for line in re.findall(r"<code[^>]*>(curl.+?)</code>", text)]


def done(text: str) -> list[str]:
    found = re.findall(r'<li class="is-done">.*?<span>(.*?)</span>', text, re.DOTALL)
    return [re.sub("<.*?>", "", each) for each in found]


def test_a_shop_with_bonuses_alone_goes_the_whole_way_by_what_the_page_says(
    app: App, client: FlaskClient, lampa: Merchant, owner: FlaskClient
) -> None:
    where = lampa.office("in-the-shop/")
    assert done(owner.get(where).text) == ["The shop has a key"]
    assert owner.post(lampa.office("bonuses/program"), data=PROGRAM).status_code == 303
    page = owner.post(f"{where}try").text
    told = lines(page)
    assert len(told) == 4
    for line in told:
        answer = pasted(client, line)
        assert answer.status_code in {200, 201}, (line, answer.text)
    assert answer.get_json()["bonus"]["spent"] == "50.00"
    # The secret, the code of the page, and a page of the shop that asks with what it makes.
    made = owner.post(f"{where}secrets", data={"shop": lampa.shop}).text
    code = unescape(re.search(r"<pre[^>]*>(import base64.*?)</pre>", made, re.DOTALL)[1])
    scope: dict[str, Any] = {}
    exec(code, scope)  # noqa: S102 - the page's own code, as a shop would run it
    token = scope["partnerka_token"]("trial-1")
    asked = client.post(
        f"/w/{lampa.slug}/wallet",
        json={},
        headers={"Origin": f"https://{lampa.slug}.example", "Authorization": f"Bearer {token}"},
    )
    assert asked.get_json()["available"] == "50.00"
    kept(app, lampa)
    assert done(owner.get(where).text) == [
        "Bonuses are switched on",
        "The shop has a key",
        "A customer is known",
        "The first cart was quoted",
        "The shop has a secret to sign with",
        "A page of the shop showed the widget",
        "An order was paid with bonuses",
    ]


def test_the_secret_is_told_once_and_sealed(app: App, lampa: Merchant, owner: FlaskClient) -> None:
    where = lampa.office("in-the-shop/")
    made = owner.post(f"{where}secrets", data={"shop": lampa.shop}).text
    secret = re.search(r"ws_[A-Za-z0-9_-]{43}", made)
    assert secret
    later = owner.get(where).text
    assert secret[0] not in later
    with app.app_context(), lampa.scope():
        key = db.session.scalars(select(WidgetKey)).one()
        assert secret[0].encode() not in key.secret
        assert key.public_id in later
        name = key.public_id
    assert owner.post(f"{where}secrets/{name}/withdraw").status_code == 303
    assert "No secrets yet" in owner.get(where).text
    assert owner.post(f"{where}secrets/{name}/withdraw").status_code == 404


def test_the_code_for_node_signs_what_we_read(
    app: App, lampa: Merchant, owner: FlaskClient
) -> None:
    made = owner.post(lampa.office("in-the-shop/secrets"), data={"shop": lampa.shop}).text
    code = unescape(re.search(r"<pre[^>]*>(const crypto.*?)</pre>", made, re.DOTALL)[1])
    program = f'{code}\nprocess.stdout.write(partnerkaToken("Жанна 77"))'
    node = compute_driver_executable()[0]  # comes with Playwright
    told = run([node, "-e", program], capture_output=True, text=True, check=True).stdout
    with app.app_context(), lampa.scope():
        assert service.recognise(told).customer == "Жанна 77"


def test_developers_have_the_way_and_managers_the_look(app: App, lampa: Merchant) -> None:
    developer = sign_in(app.test_client(), lampa.staff["developer"])
    assert developer.get(lampa.office("in-the-shop/")).status_code == 200
    support = sign_in(app.test_client(), lampa.staff["support"])
    assert support.get(lampa.office("in-the-shop/")).status_code == 403
    assert support.post(lampa.office("in-the-shop/look"), data=LOOK).status_code == 403


def test_the_look_is_saved_and_told_to_pages_under_another_version(
    client: FlaskClient, lampa: Merchant, owner: FlaskClient
) -> None:
    address = f"/w/{lampa.slug}/look.json"
    before = client.get(address)
    assert owner.post(lampa.office("in-the-shop/look"), data=LOOK).status_code == 303
    now = client.get(address)
    said = now.get_json()
    assert said["look"] == {
        "accent": "#004488", "ink": "#111111", "paper": "#fffff0", "line": "#cccccc", "radius": 0,
        "position": "center", "blocks": ["expiry", "guest"], "on_accent": "#ffffff",
    }  # fmt: skip
    assert said["words"]["title"] == "Lamp points"
    assert said["words"]["earn"] == "Save up bonuses"
    assert (
        client.get(address, query_string={"lang": "ru"}).get_json()["words"]["title"]
        == "Ваши бонусы"
    )
    assert said["version"] != before.get_json()["version"]
    assert now.headers["ETag"] != before.headers["ETag"]
    page = owner.get(lampa.office("in-the-shop/look")).text
    assert 'value="#004488"' in page
    assert 'value="Lamp points"' in page
    # Words of another language leave these as they are, and one press brings ours back.
    russian = LOOK | {"language": "ru", "title": "Лампочки"}
    owner.post(lampa.office("in-the-shop/look"), data=russian)
    assert client.get(address).get_json()["words"]["title"] == "Lamp points"
    assert client.get(address).get_json()["version"] != said["version"]
    owner.post(lampa.office("in-the-shop/look/reset"))
    assert client.get(address).get_json()["version"] == before.get_json()["version"]


def test_colours_that_are_hard_to_read_are_saved_with_a_warning(
    lampa: Merchant, owner: FlaskClient
) -> None:
    pale = LOOK | {"ink": "#eeeeee"}
    page = owner.post(lampa.office("in-the-shop/look"), data=pale, follow_redirects=True).text
    assert "Hard to read" in page
    assert "Too close to the background: Text." in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accent", "red;background:url(https://evil.example)"),
        ("accent", "#12345"),
        ("paper", "#ffffff}body{display:none"),
        ("ink", "expression(alert(1))"),
        ("radius", "999"),
        ("radius", "8px;color:red"),
        ("position", "fixed"),
        ("blocks", "everything"),
        ("title", "x" * 41),
        ("title", "two\nlines"),
        ("language", "xx"),
    ],
)
def test_hostile_values_are_refused_at_their_field_and_kept_in_sight(
    client: FlaskClient, lampa: Merchant, owner: FlaskClient, field: str, value: str
) -> None:
    before = client.get(f"/w/{lampa.slug}/look.json").data
    answer = owner.post(lampa.office("in-the-shop/look"), data=LOOK | {field: value})
    assert answer.status_code == 422
    assert "Lamp points" in answer.text or field == "title"
    assert client.get(f"/w/{lampa.slug}/look.json").data == before


def test_words_with_markup_travel_as_text_alone(
    client: FlaskClient, lampa: Merchant, owner: FlaskClient
) -> None:
    words = "</script><img src=x onerror=alert(1)>"
    owner.post(lampa.office("in-the-shop/look"), data=LOOK | {"title": words})
    told = client.get(f"/w/{lampa.slug}/look.json")
    assert told.mimetype == "application/json"
    assert told.headers["X-Content-Type-Options"] == "nosniff"
    assert told.get_json()["words"]["title"] == words
    assert words not in client.get(f"/w/{lampa.slug}.js").text
    page = owner.get(lampa.office("in-the-shop/look")).text
    assert words not in page


class TestLooks:
    def test_what_is_not_said_is_as_we_made_it(self) -> None:
        assert read_look({}) == Look()
        assert read_look(Look().said()) == Look()

    @pytest.mark.parametrize(
        "said",
        [
            {"accent": "#FFFFFF"},
            {"accent": 7},
            {"accent": "#ffffff}body{display:none"},
            {"radius": True},
            {"radius": -1},
            {"blocks": "pending"},
            {"texts": []},
            {"texts": {"en": {"other": "x"}}},
            {"texts": {"e;n": {"title": "x"}}},
            {"texts": {"en": {"title": "a\x00b"}}},
            {"css": "x"},
        ],
    )
    def test_anything_else_is_refused(self, said: dict[str, Any]) -> None:
        with pytest.raises(LookError):
            read_look(said)


def test_a_token_says_the_same_to_whoever_reads_it() -> None:
    now = clock.wall()
    until = (now + timedelta(hours=1)).replace(microsecond=0)
    claim = read_token(signed_token("wk_0123456789abcdef", "secret", "77", until))
    assert (claim.key, claim.customer, claim.until) == ("wk_0123456789abcdef", "77", until)
    check(claim, "secret", now)
