"""The back office: campaigns, and what each brought beside the days before it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.errors import DomainError, NotFound
from app.margins.office.guarding import red_by, warning
from app.partners.service import read_scopes, written_scopes
from app.programs import queries, service
from app.programs.forms import CampaignForm, shown
from app.programs.models import Campaign
from app.programs.office.terms import bp
from app.programs.rules import SCOPES
from app.reports.queries import activity_of, campaign_report
from app.site.access import requires
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from flask import Response

    from app.margins.service import Stack

TYPED = ("products", "categories", "partners")


def _address(row: Campaign) -> str:
    return url_for("office.programs.campaign", campaign_id=row.public_id)


CAMPAIGNS = Table(
    name="campaigns",
    caption=_l("Campaigns"),
    key=Campaign.id,
    default="-starts",
    columns=(
        Column("name", _l("Name"), render="name", sort=Campaign.name, main=True, href=_address),
        Column("state", _l("State"), render="badge", value=lambda row: row.state(clock.now())),
        Column(
            "starts",
            _l("From"),
            render="datetime",
            sort=Campaign.starts_at,
            value=lambda row: row.starts_at,
        ),
        Column("ends", _l("Until"), render="datetime", value=lambda row: row.ends_at),
    ),
    empty=Empty(
        _l("No campaigns yet"),
        _l("Pay more for some days, some goods or some partners. It ends by itself."),
        icon="speakerphone",
        endpoint="office.programs.new_campaign",
        act=_l("New campaign"),
    ),
)


@bp.get("/campaigns/")
@requires("read")
def campaigns() -> Response:
    """List campaigns, the newest first."""
    found = CAMPAIGNS.load(queries.all_campaigns())
    return page("programs/office/campaigns.html", "_campaigns.html", campaigns=found)


@bp.get("/campaigns/new")
@requires("manage")
def new_campaign() -> Response:
    """Show the form of a new campaign."""
    return _page(None, CampaignForm())


@bp.post("/campaigns/new")
@requires("manage")
def create_campaign() -> Response:
    """Make a campaign."""
    form = CampaignForm().offer(queries.all_groups())
    said = _said(form, None)
    if said is None:
        return _page(None, form, 422)
    try:
        red = red_by(lambda: service.create_campaign(**said), said.get("starts_at"))
        if red:
            return _page(None, form, 422, red)
        campaign = service.create_campaign(**said)
    except DomainError as error:
        _complain(form, error)
        return _page(None, form, error.status)
    words = _("The campaign is saved. Its partners see it in their cabinets.")
    return see_other("office.programs.campaign", campaign_id=campaign.public_id, message=words)


@bp.get("/campaigns/<string:campaign_id>")
@requires("read")
def campaign(campaign_id: str) -> Response:
    """Show a campaign: what it pays, what it brought, and the form to change it."""
    found = _found(campaign_id)
    offer = queries.offer_of(found)
    words = written_scopes(offer)
    said = {
        "name": found.name,
        "levels": offer["levels"],
        "starts_at": found.starts_at,
        "ends_at": found.ends_at,
        "groups": offer["groups"],
        **{name: ", ".join(words[name]) for name in TYPED},
    }
    return _page(found, CampaignForm(formdata=None, data=said))


@bp.post("/campaigns/<string:campaign_id>")
@requires("manage")
def change_campaign(campaign_id: str) -> Response:
    """Change a campaign, from now on."""
    found, form = _found(campaign_id), CampaignForm().offer(queries.all_groups())
    said = _said(form, found)
    if said is None:
        return _page(found, form, 422)
    try:
        red = red_by(lambda: service.change_campaign(found, **said), said.get("starts_at"))
        if red:
            return _page(found, form, 422, red)
        service.change_campaign(found, **said)
    except DomainError as error:
        _complain(form, error)
        return _page(found, form, error.status)
    words = _("Saved: it holds for orders from now on.")
    return see_other("office.programs.campaign", campaign_id=campaign_id, message=words)


@bp.post("/campaigns/<string:campaign_id>/stop")
@requires("manage")
def stop_campaign(campaign_id: str) -> Response:
    """End a campaign now."""
    service.stop_campaign(_found(campaign_id))
    words = _("Stopped. Orders made during it keep what they earned.")
    return see_other("office.programs.campaign", campaign_id=campaign_id, message=words)


def _said(form: CampaignForm, found: Campaign | None) -> Any:
    """Return what the form says; None, with every complaint at its field, where some cannot stand."""
    fits = form.validate_on_submit()
    wrong = {field.short_name for field in form if field.errors}
    said: dict[str, Any] = {name: form[name].data for name in ("name", "ends_at", "groups")}
    said |= {"levels": form.rates, "starts_at": form.starts_at.data}
    if "name" in wrong:
        del said["name"]
    try:
        said |= read_scopes({name: form.listed(name) for name in TYPED if name not in wrong})
    except DomainError as error:
        fits = _complain(form, error)
    try:
        service.check_campaign(found, **said)
    except DomainError as error:
        fits = _complain(form, error, wrong)
    return said if fits else None


def _complain(form: CampaignForm, error: DomainError, wrong: Collection[str] = ()) -> bool:
    """Put complaints at their fields, but not at those that are wrong in themselves; False."""
    told = [replace(e, field="ends_at") if e.field == "to" else e for e in error.errors]
    kept = [each for each in told if each.field.partition(".")[0] not in wrong]
    if kept or not told:
        form.tell(DomainError(error.code, error.message, *kept))
    return False


def _found(campaign_id: str) -> Campaign:
    found = queries.find_campaign(campaign_id)
    if found is None:
        raise NotFound
    return found


def _page(
    found: Campaign | None, form: CampaignForm, status: int = 200, red: Sequence[Stack] = ()
) -> Response:
    form.offer(queries.all_groups())
    offer = queries.offer_of(found) if found else None
    return page(
        "programs/office/campaign.html",
        status=status,
        campaign=found,
        happened=activity_of(f"campaign:{found.id}") if found else None,
        form=form,
        state=found.state(clock.now()) if found else None,
        levels=shown(offer["levels"]) if offer else (),
        scopes=written_scopes(offer) if offer else dict.fromkeys(SCOPES, ()),
        report=campaign_report(g.tenant, found, offer) if found and offer else None,
        **warning(red),
    )
