"""Opening a merchant's account with a platform key; a plugin's keys for an installation code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g

from app.installation import public_address
from app.links.queries import tracking_address
from app.onboarding.schemas import InstallIn, InstallOut, NewMerchantIn, NewMerchantOut
from app.onboarding.service import create_merchant
from app.onboarding.service import install as use_code
from app.site.access import body_may_be_absent, requires
from app.tenancy import tenant_scope
from app.tenants.queries import words
from app.tenants.rules import DEFAULT_WORDS

if TYPE_CHECKING:
    from app.tenants.models import Shop, Tenant

bp = APIBlueprint("onboarding", __name__, tag="Platform")


@bp.post("/merchants")
@bp.input(NewMerchantIn)
@bp.output(NewMerchantOut, status_code=201)
@requires("platform")
def create(json_data: NewMerchantIn) -> dict[str, Any]:
    """Open an account: merchant, test twin, shop, keys; the owner is invited by e-mail."""
    made = create_merchant(**json_data.model_dump())
    return {
        "merchant": _merchant(made.tenant),
        "shop": _shop(made.shop, DEFAULT_WORDS),
        "api_key": made.api_key,
        "test_api_key": made.test_api_key,
        "webhook_secret": made.webhook_secret,
        "hook_url": public_address(f"/hooks/postback/{made.connection.public_id}"),
        "office_url": public_address(f"/{made.tenant.slug}/office/"),
    }


@bp.post("/merchants/install")
@bp.input(InstallIn)
@bp.output(InstallOut, status_code=201)
@requires("install")
@body_may_be_absent
def install(json_data: InstallIn) -> dict[str, Any]:
    """Turn a one-time installation code (as the bearer) into the keys of its shop."""
    made = use_code(g.install_code, json_data.plugin)
    with tenant_scope(made.tenant.id):
        known = words(made.shop.id).words
    return {
        "merchant": _merchant(made.tenant),
        "shop": _shop(made.shop, known),
        "api_key": made.api_key,
        "test_api_key": made.test_api_key,
        "webhook_secret": made.webhook_secret,
        "hook_url": public_address(f"/hooks/postback/{made.connection.public_id}"),
        "script_url": tracking_address(f"/t/{made.tenant.slug}.js"),
        "office_url": public_address(f"/{made.tenant.slug}/office/"),
    }


def _merchant(tenant: Tenant) -> dict[str, Any]:
    names = ("name", "slug", "currency", "locale", "timezone")
    return {"id": tenant.public_id, **{name: getattr(tenant, name) for name in names}}


def _shop(shop: Shop, statuses: dict[str, str]) -> dict[str, Any]:
    names = ("name", "domain", "path", "timezone")
    said = {name: getattr(shop, name) for name in names}
    return {"id": shop.public_id, **said, "statuses": statuses}
