"""The cabinet: home, and what the partner says of himself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, g, url_for
from flask_babel import gettext as _

from app import clock
from app.commissions.queries import latest_accruals
from app.commissions.queries.caps import cap_counter
from app.commissions.rules import month_of
from app.errors import DomainError
from app.events.queries import latest
from app.grades import queries as grades
from app.installation import public_address
from app.ledger.queries import partner_balances
from app.links import queries as link_queries
from app.links import service as links
from app.links.rules import landing
from app.partners import queries, service
from app.partners.forms import NOTICES, SettingsForm
from app.partners.rules import Status
from app.payouts import queries as payouts
from app.programs import queries as programs
from app.programs.forms import announced, shown, summary, written_out
from app.programs.rules import write_rate
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.events.models import Event
    from app.grades.queries import Progress
    from app.links.models import Link
    from app.partners.models import Partner
    from app.programs.forms import Summary
    from app.programs.models import Campaign

bp = Blueprint("partners", __name__)
RECENT = 5
ANNOUNCED_FOR = timedelta(days=30)


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show the link, the balance, what is earned and the latest sales."""
    partner = _partner()
    main = links.ensure_default(partner)
    balance = partner_balances([partner.id])[partner.id]
    grade = grades.progress(partner)
    return page(
        "partners/cabinet/index.html",
        partner=partner,
        link=main,
        main_address=link_queries.address(partner.refcode, g.tenant.slug) if main else None,
        direct=_direct(partner, main) if main else None,
        codes=[c for c in queries.codes_of([partner.id])[partner.id] if c.kind == "promo"],
        invitation=invitation(partner),
        balance=balance,
        minimum=payouts.minimum(),
        open_payout=payouts.open_state(partner.id),
        summary=_summary(partner),
        campaigns=_campaigns(partner),
        changes=_changes(partner),
        announced=_announced(partner),
        counter=cap_counter(partner.id, month_of(clock.now(), ZoneInfo(g.tenant.timezone))),
        recent=latest_accruals(partner.id, RECENT),
        grade=grade,
        grade_rates=_grade_rates(grade) if grade else {},
    )


def _grade_rates(grade: Progress) -> dict[str, str]:
    """Return what the partner's group and the next one pay, written out level by level."""
    steps = {"here": grade.here, "above": grade.above}
    return {
        name: " · ".join(written_out(rate, g.tenant.currency) for rate in step.levels if rate)
        for name, step in steps.items()
        if step
    }


@bp.get("/settings")
@requires("partner")
def settings() -> Response:
    partner = _partner()
    said = {
        "name": partner.name,
        "phone": partner.phone,
        "site": partner.site,
        "locale": partner.locale,
        "notices": [kind for kind in NOTICES if kind not in partner.muted],
    }
    return _settings(partner, SettingsForm(formdata=None, data=said))


@bp.post("/settings")
@requires("partner")
def change_settings() -> Response:
    partner, form = _partner(), SettingsForm()
    if form.validate_on_submit():
        muted = [kind for kind in NOTICES if kind not in (form.notices.data or ())]
        others = [kind for kind in partner.muted if kind not in NOTICES]
        try:
            service.change(
                partner,
                name=form.name.data,
                phone=form.phone.data,
                site=form.site.data,
                locale=form.locale.data,
                muted=[*others, *muted],
            )
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("cabinet.partners.settings", message=_("Saved."))
    return _settings(partner, form, 422)


def _partner() -> Partner:
    return queries.by_id(g.partner_id) or abort(404)


def _settings(partner: Partner, form: SettingsForm, status: int = 200) -> Response:
    return page("partners/cabinet/settings.html", status=status, partner=partner, form=form)


def invitation(partner: Partner) -> str | None:
    """Return the address by which others join under the partner, while the program takes people in."""
    if partner.status != Status.ACTIVE or tenants.setting("registration") == "closed":
        return None
    values = {"merchant": g.tenant.slug, "sponsor": partner.refcode}
    return public_address(url_for("public.partners.join", **values))


def _direct(partner: Partner, main: Link) -> str:
    """Return the shop's own address with the partner's code: it counts by the shop's script."""
    shop = tenants.shop_by_id(main.shop_id) or abort(404)
    names = link_queries.parameters()
    return landing(link_queries.site_of(shop), "", names, partner.refcode, {}).bare


def _campaigns(partner: Partner) -> list[tuple[Campaign, str, list[Any], dict[str, Any]]]:
    """Return campaigns that concern the partner, running or coming: state, levels and goods."""
    now = clock.now()
    found = programs.campaigns_for(partner.id, partner.group_id, now)
    offers = programs.offers_of(found)
    return [
        (each, each.state(now), shown(offers[each.id]["levels"]), scope)
        for each in found
        for scope in (service.written_scopes(offers[each.id]),)
    ]


def _changes(partner: Partner) -> datetime | None:
    """Return when the partner's terms will be over, if that is known."""
    return queries.terms_of(partner).valid_to


def _announced(partner: Partner) -> dict[str, Any] | None:
    """Return the new terms that the partner was told of, until a month after they begin to hold."""
    event = latest(f"partner:{partner.id}", "terms.announced")
    if event is None:
        return None
    holds_from = datetime.fromisoformat(event.facts["holds_from"])
    to_come = holds_from > clock.now()
    if _withdrawn(event, holds_from) or clock.now() > holds_from + ANNOUNCED_FOR:
        return None
    said = event.facts.get("terms")
    return event.facts | {
        "holds_from": holds_from,
        "to_come": to_come,
        "sentences": announced(said, g.tenant.currency).sentences if said else (),
    }


def _withdrawn(told: Event, holds_from: datetime) -> bool:
    """Whether the terms that the partner was told of were withdrawn before their day."""
    event = latest(f"terms:{told.facts['terms_id']}", "terms.withdrawn")
    if event is None or event.id < told.id:
        return False
    return datetime.fromisoformat(event.facts["holds_from"]) == holds_from


def _summary(partner: Partner) -> Summary:
    """Return the terms in plain words, with the partner's own rates in place of everybody's."""
    unit: Any = g.tenant.currency
    terms_id = queries.terms_of(partner).id
    said = summary(programs.conditions([terms_id])[terms_id])
    own = [write_rate(each.rate, unit) for each in queries.effective_rates(partner, unit)]
    return replace(said, levels=[written_out(rate, unit) for rate in own])
