"""The back office: the merchant's bot, and one's own notices in Telegram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g
from flask_babel import gettext as _

from app.errors import DomainError
from app.site.access import may, requires
from app.telegram import queries, service
from app.telegram.forms import BotForm
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("telegram", __name__, url_prefix="/telegram")


@bp.get("/")
@requires("member")
def index() -> Response:
    return _page(BotForm(formdata=None))


@bp.post("/bot")
@requires("settings")
def connect() -> Response:
    form = BotForm()
    if form.validate_on_submit():
        try:
            service.connect(form.token.data, g.tenant.slug)
        except DomainError as error:
            form.complain("token", error.message)
        else:
            return see_other("office.telegram.index", message=_("The bot is connected."))
    return _page(form, 422)


@bp.post("/bot/remove")
@requires("settings")
def disconnect() -> Response:
    service.disconnect()
    return see_other(
        "office.telegram.index", message=_("The bot is removed, and nobody is written to.")
    )


@bp.post("/me")
@requires("member")
def link() -> Response:
    if g.tenant.twin_of is not None:
        service.pretend(_me(), g.person.name or g.person.email)
        return see_other(
            "office.telegram.index", message=_("Connected to the mailbox of test mode.")
        )
    code = service.new_code(_me()) if queries.bot() else None
    return _page(BotForm(formdata=None), code=code)


@bp.post("/me/remove")
@requires("member")
def unlink() -> Response:
    service.unlink(_me())
    return see_other("office.telegram.index", message=_("No more notices in Telegram."))


def _me() -> str:
    return f"person:{g.person.id}"


def _page(form: BotForm, status: int = 200, code: str | None = None) -> Response:
    return page(
        "telegram/office/index.html",
        status=status,
        form=form if may("settings") else None,
        bot=queries.bot(),
        chat=queries.chat_of(_me()),
        readers=queries.readers(),
        code=code,
    )
