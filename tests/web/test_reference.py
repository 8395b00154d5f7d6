"""The API's document agrees with what is answered, and its page with the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.web.reference import fields

if TYPE_CHECKING:
    from flask.testing import FlaskClient


@pytest.fixture
def spec(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return dict(answer.get_json())


def test_every_call_names_its_refusals_as_problem_documents(spec: dict[str, Any]) -> None:
    assert spec["openapi"] == "3.1.0"
    assert spec["security"] == [{"key": []}]
    assert set(spec["components"]["securitySchemes"]) == {"key", "platform", "code", "partner"}
    assert len(spec["paths"]) > 20
    for operations in spec["paths"].values():
        for operation in operations.values():
            assert {"401", "403", "429"} <= set(operation["responses"])
            for status, told in operation["responses"].items():
                if status >= "4":
                    assert told == {"$ref": f"#/components/responses/{status}"}
                    refusal = spec["components"]["responses"][status]
                    assert list(refusal["content"]) == ["application/problem+json"]


def test_every_reference_leads_somewhere(spec: dict[str, Any]) -> None:
    text = str(spec)
    known = set(spec["components"]["schemas"])
    for part in text.split("#/components/schemas/")[1:]:
        assert part.split("'")[0] in known
    assert not {path for path in spec["paths"] if path.endswith("/")}


def test_an_address_of_the_document_is_one_that_is_answered(
    client: FlaskClient, spec: dict[str, Any]
) -> None:
    """A server's address and a path are put together as they stand."""
    (server,) = spec["servers"]
    place = f"{server['url']}/api/v1/merchant"
    assert "//" not in place.partition("://")[2]
    assert client.get(place).status_code == 401


def test_the_ids_of_paths_are_those_that_the_examples_of_bodies_name(spec: dict[str, Any]) -> None:
    def example(call: str, name: str = "external_id") -> str:
        found = spec["paths"][f"/api/v1/{call}"]["put"]["parameters"]
        return str(next(each["example"] for each in found if each["name"] == name))

    order = spec["paths"]["/api/v1/orders/{external_id}"]["put"]["requestBody"]["content"]
    said = order["application/json"]["example"]
    assert example("members/{external_id}") == said["customer"]["id"]
    assert example("products/{external_id}") == said["lines"][0]["product"]
    assert example("categories/{external_id}") == said["lines"][0]["category"]
    holds = spec["paths"]["/api/v1/holds/{public_id}/void"]["post"]["parameters"]
    assert holds[0]["example"].startswith("hd_")


def test_a_refusal_has_the_shape_that_the_document_says(
    client: FlaskClient, spec: dict[str, Any]
) -> None:
    body = client.get("/api/v1/merchant").get_json()
    assert set(body) == set(spec["components"]["schemas"]["Problem"]["required"])


def test_the_page_shows_every_call_and_every_body(
    client: FlaskClient, spec: dict[str, Any]
) -> None:
    text = client.get("/api/docs").text
    for path in spec["paths"]:
        assert f"<code>{path}</code>" in text
    for name in spec["components"]["schemas"]:
        assert f'id="{name}"' in text


def test_a_field_is_told_in_one_line() -> None:
    schema = {
        "required": ["state"],
        "properties": {
            "state": {"type": "string", "enum": ["paid", "new"], "description": "How it stands"},
            "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
            "name": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]},
            "nothing": {},
        },
    }
    state, lines, name, nothing = fields(schema)
    assert (state.required, state.note) == (True, "How it stands; one of paid, new")
    assert (lines.kind, lines.link) == ("Line[]", "Line")
    assert (name.kind, name.note) == ("string", "up to 5 characters; may be null")
    assert (nothing.kind, nothing.note) == ("any", "")
