"""The merchant's pages of feeds: one is added, looked at, loaded; asked about; its history and problems are read."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest

from app import jobs
from tests.commissions.test_pages import words
from tests.feeds.setting import catalogue, offer, shelf
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant

LAMPS = catalogue(
    offer("lamp-1", "Green lamp", "1990.00", oldprice="2490", purchase_price="900"),
    offer("bulb-1", "Bulb", "150,50"),
    offer("usd", "Dollars", "5", currencyId="USD"),
)


class Keeper:
    """Lampa's manager, who keeps the catalogue."""

    def __init__(
        self, app: App, client: FlaskClient, merchant: Merchant, role: str = "manager"
    ) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        sign_in(client, merchant.staff[role])

    def get(self, path: str = "") -> TestResponse:
        return self.client.get(self.merchant.office(f"feeds/{path}"))

    def post(self, path: str = "", **said: object) -> TestResponse:
        return self.client.post(self.merchant.office(f"feeds/{path}"), data=said)

    def give(self, data: bytes, name: str = "lamps.yml") -> str:
        """Upload a first file; returns the feed's id."""
        answer = self.post(
            "upload", shop=self.merchant.shop_id, name="Lamps", file=(io.BytesIO(data), name)
        )
        assert answer.status_code == 303, words(answer.text)
        return str(re.search(r"feeds/(fd_\w+)", answer.headers["Location"])[1])

    def work(self) -> None:
        with self.app.app_context():
            jobs.sweep_runs()

    def load_id(self, feed: str, act: str = "apply") -> str:
        return str(re.search(rf"{feed}/(fl_\w+)/{act}", self.get(feed).text)[1])


@pytest.fixture
def keeper(app: App, client: FlaskClient, lampa: Merchant) -> Keeper:
    return Keeper(app, client, lampa)


def test_each_label_of_a_new_feed_belongs_to_its_field(keeper: Keeper) -> None:
    """A card of the field's id stood before it, and the label led there."""
    ids = re.findall(r'\sid="([^"]+)"', keeper.get("new").text)
    assert "address" in ids
    assert not [each for each in ids if ids.count(each) > 1 and each != "csrf_token"]


def test_why_a_file_failed_is_a_sentence_that_wraps(keeper: Keeper) -> None:
    """In a badge, which is one line, it made the page wider than a phone."""
    evil = b'<?xml version="1.0"?><!DOCTYPE y [<!ENTITY a "aaaa">]><yml_catalog></yml_catalog>'
    feed = keeper.give(evil, "evil.yml")
    keeper.work()
    page = keeper.get(feed).text
    assert "The file declares a document type of its own." in page
    assert "evil.yml : The file declares a document type of its own." in words(page)
    badges = re.findall(r'class="state [^"]*">([^<]*)<', page)
    assert not [each for each in badges if len(each) > 30]


def test_a_file_is_looked_at_and_then_loaded(keeper: Keeper, lampa: Merchant) -> None:
    assert "No feed yet" in keeper.get().text
    feed = keeper.give(LAMPS)
    assert "Looking at it" in keeper.get(feed).text
    keeper.work()
    page = words(keeper.get(feed).text)
    assert "Nothing is changed yet. This is what would come of lamps.yml: New 3 Changed 0" in page
    assert (
        "Some of the new ones Id Name Category Price Purchase price lamp-1 Green lamp desk" in page
    )
    assert "A comma stands where YML wants a point: read as one : 1" in page
    with keeper.app.app_context(), lampa.scope():
        assert shelf() == {}
    assert keeper.post(f"{feed}/{keeper.load_id(feed)}/apply").status_code == 303
    keeper.work()
    page = words(keeper.get(feed).text)
    assert "How it stands Loaded lamps.yml New 3 Changed 0" in page
    with keeper.app.app_context(), lampa.scope():
        assert set(shelf()) == {"lamp-1", "bulb-1", "usd"}
    assert "Lamps" in words(keeper.get().text)


