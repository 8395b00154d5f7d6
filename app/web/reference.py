"""The page that reads the API's own document; app.site.document makes that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from flask import Response, current_app

from app.web.pages import page
from app.web.preferences import blueprint

if TYPE_CHECKING:
    from apiflask import APIFlask


@dataclass(frozen=True, slots=True)
class Field:
    """A line of a schema as the page shows it."""

    name: str
    kind: str
    link: str | None
    required: bool
    note: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the page shows it."""

    method: str
    path: str
    summary: str
    description: str
    body: str | None
    answer: str | None
    status: str
    parameters: list[Field]
    sent: str | None
    said: str | None
    refusals: str


@blueprint.get("/api/docs")
def reference() -> Response:
    """Show every call and every body."""
    spec = cast("dict[str, Any]", cast("APIFlask", current_app)._get_spec())  # noqa: SLF001 - `spec` makes it anew each time
    found = [
        (operation.get("tags", [""])[0], _call(method, path, operation))
        for path, operations in spec["paths"].items()
        for method, operation in operations.items()
    ]
    found.sort(key=lambda pair: (pair[0], pair[1].path, pair[1].method))
    told = {tag["name"]: tag["description"] for tag in spec["tags"]}
    groups = [
        (tag, told[tag], [call for _, call in calls])
        for tag, calls in groupby(found, key=itemgetter(0))
    ]
    schemas = {
        name: fields(schema) for name, schema in sorted(spec["components"]["schemas"].items())
    }
    return page("web/reference.html", groups=groups, schemas=schemas, manner=_paragraphs(spec))


def _paragraphs(spec: dict[str, Any]) -> list[tuple[str, str]]:
    """What holds for every call: (heading, text) of each paragraph that has a heading."""
    found = (part.split("**", 2) for part in spec["info"]["description"].split("\n\n"))
    return [(part[1].strip("."), part[2].strip()) for part in found if len(part) == 3]


def _call(method: str, path: str, operation: dict[str, Any]) -> Call:
    status, *refusals = operation["responses"]
    answer = operation["responses"][status]
    return Call(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        body=_schema_of(operation.get("requestBody", {})),
        answer=_schema_of(answer),
        status=status,
        parameters=[
            _field(each["name"], each["schema"] | each, required=each.get("required", False))
            for each in operation.get("parameters", ())
        ],
        sent=_example_of(operation.get("requestBody", {})),
        said=_example_of(answer),
        refusals=", ".join(refusals),
    )


def _example_of(holder: dict[str, Any]) -> str | None:
    found = holder.get("content", {}).get("application/json", {}).get("example")
    return None if found is None else json.dumps(found, ensure_ascii=False, indent=2)


def _schema_of(holder: dict[str, Any]) -> str | None:
    schema = holder.get("content", {}).get("application/json", {}).get("schema", {})
    return _target(schema)


def _target(schema: dict[str, Any]) -> str | None:
    return cast("str", schema["$ref"]).rpartition("/")[2] if "$ref" in schema else None


def fields(schema: dict[str, Any]) -> list[Field]:
    """The lines of an object's schema, in its own order."""
    required = set(schema.get("required", ()))
    return [
        _field(name, told, required=name in required)
        for name, told in schema.get("properties", {}).items()
    ]


def _field(name: str, told: dict[str, Any], *, required: bool) -> Field:
    options = [o for o in told.get("anyOf", [told]) if o.get("type") != "null"] or [{}]
    main = options[0]
    many = main.get("type") == "array"
    inner = main.get("items", {}) if many else main
    link = _target(inner)
    kind = link or inner.get("format") or inner.get("type") or "any"
    notes = [told.get("description", "").rstrip(".")]
    notes += [f"one of {', '.join(map(str, inner['enum']))}"] if "enum" in inner else []
    notes += [f"up to {inner['maxLength']} characters"] if "maxLength" in inner else []
    notes += ["may be null"] if len(told.get("anyOf", ())) > len(options) else []
    return Field(
        name, f"{kind}[]" if many else kind, link, required, "; ".join(n for n in notes if n)
    )
