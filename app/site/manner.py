"""What holds for every call of the API, as its document says it."""

from __future__ import annotations

from typing import Any

from werkzeug.http import HTTP_STATUS_CODES

MANNER = """\
Partners, their orders, commissions, bonuses and payouts of one merchant.

**Keys.** `Authorization: Bearer sk_live_…`; `sk_test_…` speaks to the test twin, which shares nothing with
the live account. A key belongs to one shop and has scopes; `read` opens every GET of the merchant. A partner's
own key (`pk_live_…`, `pk_test_…`) opens the calls under `/partner/` and nothing else.

**Bodies.** JSON in UTF-8, up to 1 MiB, nested up to 50 deep, no key twice. Sums are decimal strings in the
merchant's currency (`"1990.00"`), never JSON numbers. Times are RFC 3339 with an offset. External ids are the
shop's own, up to 128 characters. Unknown fields of an order or a customer are let be.

**Errors.** Problem documents (RFC 9457): `type` holds our stable word for what happened, `errors` names fields,
`request_id` is what to tell us.

**Repeating.** PUT is idempotent by content. POST takes `Idempotency-Key`: the same key and body get the same answer
for 24 hours (with `Idempotency-Replayed: true`), another body 422, one still in flight 409.

**Lists.** They take `limit` (1 to 200) and `cursor`, and answer `{"items": […], "next": null | "…"}`.

**Limits.** At least 100 calls a second and key. Each answer says where you stand in `RateLimit-Policy` and
`RateLimit`; beyond it 429 with `Retry-After`.
"""

TAGS = {
    "Merchant and shops": "Settings, shops and what their words for an order's state mean.",
    "Orders": "Snapshots of orders, and what they would pay.",
    "Deals": "Orders that partners brought, with shares and their explanation.",
    "Clicks": "Clicks seen by the shop's server.",
    "Members": "Customers of the shop, their loyalty cards.",
    "Bonuses": "What customers earn and spend.",
    "Partners": "Partners, their networks, what is booked by hand.",
    "Codes": "Promo codes and first-order coupons.",
    "Terms, groups and campaigns": "What sales pay.",
    "Catalog": "Products and categories.",
    "Creatives": "Materials for partners.",
    "Payouts": "Requests and payments.",
    "Disputes": "Sales that partners miss.",
    "Shops": "Cash registers and points of sale.",
    "Webhooks": "Where we tell what happened, and the feed for who prefers to poll.",
    "Platform": "Opening accounts, and keys for plugins.",
    "Partner": "A partner's own key: what the cabinet shows, for the partner's programs.",
}

SCHEMES: dict[str, Any] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A merchant's key: sk_live_… or sk_test_…, made in Office › Keys. "
        "Scopes: orders, partners, catalog, payouts, settings, read.",
    },
    "platform": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of the platform's operator; it opens accounts.",
    },
    "code": {
        "type": "http",
        "scheme": "bearer",
        "description": "A one-time installation code: inst_…, drawn in Office › Keys.",
    },
    "partner": {
        "type": "http",
        "scheme": "bearer",
        "description": "A partner's own key: pk_live_… or pk_test_…, made in the cabinet. "
        "Scopes: partner.read, partner.links.",
    },
}

