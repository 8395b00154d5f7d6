"""The back office: one partner's card with its tabs, and what may be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import DomainError
from app.events import queries as events
from app.grades import queries as grades
from app.ledger.queries import partner_balances, statement
from app.ledger.rules import BUCKETS
from app.links import queries as link_queries
from app.links import service as links
from app.members import queries as members
from app.partners import queries, service
from app.partners.forms import (
    ContactForm,
    CustomerForm,
    EndForm,
    PartnerTermsForm,
    SponsorForm,
)
from app.partners.rules import LIFECYCLE, Status
from app.programs import queries as programs
from app.programs.forms import shown, summary
from app.programs.rules import write_rate
from app.reports.queries import subjects
from app.site.access import may, requires
from app.statements.forms import KINDS
from app.tenants.queries import setting
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.members.models import Member
    from app.partners.models import Partner

from app.partners.office.lists import bp, partner_of, sponsor_id_of

WORDS = {
    "approve": _l("Approved. The welcome letter is on its way."),
    "reject": _l("Turned down."),
    "block": _l("Blocked. New sales earn nothing."),
    "unblock": _l("Unblocked. New sales earn again."),
}
UNDO = {"block": "unblock", "unblock": "block"}


@bp.get("/card/<string:refcode>")
@requires("read")
def card(refcode: str) -> Response:
    """Show the tab Basics."""
    partner = partner_of(refcode)
    return _basics(partner, _contact_form(partner), _sponsor_form(partner))


@bp.post("/card/<string:refcode>")
@requires("manage")
def change(refcode: str) -> Response:
    """Change contact and codes."""
    partner, form = partner_of(refcode), ContactForm()
    if not form.validate_on_submit():
        return _basics(partner, form, _sponsor_form(partner), 422)
    try:
        if form.refcode.data:
            service.rename_refcode(partner, form.refcode.data)
        service.change(partner, **form.contact, codes=form.promo_codes)
    except DomainError as error:
        form.tell(error)
        return _basics(partner, form, _sponsor_form(partner), 422)
    return see_other("office.partners.card", refcode=partner.refcode, message=_("Saved."))


@bp.post("/card/<string:refcode>/sponsor")
@requires("manage")
def change_sponsor(refcode: str) -> Response:
    """Change the parent, now or from a later day."""
    partner, form = partner_of(refcode), SponsorForm()
    if form.validate_on_submit():
        try:
            sponsor = sponsor_id_of(form.sponsor.data)
            service.set_sponsor(partner, sponsor, form.since.data, form.until.data)
        except DomainError as error:
            form.tell(error)
        else:
            words = _("Saved. Past orders keep the parent they had.")
            return see_other("office.partners.card", refcode=partner.refcode, message=words)
    return _basics(partner, _contact_form(partner), form, 422)


@bp.get("/card/<string:refcode>/terms")
@requires("read")
def terms(refcode: str) -> Response:
    """Show the tab Terms: own rates, and what holds."""
    partner = partner_of(refcode)
    levels = queries.levels_of([partner.id])[partner.id]
    said = {"terms": partner.terms_id or 0, "group": partner.group_id or 0, "levels": levels}
    return _terms(partner, PartnerTermsForm(formdata=None, data=said))


@bp.post("/card/<string:refcode>/terms")
@requires("manage")
def change_terms(refcode: str) -> Response:
    """Change terms, group and own rates."""
    partner = partner_of(refcode)
    form = PartnerTermsForm().offer(programs.all_terms(), programs.all_groups())
    if form.validate_on_submit():
        wishes = {"terms_id": form.terms.data or None, "group_id": form.group.data or None}
        try:
            service.change(partner, **wishes, levels=form.rates)
        except DomainError as error:
            form.tell(error)
        else:
            words = _("Saved: it holds for orders from now on.")
            return see_other("office.partners.terms", refcode=partner.refcode, message=words)
    return _terms(partner, form, 422)


@bp.get("/card/<string:refcode>/balance")
@requires("money.read")
def balance(refcode: str) -> Response:
    """Show the tab Balance, bucket by bucket."""
    partner = partner_of(refcode)
    bucket = request.args.get("bucket", "available")
    bucket = bucket if bucket in BUCKETS else "available"
    before = request.args.get("before", "")
    seen = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None
    entries = statement(partner.id, bucket, before=seen)
    return page(
        "partners/office/balance.html",
        partner=partner,
        actions=actions_of(partner),
        balance=partner_balances([partner.id])[partner.id],
        bucket=bucket,
        entries=entries,
        kinds=KINDS,
        subjects=subjects(entries),
    )


@bp.get("/card/<string:refcode>/activity")
@requires("read")
def activity(refcode: str) -> Response:
    """Show the tab Activity."""
    partner = partner_of(refcode)
    happened = events.history(f"partner:{partner.id}")
    return page(
        "partners/office/activity.html",
        partner=partner,
        actions=actions_of(partner),
        events=happened,
        actors=queries.actor_names(event.actor for event in happened),
    )


@bp.post("/card/<string:refcode>/welcome")
@requires("manage")
def welcome(refcode: str) -> Response:
    """Send the welcome letter again."""
    partner = partner_of(refcode)
    service.resend_welcome(partner)
    words = _("The welcome letter is on its way.")
    return see_other("office.partners.card", refcode=partner.refcode, message=words)


@bp.post("/card/<string:refcode>/<any(approve, reject, block, unblock):action>")
@requires("manage")
def act(refcode: str, action: str) -> Response:
    """Do what the state allows."""
    partner = partner_of(refcode)
    service.act(partner, action, request.form.get("reason", "")[:500])
    if action == "approve":
        links.ensure_default(partner)
    back = UNDO.get(action)
    undo = url_for("office.partners.act", refcode=partner.refcode, action=back) if back else None
    words = str(WORDS[action])
    if request.form.get("from") == "applications":
        return see_other("office.partners.applications", message=words, undo=undo)
    return see_other("office.partners.card", refcode=partner.refcode, message=words, undo=undo)


def actions_of(partner: Partner) -> tuple[str, ...]:
    """Return what this reader may do with a partner in this state."""
    if not may("manage"):
        return ()
    actions = LIFECYCLE.actions(Status(partner.status))
    return (*actions, "restore") if partner.status == Status.REMOVED else actions


def _contact_form(partner: Partner) -> ContactForm:
    codes = queries.codes_of([partner.id])[partner.id]
    names = ("name", "email", "phone", "site", "comment", "refcode")
    said = {name: getattr(partner, name) for name in names}
    said["codes"] = ", ".join(code.display for code in codes if code.kind == "promo")
    return ContactForm(formdata=None, data=said)


def _sponsor_form(partner: Partner) -> SponsorForm:
    now = queries.edge_now(partner.id)
    found = queries.cards([now.sponsor_id]).get(now.sponsor_id or 0) if now else None
    said = {"sponsor": found.refcode if found else "", "until": service.last_day(now)}
    return SponsorForm(formdata=None, data=said)


def basics(
    partner: Partner,
    *,
    sponsor: SponsorForm | None = None,
    end: EndForm | None = None,
    customer: CustomerForm | None = None,
) -> Response:
    """Show the tab Basics once more, with what was refused at its field."""
    form, parent = _contact_form(partner), sponsor or _sponsor_form(partner)
    return _basics(partner, form, parent, 422, end, customer)


def _customer_form(member: Member | None) -> CustomerForm:
    said = {"number": member.key.partition(":")[2] if member else ""}
    return CustomerForm(formdata=None, prefix="customer", data=said)


def _end_form(partner: Partner) -> EndForm:
    until = service.last_day(queries.edge_now(partner.id))
    return EndForm(formdata=None, prefix="end", data={"until": until})


def _effective(partner: Partner) -> list[tuple[Any, str]]:
    unit = g.tenant.currency
    found = queries.effective_rates(partner, unit)
    return [(shown([write_rate(each.rate, unit)])[0], each.source.value) for each in found]


def _basics(
    partner: Partner,
    form: ContactForm,
    sponsor_form: SponsorForm,
    status: int = 200,
    end_form: EndForm | None = None,
    customer_form: CustomerForm | None = None,
) -> Response:
    default = links.ensure_default(
        partner
    )  # a refusal takes it back with the rest, and shows it all the same
    edges = queries.edges_of(partner.id)
    member = members.by_id(partner.member_id) if partner.member_id else None
    return page(
        "partners/office/card.html",
        status=status,
        partner=partner,
        actions=actions_of(partner),
        form=form,
        sponsor_form=sponsor_form,
        end_form=end_form or _end_form(partner),
        member=member,
        loyalty=setting("loyalty"),
        customer_form=customer_form or _customer_form(member),
        moving=queries.moving(partner.id) if partner.status == Status.REMOVED else None,
        parent=queries.sponsors_at([partner.id]).get(partner.id),
        edges=edges,
        sponsors=queries.cards(edge.sponsor_id for edge in edges),
        link=link_queries.address(partner.refcode, g.tenant.slug) if default else None,
    )


def _terms(partner: Partner, form: PartnerTermsForm, status: int = 200) -> Response:
    form.offer(programs.all_terms(), programs.all_groups())
    terms_id = queries.terms_of(partner).id
    return page(
        "partners/office/terms.html",
        status=status,
        partner=partner,
        actions=actions_of(partner),
        form=form,
        effective=_effective(partner),
        summary=summary(programs.conditions([terms_id])[terms_id]),
        pinned=grades.is_pinned(partner.id),
    )