def test_problems_are_listed_and_given_as_a_file(keeper: Keeper) -> None:
    feed = keeper.give(LAMPS)
    keeper.work()
    load = keeper.load_id(feed)
    page = words(keeper.get(f"{feed}/{load}/problems").text)
    assert "11 bulb-1 A comma stands where YML wants a point: read as one 150,50" in page
    assert "12 usd The prices are in another currency: left as they were USD" in page
    one = words(keeper.get(f"{feed}/{load}/problems?code=currency").text)
    assert "usd" in one
    assert "bulb-1" not in one
    file = keeper.get(f"{feed}/{load}/problems.csv")
    assert file.mimetype == "text/csv"
    assert "12,usd,The prices are in another currency: left as they were,USD" in file.text


def test_a_feed_that_lost_its_half_asks(keeper: Keeper, lampa: Merchant) -> None:
    many = [offer(f"p{n}", f"Lamp {n}") for n in range(6)]
    feed = keeper.give(catalogue(*many))
    keeper.work()
    keeper.post(f"{feed}/{keeper.load_id(feed)}/apply")
    keeper.work()
    answer = keeper.post(f"{feed}/upload", file=(io.BytesIO(catalogue(*many[:2])), "fewer.yml"))
    assert answer.status_code == 303
    keeper.work()
    page = words(keeper.get(feed).text)
    assert (
        "More than half of the offers are gone, at once or within two days. Is this right?" in page
    )
    assert "4 of 6 products are not in the feed any more." in page
    assert "Some of those that are gone p2 Lamp 2" in page
    assert keeper.post(f"{feed}/{keeper.load_id(feed)}/discard").status_code == 303
    assert "Left aside." in words(keeper.get(feed).text)
    with keeper.app.app_context(), lampa.scope():
        assert [p for p in shelf().values() if p.gone_at] == []


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"<!DOCTYPE html><html>Closed</html>", "This is a web page, not a catalogue"),
        (b"", "The file is empty."),
        (b"PK\x03\x04....", "The file cannot be unpacked"),
    ],
)
def test_what_is_no_catalogue_is_said_at_the_field(keeper: Keeper, data: bytes, told: str) -> None:
    said = {"shop": keeper.merchant.shop_id, "name": "My lamps"}
    answer = keeper.post("upload", **said, file=(io.BytesIO(data), "f.yml"))
    assert answer.status_code == 422
    assert told in words(answer.text)
    assert 'value="My lamps"' in answer.text
    assert "No feed yet" in keeper.get().text


def test_a_broken_file_says_where_it_breaks(keeper: Keeper) -> None:
    feed = keeper.give(LAMPS.replace(b"</offers>", b"</offer>"))
    keeper.work()
    page = words(keeper.get(feed).text)
    assert "The last try failed This XML is not written correctly. Line 13." in page


def test_a_look_is_stopped_goes_on_and_a_feed_is_thrown_away(keeper: Keeper) -> None:
    feed = keeper.give(LAMPS)
    assert keeper.post(f"{feed}/{keeper.load_id(feed, 'stop')}/stop").status_code == 303
    assert "It stopped on the way" in words(keeper.get(feed).text)
    assert keeper.post(f"{feed}/{keeper.load_id(feed, 'resume')}/resume").status_code == 303
    keeper.work()
    assert "Nothing is changed yet." in words(keeper.get(feed).text)
    assert keeper.post(f"{feed}/retire").status_code == 303
    assert keeper.get(feed).status_code == 404


def test_settings_are_changed_and_wrong_ones_keep_what_was_typed(keeper: Keeper) -> None:
    said = {"shop": keeper.merchant.shop_id, "every": "day", "at": "05", "hides": "y"}
    for wrong in (
        "nowhere",
        "ftp://shop.example/f.yml",
        "http://127.0.0.1/f.yml",
        "https://u:p@shop.example/f",
    ):
        answer = keeper.post("new", **said, address=wrong)
        assert answer.status_code == 422
        assert "Write a whole address, such as https://shop.example/feed.yml." in words(answer.text)
        assert f'value="{wrong}"' in answer.text
    answer = keeper.post(
        "new", **said, address="https://shop.example/f.yml", login="anna", password="secret-7"
    )
    feed = str(re.search(r"feeds/(fd_\w+)", answer.headers["Location"])[1])
    page = keeper.get(f"{feed}/settings").text
    assert "secret-7" not in page
    assert "anna" not in page
    changed = {**said, "address": "https://shop.example/f.yml", "every": "hour", "name": "Hourly"}
    assert keeper.post(f"{feed}/settings", **changed).status_code == 303
    assert "Every hour" in words(keeper.get(feed).text)


