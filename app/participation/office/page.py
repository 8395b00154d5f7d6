"""What the registration page says, and who may join by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from app.errors import DomainError
from app.participation import queries, service
from app.participation.forms import EntryForm, PageForm, PictureForm, page_form
from app.participation.rules import in_language
from app.partners.office.lists import join_address
from app.programs import queries as programs
from app.site.access import requires
from app.tenants import queries as tenants
from app.tenants import service as settings
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response


def say(texts: Mapping[str, str]) -> str:
    """Return a text in the reader's language, else the merchant's."""
    return in_language(texts, str(get_locale()), g.tenant.locale)


bp = Blueprint("participation", __name__, url_prefix="/registration")
TEXTS = ("title", "lead", "text")


@bp.get("/")
@requires("settings")
def index() -> Response:
    """Show the page's parts at a glance."""
    return page(
        "participation/office/index.html",
        join=join_address(),
        said=queries.page(),
        questions=queries.questions(),
        entry=queries.entry(),
        texts=queries.current_texts(),
        links=[each for each in queries.links() if each.closed_at is None],
        registration=tenants.setting("registration"),
        customer_group=tenants.setting("customer_group"),
        turned_away=queries.turned_away_count(),
        say=say,
    )


@bp.get("/page")
@requires("settings")
def show_page() -> Response:
    """Offer the page's texts."""
    said, made = queries.page(), page_form()
    texts = {name: said.texts.get(name, {}) for name in TEXTS}
    values = made.said(**texts)
    own = {"phone": said.phone, "site": said.site, "group": said.group_id or 0}
    return _page(made(formdata=None, data={**values, **own}))


@bp.post("/page")
@requires("settings")
def save_page() -> Response:
    """Keep the page's texts and plain fields."""
    form = page_form()().offer(programs.all_groups())
    if form.validate_on_submit():
        texts = {name: form.texts(name) for name in TEXTS}
        own = {"phone": form.phone.data, "site": form.site.data}
        try:
            service.change_page(texts, **own, group_id=form.group.data or None)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.participation.index", message=_("Saved."))
    return _page(form, 422)


@bp.post("/picture")
@requires("settings")
def save_picture() -> Response:
    """Take a picture, and draw it anew."""
    form, sent = PictureForm(), request.files.get("picture")
    body = sent.read() if sent is not None else b""
    if form.validate_on_submit() and body:
        try:
            service.set_picture(body)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other(
                "office.participation.show_page", message=_("The picture is on the page.")
            )
    elif not body:
        form.complain("picture", _("Choose a picture: JPEG, PNG or WebP."))
    said = queries.page()
    values = page_form().said(**{name: said.texts.get(name, {}) for name in TEXTS})
    own = {"phone": said.phone, "site": said.site, "group": said.group_id or 0}
    return _page(page_form()(formdata=None, data={**values, **own}), 422, form)


@bp.post("/picture/remove")
@requires("settings")
def remove_picture() -> Response:
    """Take the picture off the page."""
    service.set_picture(None)
    return see_other("office.participation.show_page", message=_("The picture is gone."))


@bp.get("/entry")
@requires("settings")
def entry() -> Response:
    """Offer the rules of who may join."""
    said = queries.page()
    values = {
        "min_orders": said.min_orders or None,
        "allowed": "\n".join(said.groups_allowed),
        "forbidden": "\n".join(said.groups_forbidden),
        "customer_group": tenants.setting("customer_group") or "",
        "registration": tenants.setting("registration"),
    }
    return _entry(EntryForm(formdata=None, data=values))


@bp.post("/entry")
@requires("settings")
def save_entry() -> Response:
    """Keep the rules of who may join."""
    form = EntryForm()
    if form.validate_on_submit():
        group = " ".join((form.customer_group.data or "").split()) or None
        changes = {"customer_group": group, "registration": form.registration.data}
        try:
            wanted = form.min_orders.data or 0
            service.set_entry(wanted, form.names("allowed"), form.names("forbidden"))
            settings.change_settings(changes)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.participation.index", message=_("Saved."))
    return _entry(form, 422)


def _entry(form: EntryForm, status: int = 200) -> Response:
    known = queries.groups_known()
    return page("participation/office/entry.html", status=status, form=form, known=known)


def _page(form: PageForm, status: int = 200, picture: PictureForm | None = None) -> Response:
    form.offer(programs.all_groups())
    key = queries.page().picture
    return page(
        "participation/office/page.html",
        status=status,
        form=form,
        picture=picture or PictureForm(formdata=None),
        address=url_for("public.participation.picture", key=key) if key else None,
    )
