"""The doors for people: office, cabinet, platform and the public pages. Each fails closed, with 404 for strangers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, g, request, session, url_for

from app.bonuses import cabinet as bonuses_cabinet
from app.errors import Forbidden, NotFound
from app.help import cabinet as help_cabinet
from app.help import office as help_office
from app.help import platform as help_platform
from app.identity import queries as people_queries
from app.identity.rules import PERMISSIONS, Role
from app.participation import cabinet as participation
from app.passes import service as passes
from app.passes.public import session_name as pass_name
from app.ranks import cabinet as rights_cabinet
from app.reports.queries.menu import numbers as menu_numbers
from app.site import access, registry
from app.site.people import recognise
from app.site.scope import act_as, enter_tenant
from app.tariffs import office as tariffs
from app.tenancy import PLATFORM
from app.tenants import queries as tenants
from app.tenants.rules import TEST_SUFFIX
from app.web import surround, surroundings
from app.web.errors import sign_in_again
from app.web.menu import menu
from app.web.pages import see_address

if TYPE_CHECKING:
    from flask import Flask

    from app.identity.models import Person
    from app.tenants.models import Tenant

OF_PERSONS = frozenset({"cabinet.help.index"})  # pages for people who are signed in by themselves
TARIFF_PAGES = frozenset({"office.tariffs.index"})
PREFIXES = {
    "office": "/<merchant>/office",
    "cabinet": "/<merchant>/cabinet",
    "platform": "/platform",
    "public": "",
}


def init_app(app: Flask) -> None:
    """Open the doors for people."""
    guards = {"office": _office, "cabinet": _cabinet, "platform": _platform, "public": _public}
    for name, prefix in PREFIXES.items():
        door = Blueprint(name, __name__, url_prefix=prefix or None)
        for slice_routes in registry.blueprints(name):
            door.register_blueprint(slice_routes)
        door.url_value_preprocessor(_take_merchant)
        door.before_request(guards[name])
        app.register_blueprint(door)
        if prefix and not any(rule.rule == f"{prefix}/" for rule in app.url_map.iter_rules()):
            app.add_url_rule(f"{prefix}/", f"{name}.start", start)

    @app.url_defaults
    def _stay(endpoint: str, values: dict[str, Any]) -> None:
        """Keep the merchant in addresses of the merchant's own pages."""
        tenant = g.get("tenant")
        wanted = tenant is not None and "merchant" not in values
        if wanted and app.url_map.is_endpoint_expecting(endpoint, "merchant"):
            values["merchant"] = tenant.slug


@access.requires("member")
def start() -> Response:
    """Lead to the first page of the menu that this reader may open."""
    for line in menu(surroundings().audience):
        for each in (line, *line.lines):
            if each.address not in {None, request.path}:
                return see_address(str(each.address))
    raise NotFound