PROBLEM: dict[str, Any] = {
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
PROBLEM_FIELD: dict[str, Any] = {
    "type": "object",
    "required": ["field", "message"],
    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
}
HEADERS: dict[str, Any] = {
    "RateLimit-Policy": {
        "description": "How many calls (q) in how many seconds (w) the key may make.",
        "schema": {"type": "string"},
        "example": '"key";q=150;w=1',
    },
    "RateLimit": {
        "description": "How many calls are left (r), and in how many seconds the count begins anew (t).",
        "schema": {"type": "string"},
        "example": '"key";r=149;t=1',
    },
    "X-Request-ID": {
        "description": "This call's own id; what you sent of it, where it was sound.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "In how many seconds to come back.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "WWW-Authenticate": {"description": "What is missing.", "schema": {"type": "string"}},
    "Allow": {"description": "What may be done here.", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "`true` where this is the answer that the same Idempotency-Key got before.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
BODILESS = frozenset({"get", "delete"})


def _refusal(status: int, description: str, code: str, *headers: str) -> dict[str, Any]:
    example = {
        "type": f"urn:partnerka:problem:{code}" if code else "about:blank",
        "title": HTTP_STATUS_CODES[status],
        "status": status,
        "detail": description,
        "errors": [],
        "request_id": "1f0c2d7a9b3e4d5c",
    }
    if status == 422:
        example["errors"] = [{"field": "amount", "message": "This sum is too large."}]
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": description,
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *headers)
        },
        "content": {"application/problem+json": {"schema": schema, "example": example}},
    }


REFUSALS: dict[str, Any] = {
    "400": _refusal(400, "The body is not sound JSON in UTF-8.", ""),
    "401": _refusal(401, "No valid key.", "key", "WWW-Authenticate"),
    "403": _refusal(403, "The key has no scope for this.", "scope"),
    "404": _refusal(404, "There is nothing here.", "not_found"),
    "405": _refusal(405, "The method is not allowed here.", "", "Allow"),
    "409": _refusal(409, "It is not in the state that the call supposes.", "wrong_state"),
    "413": _refusal(413, "The body is above 1 MiB.", ""),
    "415": _refusal(415, "The body is not application/json.", ""),
    "422": _refusal(422, "Something that was sent is refused.", "invalid"),
    "429": _refusal(429, "Too many calls.", "rate", "Retry-After"),
    "500": _refusal(500, "Our mistake; nothing was changed.", ""),
    "503": _refusal(503, "Come back in a few seconds.", "unavailable", "Retry-After"),
}

IDEMPOTENCY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A word of your own for this call; said again with the same body, it is done once.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": r"^[!-~]([ -~]*[!-~])?$",
    },
    "example": "order-1001-gift",
}


def _named(description: str, example: str, longest: int = 200) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": longest}
    return {"description": description, "schema": schema, "example": example}


# What stands in an address, by its name there.
PARAMETERS: dict[str, Any] = {
    "external_id": _named("The shop's own id.", "A-1001", 128),
    "refcode": _named("A partner's refcode, or our id of the partner.", "anna"),
    "code": {
        "description": "A promo code or a coupon, in any case.",
        "schema": {"type": "string", "minLength": 1},
        "example": "ANNA10",
    },
    "terms_id": _named("Our id of the terms, or their name.", "tm_7d2k9x4b"),
    "group_id": _named("Our id of the group, or its name.", "gr_7d2k9x4b"),
    "campaign_id": _named("Our id of the campaign.", "ca_7d2k9x4b"),
    "public_id": _named("Our id.", "po_7d2k9x4b"),
    "shop_id": _named("Our id of the shop.", "sh_7d2k9x4b"),
    "feed_id": _named("Our id of the feed, or of the work on one of its files.", "fd_7d2k9x4b"),
    "webhook_id": _named("Our id of the endpoint.", "wh_7d2k9x4b"),
    "dispute": _named("Our id of the dispute.", "di_7d2k9x4b"),
}

# The same by what the path is about, so that a pasted example meets those of the bodies.
EXAMPLE_IDS = {
    "members": "77",
    "products": "lamp-1",
    "categories": "lamps",
    "tills": "t1",
    "orders": "A1001",
    "deals": "A1001",
    "holds": "hd_7d2k9x4b",
}


def _links(operation: str, parameter: str, field: str) -> dict[str, Any]:
    return {
        "it": {
            "operationId": operation,
            "parameters": {parameter: f"$response.body#/{field}"},
            "description": "What was made, as it stands.",
        }
    }


# Where an answer leads.
LINKS: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/api/v1/partners"): _links("partners_show", "refcode", "refcode"),
    ("post", "/api/v1/terms"): _links("programs_show_terms", "terms_id", "id"),
    ("post", "/api/v1/groups"): _links("programs_change_group", "group_id", "id"),
    ("post", "/api/v1/campaigns"): _links("programs_show_campaign", "campaign_id", "id"),
    ("post", "/api/v1/codes"): _links("codes_change", "code", "code"),
    ("post", "/api/v1/holds"): _links("checkout_capture", "public_id", "id"),
    ("post", "/api/v1/payouts"): _links("payouts_show", "public_id", "id"),
    ("post", "/api/v1/webhooks"): _links("webhooks_remove", "webhook_id", "id"),
}
