"""Registration links of their own: each gives its group and terms to whoever joins by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, url_for
from flask_babel import gettext as _

from app.errors import DomainError
from app.installation import public_address
from app.participation import queries, service
from app.participation.forms import LinkForm
from app.participation.office.page import bp
from app.participation.service.building import found_link
from app.programs import queries as programs
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response


@bp.get("/links")
@requires("settings")
def links() -> Response:
    """List the links, with how many came by each."""
    return _links(LinkForm(formdata=None))


@bp.post("/links")
@requires("settings")
def make_link() -> Response:
    """Make one more."""
    form = LinkForm().offer(programs.all_groups(), programs.all_terms())
    if form.validate_on_submit():
        try:
            service.make_link(form.name.data, form.group.data or None, form.terms.data or None)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.participation.links", message=_("The link is made."))
    return _links(form, 422)


@bp.post("/links/<string:link_code>/<any(close, open):what>")
@requires("settings")
def switch_link(link_code: str, what: str) -> Response:
    """Let a link give its group and terms no more, or again."""
    link = found_link(link_code)
    (service.close_link if what == "close" else service.reopen_link)(link)
    back = "open" if what == "close" else "close"
    undo = url_for("office.participation.switch_link", link_code=link_code, what=back)
    closed = _("The link gives neither group nor terms any more.")
    words = closed if what == "close" else _("The link works again.")
    return see_other("office.participation.links", message=words, undo=undo)


def _links(form: LinkForm, status: int = 200) -> Response:
    form.offer(programs.all_groups(), programs.all_terms())
    found = queries.links()
    return page(
        "participation/office/links.html",
        status=status,
        form=form,
        links=found,
        counts=queries.link_counts(),
        addresses={
            each.id: public_address(
                url_for("public.partners.join", merchant=g.tenant.slug, via=each.code)
            )
            for each in found
        },
        groups={each.id: each.name for each in programs.all_groups()},
        terms={each.id: each.name for each in programs.all_terms()},
    )
