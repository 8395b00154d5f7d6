"""The first part of the demo: merchants, logins, terms, shelves and partners, each at its own day."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app import clock
from app.catalog import queries as catalog
from app.catalog import service as shelves
from app.events.service import acting_as
from app.identity import queries as people
from app.identity import service as identity
from app.installation import public_address
from app.intake.shops import inbox, woocommerce
from app.links import service as links
from app.notifications import rules as notices
from app.notifications import service as notifications
from app.onboarding.demo import tools
from app.onboarding.demo.cast import DAYS, RUB, ZONE, Actor, Play
from app.onboarding.service import create_merchant
from app.participation import service as joining
from app.partners import queries as partners
from app.partners import service as program
from app.partners.service import NewPartner
from app.payouts import service as payouts
from app.programs import queries as programs
from app.programs import service as terms
from app.requisites.rules import (
    BankAccount,
    Details,
    Kind,
    Other,
    Payee,
    digits,
    first_kind,
    with_key,
)
from app.tenancy import PLATFORM, tenant_scope
from app.tenants import queries as tenants
from app.tenants import service as tenants_service
from app.tenants.rules import SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.identity.models import Person
    from app.tenants.models import Shop, Tenant

BEFORE = timedelta(days=DAYS + 2)  # the merchants opened their accounts so long before the opening
OPERATOR = "operator@partnerka.example"
DEMO_BANK = {"bik": "044525225", "bank": "Sberbank", "correspondent": "30101810400000000225"}
STAFF = {"manager": "Denis Frolov", "accountant": "Galina Rublyova"}


@dataclass(frozen=True)
class Stage:
    """One merchant of the demo as it stands: whose scope, and when the history ends."""

    play: Play
    tenant: Tenant
    shop: Shop

    @property
    def opening(self) -> datetime:
        """When the demo was opened: its history goes up to there, also when it is filled later."""
        return self.tenant.created_at + BEFORE

    def days_before(self, days: int, hour: int = 10) -> datetime:
        """Return an hour of the merchant's day so many days before the opening."""
        day = self.opening.astimezone(ZoneInfo(ZONE)).date() - timedelta(days=days)
        return datetime.combine(day, time(hour), ZoneInfo(ZONE))

    @contextmanager
    def at(self, moment: datetime, actor: str = "system") -> Iterator[None]:
        """Stand in the merchant's scope at a moment of its past."""
        with tenant_scope(self.tenant.id), clock.moved_to(moment), acting_as(actor):
            yield


class Taken(Exception):
    """An address of the demo is another merchant's."""


def find(play: Play) -> Tenant | None:
    """Return a merchant of the demo if it is there. Raises Taken."""
    tenant = tenants.by_slug(play.slug)
    if tenant is not None and tenant.email != f"owner@{play.domain}":
        raise Taken(play.slug)
    return tenant


def staged(play: Play) -> Stage:
    """Return a merchant of the demo that is there."""
    tenant = find(play)
    if tenant is None:
        raise LookupError(play.slug)
    with tenant_scope(tenant.id):
        return Stage(play, tenant, tenants.shops()[0])


def open_accounts(plays: Sequence[Play]) -> None:
    """Make the merchants with all that does not move: terms, products, partners, the operator."""
    start = clock.wall() - BEFORE
    with tenant_scope(PLATFORM):
        identity.make_operator(OPERATOR, "Platform operator")
    for play in plays:
        with clock.moved_to(start):
            made = create_merchant(
                name=play.name,
                slug=play.slug,
                email=f"owner@{play.domain}",
                currency=RUB,
                locale=play.locale,
                timezone=ZONE,
                site=play.domain,
                owner_name=play.owner,
            )
        opened = Stage(play, made.tenant, made.shop)
        _set_up(opened)
        _fill_shelves(opened)
        _invite(opened, plays[0].actors[0])
        tools.furnish(opened, f"person:{owner(opened).id}")


def logins(play: Play, url: str) -> dict[str, Any]:
    """Give the demo's people new passwords and the programs new keys; both are told here only."""
    first, hero = staged(play), play.actors[0]
    with tenant_scope(PLATFORM):
        platform = _login(OPERATOR)
        platform["api_key"] = tenants_service.make_key(
            None, "Demo", ["platform"], "platform"
        ).secret
    with tenant_scope(first.tenant.id):
        key = tenants_service.make_key(first.shop.id, "Demo", SCOPES, "live").secret
        office = _login(f"owner@{play.domain}")
        accountant = _login(f"accountant@{play.domain}")
        cabinet = _login(play.mail(hero.refcode)) | {"refcode": hero.refcode}
    return {
        "url": url,
        "merchant": play.slug,
        "api_key": key,
        "office": office,
        "accountant": accountant,
        "cabinet": cabinet,
        "platform": platform,
        "mailbox": public_address("/dev/mailbox/"),
    }


def _login(email: str) -> dict[str, str]:
    person = people.by_email(email)
    if person is None:
        raise LookupError(email)
    password = secrets.token_urlsafe(12)
    identity.change_password(person, password)
    return {"login": email, "password": password}


