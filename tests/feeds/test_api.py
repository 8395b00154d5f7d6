"""A catalogue by API: as the body, as a form, by address; idempotent, bounded, in the shop of its key."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Any

import pytest

from app import jobs
from app.catalog.models import Product
from app.extensions import db
from app.tenancy import tenant_scope
from tests.feeds.setting import catalogue, offer

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant

LAMPS = catalogue(offer("lamp-1", "Lamp"), offer("usd", "Dollars", currencyId="USD"))
XML = "application/xml"


class Caller:
    """Lampa's server."""

    def __init__(self, app: App, merchant: Merchant) -> None:
        self.app, self.merchant = app, merchant

    def post(
        self, data: Any, kind: str | None = XML, *, test: bool = False, key: str = ""
    ) -> TestResponse:
        sent = {
            **(self.merchant.test_bearer if test else self.merchant.bearer),
            **({"Idempotency-Key": key} if key else {}),
        }
        return self.app.test_client().post(
            "/api/v1/catalog/feed", data=data, content_type=kind, headers=sent
        )

    def get(self, path: str) -> TestResponse:
        return self.app.test_client().get(
            f"/api/v1/catalog/feed/{path}", headers=self.merchant.bearer
        )

    def work(self) -> None:
        with self.app.app_context():
            jobs.sweep_runs()  # looks
            jobs.sweep_runs()  # loads

    def products(self, tenant: int | None = None) -> set[str]:
        with self.app.app_context(), tenant_scope(tenant or self.merchant.id):
            return set(db.session.scalars(db.select(Product.external_id)))


@pytest.fixture
def caller(app: App, lampa: Merchant) -> Caller:
    return Caller(app, lampa)


def test_a_catalogue_is_sent_and_asked_after(caller: Caller) -> None:
    answer = caller.post(LAMPS)
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    feed, run = answer.json["id"], answer.json["run"]
    assert (feed[:3], run[:3], answer.json["state"]) == ("fd_", "rn_", "looking")
    caller.work()
    said = caller.get(feed).json
    assert said == caller.get(run).json
    assert said == {
        "id": feed, "run": run, "state": "done", "percent": 100, "new": 2, "changed": 0, "unchanged": 0,
        "hidden": 0, "refused": 0, "problems": 1, "problem": None, "line": None,
    }  # fmt: skip
    assert caller.products() == {"lamp-1", "usd"}
    problems = caller.get(f"{feed}/problems").json
    assert problems == {
        "items": [{"line": 11, "id": "usd", "code": "currency", "said": "USD"}], "next": None
    }  # fmt: skip


def test_problems_come_page_by_page(caller: Caller) -> None:
    caller.post(catalogue(*(offer(f"p{n}", "Lamp", currencyId="USD") for n in range(5))))
    caller.work()
    feed = (caller.post(LAMPS).json or {})["id"]
    caller.work()
    del feed
    again = caller.post(
        catalogue(*(offer(f"p{n}", "Lamp", currencyId="USD") for n in range(5)))
    ).json
    assert again is not None
    caller.work()
    lines: list[int] = []
    place: str | None = "limit=2"
    while place is not None:
        part = caller.get(f"{again['id']}/problems?{place}").json
        assert part is not None
        lines += [item["line"] for item in part["items"]]
        place = f"limit=2&cursor={part['next']}" if part["next"] else None
    assert lines == [10, 11, 12, 13, 14]
    for wrong in ("limit=0", "limit=x", "limit=201", "cursor=x", "cursor=1-x"):
        assert caller.get(f"{again['id']}/problems?{wrong}").status_code == 422


def test_it_may_be_a_form_or_packed(caller: Caller) -> None:
    form = {"file": (io.BytesIO(LAMPS), "lamps.yml")}
    assert caller.post(form, "multipart/form-data").status_code == 201
    caller.work()
    assert caller.post(gzip.compress(LAMPS), "application/gzip").status_code == 201
    caller.work()
    assert caller.products() == {"lamp-1", "usd"}


