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
