"""The API's own document made whole: what the door adds to each call, which no single view says.

The library writes down the bodies; here come the refusals in our form, who may call, what stands in an
address, the headers, the examples, and where an answer leads.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask import current_app

from app.site import access
from app.site.manner import (
    BODILESS,
    EXAMPLE_IDS,
    HEADERS,
    IDEMPOTENCY,
    LINKS,
    MANNER,
    PARAMETERS,
    PROBLEM,
    PROBLEM_FIELD,
    REFUSALS,
    SCHEMES,
    TAGS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apiflask import APIFlask

EXAMPLES = Path(__file__).parent / "examples.json"
PREFIX = "/api/v1"
_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")


def init_app(app: APIFlask) -> None:
    """Finish the document; call it when every door is open."""
    for each in app.blueprints.values():
        if not hasattr(each, "enable_openapi"):
            each.enable_openapi = False  # type: ignore[attr-defined] # APIFlask asks it of plain blueprints too
    app.config["SECURITY_SCHEMES"] = SCHEMES
    app.config["INFO"] = {"description": MANNER, "summary": "Partners, orders, bonuses, payouts."}
    app.spec_processor(cast("Any", complete))


@cache
def examples() -> dict[str, Any]:
    """What was sent and answered once, by method and path; recorded by the tests' story."""
    return dict(json.loads(EXAMPLES.read_text("utf-8"))) if EXAMPLES.exists() else {}


def endpoints() -> dict[tuple[str, str], str]:
    """The endpoint behind each method and path of the document."""
    found: dict[tuple[str, str], str] = {}
    for rule in current_app.url_map.iter_rules():
        if rule.rule.startswith(f"{PREFIX}/"):
            path = _VARIABLE.sub(r"{\1}", rule.rule)
            found |= {(method.lower(), path): rule.endpoint for method in rule.methods or ()}
    return found


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the generated document with all that the door adds."""
    schemas = spec["components"]["schemas"]
    for name in ("HTTPError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= {"Problem": PROBLEM, "ProblemField": PROBLEM_FIELD}
    spec["components"] |= {"headers": HEADERS, "responses": REFUSALS}
    spec["security"] = [{"key": []}]
    for server in spec.get("servers", ()):
        server["url"] = server["url"].rstrip("/") or "/"  # paths begin with a slash of their own
    for path in [p for p in spec["paths"] if p.endswith("/")]:
        del spec["paths"][path]  # the same call with a slash too many
    known = endpoints()
    for method, path, operation in operations(spec):
        beside = getattr(current_app.view_functions[known[method, path]], "said_beside", None)
        if beside is not None:
            schemas[beside.__name__] = beside.model_json_schema()
            operation["requestBody"] = _file_or(beside.__name__)
        _call(method, path, operation, known[method, path])
    used = {tag for _m, _p, operation in operations(spec) for tag in operation.get("tags", ())}
    spec["tags"] = [{"name": n, "description": t} for n, t in TAGS.items() if n in used]
    return spec


def _file_or(name: str) -> dict[str, Any]:
    """Describe the body of a call that takes a file, or a schema in its place."""
    file = {"schema": {"type": "string", "format": "binary"}}
    form = {"type": "object", "required": ["file"], "properties": {"file": file["schema"]}}
    return {
        "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}},
            **dict.fromkeys(("application/xml", "text/csv", "application/gzip"), file),
            "multipart/form-data": {"schema": form},
        }
    }


def operations(spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each call of a document: method, path and what is said of it."""
    for path, found in spec["paths"].items():
        for method, operation in found.items():
            yield method, path, operation


def _call(method: str, path: str, operation: dict[str, Any], endpoint: str) -> None:
    view = current_app.view_functions[endpoint]
    operation["operationId"] = endpoint.removeprefix("api.").replace(".", "_")
    _open(method, operation, endpoint)
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter.update(PARAMETERS[parameter["name"]])
            noun = path.removeprefix(f"{PREFIX}/").partition("/")[0]
            parameter["example"] = EXAMPLE_IDS.get(noun, parameter["example"])
    keyed = method == "post" and getattr(view, "keyed", False)
    if keyed:
        operation.setdefault("parameters", []).append(IDEMPOTENCY)
    body = operation.get("requestBody")
    if body is not None:
        body["required"] = not hasattr(view, "body_may_be_absent")
    _refuse(method, operation)
    success = next(iter(operation["responses"]))
    answer = operation["responses"][success]
    names = ("RateLimit", "RateLimit-Policy", "X-Request-ID") + (("Idempotency-Replayed",) * keyed)
    answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if (method, path) in LINKS:
        answer["links"] = LINKS[method, path]
    _exemplify(method, path, operation, answer)


def _open(method: str, operation: dict[str, Any], endpoint: str) -> None:
    """Say who may call: whose key, with which scope."""
    needed = access.permission_of(endpoint) or ""
    also = access.also_of(endpoint)
    scheme = access.SCHEMES.get(needed, "key")
    scopes = [needed] + [also] * bool(also)
    if scheme == "key" and method == "get" and "read" not in scopes:
        scopes.append("read")
    operation["security"] = [
        {scheme: [] if needed in {access.INSTALL, access.PLATFORM_SCOPE} else [scope]}
        for scope in scopes
    ]
    if scheme in {"key", "partner"}:
        said = operation.get("description", "")
        words = f"Scope: {' or '.join(f'`{scope}`' for scope in scopes)}."
        operation["description"] = f"{said}\n\n{words}".strip()


def _refuse(method: str, operation: dict[str, Any]) -> None:
    told = {"400", "401", "403", "404", "405", "429", "500", "503"}
    told |= {"422"} if operation.get("parameters") else set()
    told |= set() if method in BODILESS else {"409", "413", "415", "422"}
    told |= {"409"} if method == "delete" else set()
    for status in set(operation["responses"]) & set(REFUSALS):
        del operation["responses"][status]
    operation["responses"] |= {
        status: {"$ref": f"#/components/responses/{status}"} for status in sorted(told)
    }


def _exemplify(method: str, path: str, operation: dict[str, Any], answer: dict[str, Any]) -> None:
    found = examples().get(f"{method.upper()} {path}", {})
    if "body" in found and "requestBody" in operation:
        operation["requestBody"]["content"]["application/json"]["example"] = found["body"]
    content = answer.get("content", {}).get("application/json")
    if "answer" in found and content is not None:
        content["example"] = found["answer"]