def test_csv_is_read_by_its_heads(caller: Caller) -> None:
    answer = caller.post("Артикул,Название,Цена\nlamp-9,Лампа,1990\n".encode(), "text/csv")
    assert answer.status_code == 201, answer.text
    caller.work()
    assert caller.products() == {"lamp-9"}
    answer = caller.post(b"a,b\n1,2\n", "text/csv")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["field"] == "file"


def test_the_same_key_is_the_same_call_whatever_its_boundaries(caller: Caller) -> None:
    answers = [
        caller.post(
            {"file": (io.BytesIO(LAMPS), "f.yml")},
            "multipart/form-data",
            key="one",
        )
        for _ in range(2)
    ]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    other = caller.post(LAMPS + b" ", key="one")
    assert other.status_code == 422


def test_while_one_is_worked_on_another_waits(caller: Caller) -> None:
    assert caller.post(LAMPS).status_code == 201
    assert caller.post(LAMPS).status_code == 409
    caller.work()
    assert caller.post(LAMPS).status_code == 201


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"<html>closed</html>", XML, 422),
        (b"", XML, 422),
        (b"{}", "application/json", 422),
        (b'{"address": 7}', "application/json", 422),
        (b'{"address": "ftp://x.example/f"}', "application/json", 422),
        (b'{"address": "http://127.0.0.1/f"}', "application/json", 422),
        (b'{"address": "https://a.example/f", "every": "second"}', "application/json", 422),
        (b"[1]", "application/json", 422),
        (b"{", "application/json", 400),
        (b"--x--", "multipart/form-data; boundary=x", 422),
        (b"x", "multipart/form-data", 422),
    ],
)
def test_what_is_no_catalogue_is_refused(
    caller: Caller, data: bytes, kind: str, status: int
) -> None:
    answer = caller.post(data, kind)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"


def test_an_address_is_fetched_by_the_worker(caller: Caller) -> None:
    said = '{"address": "https://shop.example/f.yml", "every": "hour"}'
    first, again = (caller.post(said, "application/json") for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json is not None
    assert again.json is not None
    assert (first.json["state"], first.json["run"]) == ("fetching", None)
    assert again.json["id"] == first.json["id"]


def test_a_body_beyond_the_bound_is_refused_before_it_is_read(caller: Caller) -> None:
    answer = caller.app.test_client().post(
        "/api/v1/catalog/feed", content_type=XML, headers=caller.merchant.bearer,
        input_stream=io.BytesIO(b"<"), environ_overrides={"CONTENT_LENGTH": str(600 * 2**20)},
    )  # fmt: skip
    assert answer.status_code == 413


def test_a_test_key_loads_the_twins_catalogue_and_a_key_sees_its_own(
    caller: Caller, kniga: Merchant
) -> None:
    assert caller.post(LAMPS, test=True).status_code == 201
    caller.work()
    assert caller.products() == set()
    assert caller.products(caller.merchant.twin_id) == {"lamp-1", "usd"}
    feed = (caller.post(LAMPS).json or {})["id"]
    theirs = Caller(caller.app, kniga)
    assert theirs.get(feed).status_code == 404
    assert theirs.get(f"{feed}/problems").status_code == 404


def test_the_document_says_what_may_be_sent(app: App) -> None:
    spec = app.test_client().get("/api/v1/openapi.json").json
    assert spec is not None
    body = spec["paths"]["/api/v1/catalog/feed"]["post"]["requestBody"]["content"]
    assert body["application/json"]["schema"] == {"$ref": "#/components/schemas/FeedIn"}
    assert set(spec["components"]["schemas"]["FeedIn"]["properties"]) == {"address", "every"}
    assert {"application/xml", "text/csv", "multipart/form-data"} <= set(body)
    assert app.test_client().get("/api/docs").status_code == 200
