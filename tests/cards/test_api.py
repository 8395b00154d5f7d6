"""PUT and GET of a customer's card: one number at a time, of one customer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from app.cards.rules import check_digit
from tests.harness.together import together

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


def named(client: FlaskClient, merchant: Merchant, number: str) -> None:
    answer = client.put(f"/api/v1/members/{number}", json={"name": number}, headers=merchant.bearer)
    assert answer.status_code == 200


def put(client: FlaskClient, merchant: Merchant, member: str, body: dict[str, Any]) -> Any:
    return client.put(f"/api/v1/members/{member}/card", json=body, headers=merchant.bearer)


def test_a_number_is_bound_changed_and_taken_away(client: FlaskClient, lampa: Merchant) -> None:
    named(client, lampa, "77")
    first = put(client, lampa, "77", {"number": "ab 12-34"})
    assert (first.status_code, first.json["number"]) == (200, "AB12-34")
    assert put(client, lampa, "77", {"number": "AB12-34"}).json == first.json
    assert put(client, lampa, "77", {"number": "5555"}).json["number"] == "5555"
    named(client, lampa, "78")
    assert put(client, lampa, "78", {"number": "AB12-34"}).status_code == 200, "it is free again"
    gone = put(client, lampa, "77", {"number": None})
    assert (gone.json["number"], gone.json["since"]) == (None, None)


def test_without_a_number_one_of_ours_is_given_once(client: FlaskClient, lampa: Merchant) -> None:
    named(client, lampa, "77")
    number = put(client, lampa, "77", {}).json["number"]
    assert check_digit(number[:-1]) == number[-1]
    assert put(client, lampa, "77", {}).json["number"] == number


def test_another_customers_number_is_refused_and_nothing_is_written(
    client: FlaskClient, lampa: Merchant
) -> None:
    for member in ("77", "78"):
        named(client, lampa, member)
    put(client, lampa, "77", {"number": "5555"})
    put(client, lampa, "78", {"number": "6666"})
    refused = put(client, lampa, "78", {"number": "5555"})
    assert refused.status_code == 409
    assert refused.json["errors"][0]["field"] == "number"
    mine = client.get("/api/v1/members/78/card", headers=lampa.bearer)
    assert mine.json["number"] == "6666"


def test_of_many_who_want_one_number_one_gets_it(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    for member in range(6):
        named(client, lampa, f"m{member}")

    def wants(member: int) -> int:
        return int(put(app.test_client(), lampa, f"m{member}", {"number": "7777"}).status_code)

    acts: list[Callable[[], int]] = [partial(wants, n) for n in range(6)]
    said = together(acts)
    assert sorted(said) == [200] + [409] * 5


def test_bad_numbers_and_strangers(client: FlaskClient, lampa: Merchant, kniga: Merchant) -> None:
    named(client, lampa, "77")
    bad: tuple[Any, ...] = ("", "123", "x" * 41, "1234;", "1\x00234", 1234, True, [])
    for number in bad:
        assert put(client, lampa, "77", {"number": number}).status_code == 422, number
    assert put(client, lampa, "78", {"number": "5555"}).status_code == 404
    assert put(client, kniga, "77", {"number": "5555"}).status_code == 404
    assert put(client, lampa, "77", {"numbr": "5555"}).status_code == 422
