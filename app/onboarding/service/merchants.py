"""A merchant opens an account: tenant, test twin, shop, keys, base terms, payout method, owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from flask_babel import gettext as _

from app import clock
from app.errors import DomainError, FieldError
from app.events.service import record
from app.identity import service as identity
from app.payouts import service as payouts
from app.programs import service as programs
from app.requisites.rules import first_kind
from app.tariffs import service as tariffs
from app.tenancy import public_id, tenant_scope
from app.tenants import rules
from app.tenants import service as tenants
from app.tenants.models import Connection, Shop, Tenant

if TYPE_CHECKING:
    from app.identity.models import Person

FIRST_TERMS = {"en": "Base terms", "ru": "Основные условия"}
FIRST_METHOD = {"en": "Bank transfer", "ru": "Банковский перевод"}


@dataclass(frozen=True)
class NewMerchant:
    """What its owner is told once: the keys and the secret are not readable later."""

    tenant: Tenant
    shop: Shop
    owner: Person
    api_key: str
    test_api_key: str
    webhook_secret: str
    connection: Connection  # whose address takes messages that are signed with the secret


def create_merchant(
    name: str,
    slug: str,
    email: str,
    currency: str,
    locale: str,
    timezone: str,
    site: str | None = None,
    owner_name: str | None = None,
) -> NewMerchant:
    """Open an account for a merchant and its test twin; the owner is invited by e-mail.

    `site` is a domain or an address of the shop. Raises DomainError that names the fields, and
    Conflict for a taken slug.
    """
    check(slug, currency, timezone)
    place = place_of(site)
    owner = identity.ensure_person(email, owner_name or name, locale)
    tenant = _tenant(name, slug, owner.email, currency, locale, timezone)
    shop, key, secret, connection = _furnish(tenant, place, "live")
    twin = _tenant(
        name, f"{slug}{rules.TEST_SUFFIX}", owner.email, currency, locale, timezone, tenant.id
    )
    test_key = _furnish(twin, place, "test")[1]
    with tenant_scope(tenant.id):
        record("merchant.created", f"merchant:{tenant.id}", name=name, slug=slug)
        tariffs.begin()
        identity.invite(tenant.id, owner.email, owner.name, "owner", locale)
    return NewMerchant(tenant, shop, owner, key, test_key, secret, connection)


def slug_words(problem: str) -> str:
    """Return what to tell somebody whose address was refused."""
    words = {
        "form": _("Use 3 to 35 small Latin letters, digits and hyphens."),
        "test": _("An address cannot end in -test: that is where your test mode lives."),
        "reserved": _("This address is reserved. Choose another."),
    }
    return str(words[problem])


def _tenant(
    name: str,
    slug: str,
    email: str,
    currency: str,
    locale: str,
    timezone: str,
    twin_of: int | None = None,
) -> Tenant:
    return tenants.register(
        Tenant(
            public_id=public_id("mr"),
            slug=slug,
            name=name,
            email=email,
            currency=currency,
            locale=locale,
            timezone=timezone,
            brand={},
            twin_of=twin_of,
            clock_offset=timedelta(0),
            created_at=clock.now(),
            suspended_at=None,
        )
    )


def _furnish(tenant: Tenant, place: rules.Place, kind: str) -> tuple[Shop, str, str, Connection]:
    """Put into a tenant what every merchant begins with; returns shop, API key, webhook secret and its channel."""
    with tenant_scope(tenant.id):
        tenants.furnish()
        programs.found_base(FIRST_TERMS.get(tenant.locale, FIRST_TERMS["en"]))
        transfer = FIRST_METHOD.get(tenant.locale, FIRST_METHOD["en"])
        payouts.create_method(transfer, code="bank", kind=first_kind(tenant.currency))
        shop = tenants.open_shop(tenant.name, place, tenant.timezone)
        key = tenants.make_key(shop.id, "API", rules.SCOPES, kind)
        connection, secret = tenants.connect(shop.id, "postback")
        return shop, key.secret, secret, connection


def check(slug: str, currency: str, timezone: str) -> None:
    """Refuse what no account can begin with. Raises DomainError that names the fields."""
    errors = []
    problem = rules.slug_problem(slug)
    if problem is not None:
        errors.append(FieldError("slug", slug_words(problem)))
    if currency not in list_currencies():
        errors.append(FieldError("currency", _("We do not know this currency.")))
    if timezone not in available_timezones():
        errors.append(FieldError("timezone", _("We do not know this time zone.")))
    if errors:
        raise DomainError("invalid", _("Something has to be corrected."), *errors)


def place_of(site: str | None) -> rules.Place:
    """Return where the shop stands; a whole address may be given here. Raises DomainError."""
    text = (site or "").strip()
    if not text:
        return rules.Place("", "/")
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        return rules.Place(rules.domain(parts.netloc), rules.folder(parts.path))
    except ValueError as error:
        message = _("This is not the address of a site.")
        raise DomainError("site", message, FieldError("site", message)) from error
