"""Every call of the document is made once and answers as the document says; its examples are what was said then.

After a change of bodies: RECORD_EXAMPLES=1 pytest tests/api_contract/test_story.py writes the examples anew.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema_rs import Draft202012Validator

from app.site.document import EXAMPLES, examples, operations
from tests.api_contract.story import tell

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

SECRETS = {"api_key", "test_api_key", "webhook_secret", "secret", "url", "frame_url"}
JSON = "application/json"


@pytest.fixture
def spec(client: FlaskClient) -> dict[str, Any]:
    return dict(client.get("/api/v1/openapi.json").get_json())


def shape(value: Any) -> Any:
    """What a value is made of; lists by what their first holds."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return value is None


def hidden(value: Any) -> Any:
    """An answer as it may stand in the document: no secret, be it one of a test."""
    if isinstance(value, dict):
        told_once = value.keys() & {"secret", "api_key", "frame_url"}
        return {n: "…" if told_once and n in SECRETS else hidden(each) for n, each in value.items()}
    return [hidden(each) for each in value] if isinstance(value, list) else value


def validator(spec: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": spec["components"]})


def test_every_call_of_the_document_works_and_its_example_is_true(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    told = tell(app, client, lampa).told
    if os.environ.get("RECORD_EXAMPLES"):
        found = {name: hidden(each) for name, each in sorted(told.items())}
        text = json.dumps(found, ensure_ascii=False, indent=1).replace(lampa.slug, "lampa")
        text = text.replace("http://localhost", "https://partnerka.example")
        EXAMPLES.write_text(f"{text}\n", "utf-8")
        examples.cache_clear()
    kept = json.loads(EXAMPLES.read_text("utf-8"))
    spec = dict(client.get("/api/v1/openapi.json").get_json())
    for method, path, operation in operations(spec):
        name = f"{method.upper()} {path}"
        assert name in told, f"the story does not tell {name}"
        body, answer = told[name].get("body"), told[name]["answer"]
        success = next(iter(operation["responses"]))
        schema = operation["responses"][success]["content"][JSON]["schema"]
        validator(spec, schema).validate(answer)
        if body is not None:
            said = operation["requestBody"]["content"][JSON]
            validator(spec, said["schema"]).validate(body)
            assert said["example"].keys() == body.keys(), name
        assert shape(kept[name]["answer"]) == shape(hidden(answer)), name
        assert operation["responses"][success]["content"][JSON]["example"], name
    assert set(kept) == {f"{m.upper()} {p}" for m, p, _o in operations(spec)}


def test_the_document_says_of_each_call_all_that_a_caller_must_know(spec: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _m, _p, operation in operations(spec)]
    assert len(set(ids)) == len(ids)
    tags = {tag["name"] for tag in spec["tags"]}
    for method, path, operation in operations(spec):
        name = f"{method} {path}"
        assert operation["summary"], name
        assert operation["security"], name
        assert set(operation["tags"]) <= tags, name
        names = {p["name"] for p in operation.get("parameters", ())}
        once = path.endswith(("/session", "/install"))
        assert ("Idempotency-Key" in names) == (method == "post" and not once), name
        listed = next(iter(operation["responses"].values()))["content"][JSON]["schema"]["$ref"]
        parts = spec["components"]["schemas"][listed.rpartition("/")[2]]["properties"]
        if "next" in parts:
            assert names >= (
                {"after", "limit"} if path.endswith("/events") else {"limit", "cursor"}
            )
        for parameter in operation.get("parameters", ()):
            assert parameter["schema"]
            assert parameter.get("description") or parameter["schema"], (name, parameter["name"])