def test_who_may_only_read_changes_nothing_and_strangers_see_nothing(
    app: App, lampa: Merchant, kniga: Merchant
) -> None:
    feed = Keeper(app, app.test_client(), lampa).give(LAMPS)
    reader = Keeper(app, app.test_client(), lampa, "support")
    assert reader.get(feed).status_code == 200
    assert reader.post(f"{feed}/retire").status_code == 403
    assert Keeper(app, app.test_client(), kniga).get(feed).status_code == 404


class TestColumns:
    PRICES = "Артикул;Закупочная цена\r\nlamp-1;1 000,50\r\nunknown;5\r\n".encode("cp1251")

    def columns_of(self, keeper: Keeper, data: bytes) -> tuple[str, str, dict[str, str]]:
        answer = keeper.post(
            "upload", shop=keeper.merchant.shop_id, file=(io.BytesIO(data), "prices.csv")
        )
        assert answer.status_code == 303, words(answer.text)
        place = re.search(r"feeds/(fd_\w+)/(fl_\w+)/columns", answer.headers["Location"])
        page = keeper.get(f"{place[1]}/{place[2]}/columns").text
        found = {}
        for name, body in re.findall(
            r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL
        ):
            chosen = re.search(r'<option selected value="(-?\d+)"', body)
            found[name] = chosen[1] if chosen else "-1"
        return str(place[1]), str(place[2]), found

    def test_purchase_prices_come_by_csv_for_products_that_are_known(
        self, keeper: Keeper, lampa: Merchant
    ) -> None:
        feed = keeper.give(LAMPS)
        keeper.work()
        keeper.post(f"{feed}/{keeper.load_id(feed)}/apply")
        keeper.work()
        prices, load, guessed = self.columns_of(keeper, self.PRICES)
        assert {n: v for n, v in guessed.items() if v != "-1"} == {"id": "0", "purchase_price": "1"}
        page = words(keeper.get(f"{prices}/{load}/columns").text)
        assert "Артикул Закупочная цена lamp-1 1 000,50 unknown 5" in page
        assert keeper.post(f"{prices}/{load}/columns", **guessed).status_code == 303
        keeper.work()
        page = words(keeper.get(prices).text)
        assert "New 0 Changed 1 As they were 0 Hidden 0 Left out 1" in page
        keeper.post(f"{prices}/{load}/apply")
        keeper.work()
        with keeper.app.app_context(), lampa.scope():
            found = shelf()
            assert [p for p in found.values() if p.gone_at] == []
            shown = keeper.client.get(lampa.office(f"products/{found['lamp-1'].id}")).text
        assert "1,000.50" in shown or "1000.50" in shown

    def test_columns_that_say_nothing_or_two_things_are_refused_at_their_fields(
        self, keeper: Keeper
    ) -> None:
        feed, load, guessed = self.columns_of(keeper, self.PRICES)
        answer = keeper.post(f"{feed}/{load}/columns", **{**guessed, "id": "-1"})
        assert answer.status_code == 422
        assert "Id in the shop : Choose the column that says it." in words(answer.text)
        answer = keeper.post(f"{feed}/{load}/columns", **{**guessed, "name": "0"})
        assert answer.status_code == 422
        assert "This column means something else already." in words(answer.text)

    def test_the_choice_is_kept_for_the_next_file_with_the_same_columns(
        self, keeper: Keeper
    ) -> None:
        feed, load, guessed = self.columns_of(keeper, self.PRICES)
        keeper.post(f"{feed}/{load}/columns", **guessed)
        keeper.work()
        answer = keeper.post(
            f"{feed}/upload", file=(io.BytesIO(self.PRICES + b"more;7\r\n"), "p.csv")
        )
        assert answer.headers["Location"].endswith(feed)
        keeper.work()
        assert "Left out 3" in words(keeper.get(feed).text)