def _set_up(stage: Stage) -> None:
    """Terms, the group, the team; a second version of the terms makes the past worth reading."""
    play, first = stage.play, stage.tenant.created_at + timedelta(minutes=20)
    me = f"person:{owner(stage).id}"
    with stage.at(first, me):
        base = programs.base_terms()
        # Two points less at first: older deals name version 2 of the terms, newer ones version 3.
        modest = [f"{int(play.levels[0].removesuffix('%')) - 2}%", *play.levels[1:]]
        terms.change_terms(base, levels=modest)
        terms.create_group(play.group[0], play.group[1])
        tenants_service.change_settings(play.settings)
        for role, name in STAFF.items():
            identity.invite(stage.tenant.id, f"{role}@{play.domain}", name, role, play.locale)
        if play.speaks == woocommerce.kind:
            inbox.connect(stage.shop.id, woocommerce.kind)
    with stage.at(stage.days_before(45), me):
        terms.change_terms(base, levels=play.levels)


def _fill_shelves(stage: Stage) -> None:
    shop = stage.shop.id
    with stage.at(stage.tenant.created_at + timedelta(minutes=40), "api:1"):
        for shelf in stage.play.shelves:
            shelves.put_category(shop, shelf.id, name=shelf.name, levels=shelf.levels)
            for ware in shelf.wares:
                shelves.put_product(
                    shop,
                    ware.id,
                    name=ware.name,
                    category=shelf.id,
                    price=ware.price,
                    url=f"https://{stage.play.domain}/{shelf.id}/{ware.id}/",
                    takes_part=ware.takes_part,
                    shown=ware.shown,
                    levels=ware.levels,
                )


def _invite(stage: Stage, hero: Actor) -> None:
    """Partners come one after another; each has a link, payment details, and quiet about small news.

    Only the partner whose cabinet the demo opens gets every letter about this past: a dozen readers
    of the last week's news would bury the letters worth reading. From the opening on all hear again.
    """
    play, me = stage.play, f"person:{owner(stage).id}"
    group = programs.find_group(play.group[0])
    ids: dict[str, int] = {}
    for actor in play.actors:
        with stage.at(stage.days_before(actor.since), me):
            partner = program.create(
                NewPartner(
                    name=actor.name,
                    email=play.mail(actor.refcode),
                    refcode=actor.refcode,
                    site=actor.site,
                    codes=actor.codes,
                    sponsor_id=ids.get(actor.sponsor or ""),
                    group_id=group.id if group and actor.group else None,
                    locale=actor.locale,
                )
            )
            ids[actor.refcode] = partner.id
            if actor is not hero:
                for kind in notices.NOTICES:
                    notifications.mute(partner.id, kind)
            links.ensure_default(partner)
        with stage.at(stage.days_before(actor.since, 15), f"partner:{partner.id}"):
            for ware in actor.links:
                product = catalog.products_by_key(stage.shop.id, [ware])[ware]
                links.create(
                    partner, links.Wish(product_id=product, code=f"{actor.refcode}-{ware}")
                )
            if actor.account:
                payouts.set_details(partner, "bank", _details(stage, actor))
        if actor.blocked is not None:
            with stage.at(stage.days_before(actor.blocked), me):
                program.block(partner, "Coupons on sites that promise discounts to everybody")
    if play.applicant:
        _apply(stage, play.applicant, me)


def _details(stage: Stage, actor: Actor) -> Details:
    """Return where an actor is paid, as the merchant's first method asks for it."""
    numbers = dict(zip(("status", "inn", "kpp", "ogrn"), actor.tax, strict=False))
    payee = Payee.make({"name": actor.name, **numbers})
    if first_kind(stage.tenant.currency) is not Kind.BANK:
        return Details(payee, Other(actor.account))
    account = with_key(digits(actor.account), DEMO_BANK["bik"])
    return Details(payee, BankAccount(account=account, **DEMO_BANK))


def _apply(stage: Stage, name: str, me: str) -> None:
    """For two days the merchant looked at applications one by one; this one waits since then."""
    with stage.at(stage.days_before(3), me):
        tenants_service.change_settings({"registration": "manual"})
    with stage.at(stage.days_before(2)):
        said = joining.Applicant(
            name=name,
            email="kira@belova.example",
            site="https://belova.example",
            sponsor_code=stage.play.actors[0].refcode,
            accepted_version=programs.base_terms().version,
            locale="ru",
        )
        joining.apply(said)
    with stage.at(stage.days_before(1), me):
        tenants_service.change_settings({"registration": "auto"})


def owner(stage: Stage) -> Person:
    """Return who opened the merchant's account."""
    found = people.by_email(f"owner@{stage.play.domain}")
    if found is None:
        raise LookupError(stage.play.slug)
    return found


def partner_ids(stage: Stage) -> dict[str, int]:
    """Return the ids of the merchant's actors by refcode, in the merchant's scope."""
    found = {actor.refcode: partners.by_refcode(actor.refcode) for actor in stage.play.actors}
    return {refcode: partner.id for refcode, partner in found.items() if partner is not None}
