"""What a view needs of its caller, said at the view and checked at the door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, g

from app.tenants.rules import SCOPES

View = TypeVar("View", bound=Callable[..., object])

PLATFORM_SCOPE = "platform"  # of a platform key, for POST /api/v1/merchants
INSTALL = "install"  # an installation code in place of a key, for POST /api/v1/merchants/install
# Of a partner's own key, for the calls under /api/v1/partner/: read what the cabinet shows, make links.
PARTNER_SCOPES = ("partner.read", "partner.links")
# By what a call of the API requires, which kind of key it takes; all else is a merchant's own.
SCHEMES = {
    PLATFORM_SCOPE: "platform",
    INSTALL: "code",
    **dict.fromkeys(PARTNER_SCOPES, "partner"),
}
# What may be required behind each door.
KNOWN: dict[str, frozenset[str]] = {
    "office": frozenset(
        {
            "read",
            "manage",
            "money",
            "money.read",
            "keys",
            "settings",
            "team",
            "answer",
            "till",
            "member",
        }
    ),
    "cabinet": frozenset({"partner", "member"}),
    "platform": frozenset({"operator", "member"}),
    "public": frozenset({"anyone", "signed_in"}),
    "api": frozenset({*SCOPES, *PARTNER_SCOPES, PLATFORM_SCOPE, INSTALL}),
}


class Undeclared(RuntimeError):
    """An endpoint behind a door does not say who may call it; the application does not start."""


def requires(permission: str, *, also: str | None = None) -> Callable[[View], View]:
    """Declare what a view's caller needs: a permission behind a door, or a scope of an API key.

    office: read, manage, money, money.read, keys, settings, team, answer, till. cabinet: partner. platform:
    operator. Behind each of these, member: anybody whom the door let in. public: anyone, signed_in.
    api: orders, partners, catalog, payouts, settings, read; a GET is also open to the scope read.
    `also`: another scope that opens it: a POST that only asks.
    """

    def declare(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        view.also = also  # type: ignore[attr-defined]
        return view

    return declare


def takes_file(most: int, schema: Any) -> Callable[[View], View]:
    """Let a view of the API take a file of so many bytes as its body, beside JSON that a pydantic model describes."""

    def marked(view: View) -> View:
        view.takes_file = most  # type: ignore[attr-defined]
        view.said_beside = schema  # type: ignore[attr-defined]
        return view

    return marked


def told_once(view: View) -> View:
    """Say that a call's answer holds a secret: it is kept nowhere, not even to be repeated."""
    view.told_once = True  # type: ignore[attr-defined]
    return view


def body_may_be_absent(view: View) -> View:
    """Say that a call may come without a body: it is read as an empty object."""
    view.body_may_be_absent = True  # type: ignore[attr-defined]
    return view


def body_may_be_absent_at(endpoint: str) -> bool:
    """Tell whether an endpoint's call may come without a body."""
    return hasattr(current_app.view_functions.get(endpoint), "body_may_be_absent")


def wants_body_at(endpoint: str) -> bool:
    """Tell whether an endpoint reads a JSON body."""
    return "body" in getattr(current_app.view_functions.get(endpoint), "_spec", {})


def permission_of(endpoint: str) -> str | None:
    """Return what an endpoint requires, or None where it says nothing."""
    view = current_app.view_functions.get(endpoint)
    return getattr(view, "permission", None)


def also_of(endpoint: str) -> str | None:
    """Return the other scope that opens an endpoint, if there is one."""
    return getattr(current_app.view_functions.get(endpoint), "also", None)


def allowed(endpoint: str) -> bool:
    """Tell whether this request's caller may open an endpoint; menus and buttons ask."""
    permission = permission_of(endpoint)
    return permission in {"anyone", "member"} or permission in g.get("permissions", frozenset())


def may(permission: str) -> bool:
    """Tell whether this request's caller has a permission."""
    return permission in g.get("permissions", frozenset())