def _take_merchant(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Views do not take the merchant: it is the scope."""
    g.merchant = values.pop("merchant", None) if values else None


def _office() -> Response | None:
    """Let the merchant's staff in, each to what the role may do; the test twin has the same staff."""
    tenant = _tenant()
    person = _somebody()
    if isinstance(person, Response):
        return person
    membership = people_queries.staff_membership(person.id, tenant.twin_of or tenant.id)
    if membership is None:
        raise NotFound
    g.membership = membership
    g.permissions = PERMISSIONS[Role(membership.role)]
    _surround(tenant, "office", role=membership.role)
    surround(
        waiting=cache(lambda: menu_numbers() | help_office.numbers())
    )  # once a request: pages ask the menu
    if request.path == f"/{tenant.slug}/office/" and not access.allowed(request.endpoint or ""):
        return start()  # not everybody may read the overview, and everybody comes here first
    _check_permission()
    stands = tariffs.standing()
    surround(shadow=tenants.in_shadow())
    surround(standing=stands, hidden=lambda: frozenset() if stands else TARIFF_PAGES)
    return tariffs.stopped(stands)


def _hidden() -> frozenset[str]:
    return bonuses_cabinet.hidden() | rights_cabinet.hidden()


def _cabinet() -> Response | None:
    """Let the merchant's partners in, each to what is their own."""
    tenant = _tenant()
    g.membership = None
    by_pass = _by_pass(tenant)
    if by_pass is not None:
        g.partner_id, role, g.by_pass = by_pass, Role.PARTNER.value, pass_name(tenant.id)
    else:
        person = _somebody()
        if isinstance(person, Response):
            return person
        membership = people_queries.partner_membership(person.id, tenant.id)
        if membership is None:
            raise NotFound
        g.membership, g.partner_id, role = membership, membership.partner_id, membership.role
    g.permissions = PERMISSIONS[Role.PARTNER]
    _surround(tenant, "cabinet", role=role)
    if by_pass is None:
        surround(waiting=cache(help_cabinet.numbers), hidden=cache(_hidden))
    else:
        surround(by_pass=True, hidden=cache(lambda: _hidden() | OF_PERSONS))
        if request.endpoint in OF_PERSONS or (request.endpoint or "").startswith("cabinet.help."):
            return sign_in_again()
    _check_permission()
    return participation.stopped()


def _by_pass(tenant: Tenant) -> int | None:
    """Return whose cabinet a one-time link of the shop has opened on this browser: a partner's, no person's."""
    name = pass_name(tenant.id)
    token = session.get(name)
    found = passes.opened(token, framed=False) if isinstance(token, str) else None
    if found is None:
        session.pop(name, None)
        return None
    g.person = None
    act_as(f"partner:{found}")
    return found


def _platform() -> Response | None:
    """Let the platform's operators in; nobody else learns that there is such a door."""
    enter_tenant(None)
    person = _somebody()
    if isinstance(person, Response):
        return person
    if not person.is_operator:
        raise NotFound
    g.membership = None
    g.permissions = frozenset({"operator"})
    surround(audience="platform", role="operator", allowed=access.allowed)
    surround(waiting=cache(help_platform.numbers))
    _check_permission()
    return None


def _public() -> Response | None:
    """Let everybody in: to a merchant's pages in its scope, else in the platform's."""
    g.membership = None
    if g.get("merchant") is not None:
        _surround(_tenant(), "public")
    else:
        enter_tenant(None)
        surround(audience="public")
    person = recognise()
    g.permissions = frozenset({"anyone"} | ({"signed_in"} if person else set()))
    surround(allowed=access.allowed)
    if person is None and access.permission_of(request.endpoint or "") == "signed_in":
        return sign_in_again()
    return None


def _tenant() -> Tenant:
    """Enter the scope of the merchant that the address names. Raises NotFound."""
    found = tenants.by_slug(str(g.get("merchant") or ""))
    if found is None or found.id == PLATFORM or found.suspended_at is not None:
        raise NotFound
    enter_tenant(found)
    return found


def _somebody() -> Person | Response:
    return recognise() or sign_in_again()


def _surround(tenant: Tenant, audience: str, role: str | None = None) -> None:
    surround(
        audience=audience,
        brand=tenant.name,
        slug=tenant.slug,
        accent=tenant.brand.get("accent"),
        currency=tenant.currency,
        timezone=tenant.timezone,
        tenant_locale=tenant.locale,
        role=role,
        allowed=access.allowed,
        test_mode=tenant.twin_of is not None,
        other_mode=_other_mode(tenant) if audience == "office" else None,
    )


def _other_mode(tenant: Tenant) -> str | None:
    """Return where this page, or the first one, stands in the other of live and test mode.

    Only pages without a thing of their own are the same in both: an order's are not.
    """
    slug = tenant.slug.removesuffix(TEST_SUFFIX) if tenant.twin_of else tenant.slug + TEST_SUFFIX
    rule = request.url_rule
    if rule is None or rule.arguments != {"merchant"} or "GET" not in (rule.methods or ()):
        return f"/{slug}/office/"
    if rule.endpoint.startswith("office.twin."):  # only in test mode
        return f"/{slug}/office/"
    return url_for(rule.endpoint, merchant=slug)


def _check_permission() -> None:
    permission = access.permission_of(request.endpoint or "")
    if permission is None:
        abort(404)
    if permission != "member" and permission not in g.permissions:
        raise Forbidden("forbidden", "")
