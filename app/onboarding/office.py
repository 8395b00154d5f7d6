"""The back office: the wizard of the first minutes, its list that verifies itself, installation codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.attribution.queries import last_visit
from app.errors import DomainError, NotFound
from app.installation import public_address
from app.links.queries import tracking_address
from app.onboarding import queries, rules, service
from app.onboarding.forms import BasicsForm, CodeForm, FirstPartnerForm, FirstTermsForm
from app.orders.queries import unexplained
from app.partners import service as partners_service
from app.programs import queries as programs
from app.programs import service as programs_service
from app.reports.queries import STEPS, first_steps
from app.reports.rules import steps
from app.site.access import requires
from app.site.people import freshly
from app.tenancy import tenant_scope
from app.tenants import queries as tenants
from app.tenants import service as tenants_service
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from app.onboarding.service import NewCode
    from app.tenants.rules import Place
    from app.web.forms import Form

bp = Blueprint("onboarding", __name__, url_prefix="/start")
AnyForm = TypeVar("AnyForm", BasicsForm, FirstTermsForm, FirstPartnerForm)

TITLES = {
    "basics": _l("Basics"),
    "terms": _l("Terms"),
    "partner": _l("First partner"),
    "snippet": _l("Counter"),
    "shop": _l("Your shop"),
}


@bp.get("/")
@requires("settings")
def start() -> Response:
    """Show the page of the wizard that is asked for, else the one at which it was left."""
    name = rules.step(request.args.get("step") or queries.wizard_step())
    return _step(name, _form(name))


@bp.post("/basics")
@requires("settings")
def basics() -> Response:
    return _save("basics", BasicsForm(), _save_basics)


@bp.post("/terms")
@requires("settings")
def terms() -> Response:
    return _save("terms", FirstTermsForm(), _save_terms)


@bp.post("/partner")
@requires("settings")
def partner() -> Response:
    return _save("partner", FirstPartnerForm(), _save_partner)


# Where a form was sent to, its page is read, too: it is reloaded, or read in another language.
@bp.get("/basics")
@requires("settings")
def basics_again() -> Response:
    return see_other("office.onboarding.start", step="basics")


@bp.get("/terms")
@requires("settings")
def terms_again() -> Response:
    return see_other("office.onboarding.start", step="terms")


@bp.get("/partner")
@requires("settings")
def partner_again() -> Response:
    return see_other("office.onboarding.start", step="partner")


@bp.post("/next")
@requires("settings")
def skip() -> Response:
    """Go to the next page and leave this one for later."""
    return _go_on(rules.step(request.args.get("step")))


@bp.get("/checklist")
@requires("read")
def checklist() -> Response:
    """Show the first steps as we have seen them by now; the overview asks every few seconds."""
    seen = None if queries.steps_dismissed() else first_steps(g.tenant)
    return page(
        "onboarding/office/checklist.html",
        "reports/office/_steps.html",
        steps=steps(seen, STEPS) if seen else [],
    )


@bp.post("/checklist/dismiss")
@requires("settings")
def dismiss() -> Response:
    service.dismiss()
    undo = url_for("office.onboarding.show_again")
    return see_other("office.reports.index", message=_("The list is put away."), undo=undo)


@bp.post("/checklist/show")
@requires("settings")
def show_again() -> Response:
    service.show_again()
    return see_other("office.reports.index", message=_("The list is back."))


@bp.get("/codes/")
@requires("keys")
def codes() -> Response:
    return _codes(_code_form())


@bp.post("/codes/")
@requires("keys")
@freshly
def draw() -> Response:
    """Draw a code; no redirect, for it is told in this answer and in no other place."""
    form = _code_form()
    if not form.validate_on_submit():
        return _codes(form, status=422)
    shop = tenants.shop(form.shop.data)
    if shop is None:
        raise NotFound
    return _codes(_code_form(), made=service.draw(shop))


@bp.post("/codes/<int:code_id>/withdraw")
@requires("keys")
def withdraw(code_id: int) -> Response:
    service.withdraw(code_id)
    return see_other("office.onboarding.codes", message=_("The code is withdrawn."))


def _save(name: str, form: AnyForm, act: Callable[[AnyForm], None]) -> Response:
    """Do what a page of the wizard asks for, and show the next one."""
    if form.validate_on_submit():
        try:
            act(form)
        except DomainError as error:
            form.tell(error)
        else:
            return _go_on(name)
    return _step(name, form, 422)


def _go_on(name: str) -> Response:
    after = rules.step_after(name)
    service.stand_at(after or name)
    if after is None:
        return see_other("office.reports.index", message=_("That was the last page of the set-up."))
    return see_other("office.onboarding.start", step=after)


def _form(name: str) -> Form | None:
    if name == "basics":
        shop = tenants.shops()[0]
        said = {"name": g.tenant.name, "domain": shop.domain, "path": shop.path}
        return BasicsForm(formdata=None, data=said)
    if name == "terms":
        base = programs.base_terms()
        levels = programs.conditions([base.id])[base.id].levels
        hold = tenants.setting("hold_days")
        return FirstTermsForm(formdata=None, data={"levels": levels, "hold_days": hold})
    return FirstPartnerForm(formdata=None) if name == "partner" else None


def _save_basics(form: BasicsForm) -> None:
    shop = tenants.shops()[0]
    place = tenants_service.read_place(form.domain.data or "", form.path.data or "/")
    tenants_service.change_shop(shop, place=place)
    _follow(place)
    accent = g.tenant.brand.get("accent")
    if form.name.data != g.tenant.name:
        tenants_service.change_brand(g.tenant, name=form.name.data, accent=accent)


def _follow(place: Place) -> None:
    """Let the shop of test mode stand there too, if it stands nowhere yet."""
    twin = tenants.twin_of(g.tenant.id)
    if twin is None:
        return
    with tenant_scope(twin.id, twin.clock_offset):
        first = tenants.shops()[0]
        if not first.domain:
            tenants_service.change_shop(first, place=place)


def _save_terms(form: FirstTermsForm) -> None:
    programs_service.change_terms(programs.base_terms(), levels=form.rates)
    tenants_service.change_settings({"hold_days": form.hold_days.data})


def _save_partner(form: FirstPartnerForm) -> None:
    said = {"name": form.name.data, "email": form.email.data or None}
    partners_service.create(partners_service.NewPartner(**said))


def _step(name: str, form: Form | None, status: int = 200) -> Response:
    place = rules.WIZARD.index(name) + 1
    return page(
        "onboarding/office/step.html",
        status=status,
        name=name,
        form=form,
        titles=TITLES,
        place=place,
        before=rules.step_before(name),
        **_seen(name),
    )


def _seen(name: str) -> dict[str, Any]:
    """Return what a page of the wizard shows besides its form."""
    if name == "partner":
        join = url_for("public.partners.join", merchant=g.tenant.slug)
        return {"join": public_address(join), "partners": queries.first_partners(5)}
    if name == "snippet":
        script = tracking_address(f"/t/{g.tenant.slug}.js")
        return {"script": script, "visit": last_visit(), "now": tenants.settings()}
    if name == "shop":
        unknown = unexplained()
        shops = [(shop, unknown.get(shop.id, [])) for shop in tenants.shops()]
        return {"shops": shops, "twin": tenants.twin_of(g.tenant.id)}
    return {}


def _code_form() -> CodeForm:
    form = CodeForm()
    form.shop.choices = [(shop.public_id, f"{shop.name} {shop.domain}") for shop in tenants.shops()]
    return form


def _codes(form: CodeForm, made: NewCode | None = None, status: int = 200) -> Response:
    return page(
        "onboarding/office/codes.html",
        status=status,
        form=form,
        made=made,
        codes=queries.codes(),
        now=clock.wall(),
        address=public_address("/api/v1/merchants/install"),
    )
