"""Opening a merchant's account with a platform key."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from app.installation import public_address
from app.onboarding.schemas import NewMerchantIn, NewMerchantOut
from app.onboarding.service import create_merchant
from app.site.access import requires
from app.tenants.rules import DEFAULT_WORDS

bp = APIBlueprint("onboarding", __name__, tag="Platform")


@bp.post("/merchants")
@bp.input(NewMerchantIn)
@bp.output(NewMerchantOut, status_code=201)
@requires("platform")
def create(json_data: NewMerchantIn) -> dict[str, Any]:
    """Open an account: merchant, test twin, shop, keys; the owner is invited by e-mail."""
    made = create_merchant(**json_data.model_dump())
    tenant, shop = made.tenant, made.shop
    return {
        "merchant": {
            "id": tenant.public_id,
            "name": tenant.name,
            "slug": tenant.slug,
            "currency": tenant.currency,
            "locale": tenant.locale,
            "timezone": tenant.timezone,
        },
        "shop": {
            "id": shop.public_id,
            "name": shop.name,
            "domain": shop.domain,
            "path": shop.path,
            "timezone": shop.timezone,
            "statuses": DEFAULT_WORDS,
        },
        "api_key": made.api_key,
        "test_api_key": made.test_api_key,
        "webhook_secret": made.webhook_secret,
        "office_url": public_address(f"/{tenant.slug}/office/"),
    }
