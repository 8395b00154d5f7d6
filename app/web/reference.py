"""The API's own document: the generated OpenAPI made true to what we answer, and a page that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from flask import Response, current_app

from app.web.pages import page
from app.web.preferences import blueprint

if TYPE_CHECKING:
    from apiflask import APIFlask

PROBLEM = {
    "type": "object",
    "description": "RFC 9457: what went wrong.",
    "required": ["type", "title", "status", "detail", "errors", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "about:blank, or urn:partnerka:problem:<code>"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemField"}},
        "request_id": {"type": "string"},
    },
}
FIELD = {
    "type": "object",
    "required": ["field", "message"],
    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
}
REFUSALS = {
    "401": "No valid key",
    "403": "The key has no scope for this",
    "404": "Not found",
    "409": "The thing is not in the state that the call supposes",
    "413": "The body is too large",
    "415": "The body is not JSON",
    "422": "Something in the body is refused",
    "429": "Too many calls",
}
BODILESS = frozenset({"get", "delete"})


def init_app(app: APIFlask) -> None:
    """Finish the document; call it when every door is open."""
    for each in app.blueprints.values():
        if not hasattr(each, "enable_openapi"):
            each.enable_openapi = False  # type: ignore[attr-defined] # APIFlask asks it of plain blueprints too
    app.config["SECURITY_SCHEMES"] = {"key": {"type": "http", "scheme": "bearer"}}
    app.spec_processor(cast("Any", complete))


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """The generated document with our refusals in place of the library's, and the key that all calls need."""
    schemas = spec["components"]["schemas"]
    for name in ("HTTPError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= {"Problem": PROBLEM, "ProblemField": FIELD}
    spec["security"] = [{"key": []}]
    for path in [p for p in spec["paths"] if p.endswith("/")]:
        del spec["paths"][path]  # the same call with a slash too many
    _tell_of_files(spec)
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            told = {"401", "403", "429"}
            told |= {"404"} if "{" in path else set()
            told |= set() if method in BODILESS else {"409", "413", "415", "422"}
            for status in set(operation["responses"]) & set(REFUSALS):
                del operation["responses"][status]
            operation["responses"] |= {
                status: _refusal(REFUSALS[status]) for status in sorted(told)
            }
    return spec


def _tell_of_files(spec: dict[str, Any]) -> None:
    """Describe the bodies of calls that take a file, which no schema of the library's does."""
    for rule in current_app.url_map.iter_rules():
        model = getattr(current_app.view_functions[rule.endpoint], "said_beside", None)
        if model is None or rule.rule not in spec["paths"]:
            continue
        spec["components"]["schemas"][model.__name__] = model.model_json_schema()
        file = {"schema": {"type": "string", "format": "binary"}}
        form = {"type": "object", "required": ["file"], "properties": {"file": file["schema"]}}
        spec["paths"][rule.rule]["post"]["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}},
                "application/xml": file,
                "text/csv": file,
                "application/gzip": file,
                "multipart/form-data": {"schema": form},
            },
        }


def _refusal(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


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
    groups = [
        (tag, [call for _, call in calls]) for tag, calls in groupby(found, key=itemgetter(0))
    ]
    schemas = {
        name: fields(schema) for name, schema in sorted(spec["components"]["schemas"].items())
    }
    return page("web/reference.html", groups=groups, schemas=schemas)


def _call(method: str, path: str, operation: dict[str, Any]) -> Call:
    status = next(iter(operation["responses"]))
    return Call(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        body=_schema_of(operation.get("requestBody", {})),
        answer=_schema_of(operation["responses"][status]),
        status=status,
    )


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
    notes = [told.get("description", "")]
    notes += [f"one of {', '.join(map(str, inner['enum']))}"] if "enum" in inner else []
    notes += [f"up to {inner['maxLength']} characters"] if "maxLength" in inner else []
    notes += ["may be null"] if len(told.get("anyOf", ())) > len(options) else []
    return Field(
        name, f"{kind}[]" if many else kind, link, required, "; ".join(n for n in notes if n)
    )
