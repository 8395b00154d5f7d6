"""The back office: shops are connected by keys, by their own screen, or by a channel that they call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect, request, url_for
from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.installation import public_address
from app.intake.forms import KEYS, ConnectForm, KeysForm, SecretForm
from app.intake.office.pages import bp, seen, shown_page
from app.intake.shops import SCREEN, connections, inbox
from app.intake.shops.registry import connector, listener
from app.site.access import requires
from app.site.people import freshly
from app.tenants import queries as tenants
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

    from app.intake.shops import Listener
    from app.tenants.models import Connection
    from app.web.forms import Form


@bp.get("/new/<string:kind>")
@requires("settings")
def new(kind: str) -> AnyResponse:
    """Show how a kind of shop is connected."""
    of = listener(kind)
    return _asking(of) if of.asks else _new(of)


@freshly
def _asking(of: Listener) -> Response:
    """Ask for the password before keys are typed: a page that asks for it later would lose them."""
    return _new(of)


@bp.post("/new/<string:kind>/hook")
@requires("settings")
def connect(kind: str) -> Response:
    """Open a channel without keys; a secret that we made is shown on this answer only."""
    form, of = _hook_form(), listener(kind)
    if "hook" not in of.hints:
        raise NotFound
    if not form.validate_on_submit():
        return _new(of, hook=form, status=422)
    given = (form.secret.data or "").strip() or None
    theirs = (
        "hook.secret" in of.hints
    )  # the shop signs with a secret of its own and takes none of ours
    if given is None and theirs and of.asks:
        form.complain("secret", _("Fill this in."))
        return _new(of, hook=form, status=422)
    try:
        made, secret = inbox.connect(form.shop.data, kind, given)
    except DomainError as error:
        form.complain("secret", error.message)
        return _new(of, hook=form, status=422)
    if given is not None:
        return seen(made, _("Saved. Enter the delivery address in the shop now."))
    if theirs:
        return seen(
            made, _("The channel is open. Paste the shop's secret as soon as it shows one.")
        )
    return shown_page(made, secret=secret)


@bp.post("/<string:public_id>/secret")
@requires("settings")
@freshly
def rotate(public_id: str) -> Response:
    """Give a channel another secret; ours is shown on this answer only."""
    connection, form = connections.find(public_id), SecretForm()
    if not form.validate_on_submit():
        return shown_page(connection, secret_form=form, status=422)
    given = (form.secret.data or "").strip() or None
    if given is None and "hook.secret" in listener(connection.kind).hints:
        form.complain("secret", _("Fill this in."))
        return shown_page(connection, secret_form=form, status=422)
    try:
        secret = connections.rotate(connection, given)
    except DomainError as error:
        if isinstance(error, NotFound):
            raise
        form.complain("secret", error.message)
        return shown_page(connection, secret_form=form, status=422)
    return seen(connection, _("Saved.")) if given else shown_page(connection, secret=secret)


@bp.post("/new/<string:kind>")
@requires("settings")
@freshly
def give_keys(kind: str) -> AnyResponse:
    """Connect a shop by pasted keys, or send its owner to the shop's own screen."""
    form, of = _keys_form(connector(kind)), connector(kind)
    if not form.validate_on_submit() or not _is_whole(form, of):
        return _new(of, form, status=422)
    try:
        keys = connections.read_keys(
            kind, form.address.data or "", form.key.data or "", form.key_secret.data or ""
        )
        if form.how.data != KEYS:
            back = public_address(url_for("office.intake.index"))
            asked = connections.ask_shop(form.store.data, kind, keys.address, back)
            return redirect(asked, 303)
        said = connections.try_keys(kind, keys)
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _new(of, form, status=422)
    made = connections.with_keys(form.store.data, kind, keys, said)
    return seen(made, _("Connected. The shop is being set up: look again in a moment."))


def _is_whole(form: KeysForm, of: Listener) -> bool:
    """Complain of what this kind asks for and nobody typed."""
    asked = {"address": "address", "key": "key", "secret": "key_secret"}
    wanted = of.asks if form.how.data == KEYS else ("address",)
    missing = [asked[each] for each in wanted if not (form[asked[each]].data or "").strip()]
    for name in missing:
        form.complain(name, _("Fill this in."))
    return not missing


def _hook_form() -> ConnectForm:
    form = ConnectForm()
    form.shop.choices = [(shop.id, shop.name) for shop in tenants.shops()]
    again = _again()
    if again is not None:
        form.shop.data = again.shop_id
    return form


def _keys_form(of: Listener) -> KeysForm:
    form = KeysForm()
    form.store.choices = [(shop.id, shop.name) for shop in tenants.shops()]
    again = _again()
    if again is not None and again.kind == of.kind:
        form.store.data = again.shop_id
        if "key" in of.asks:  # else the address is the key
            form.address.data, form.how.data = again.address, KEYS
    form.shape(of)
    return form


def _again() -> Connection | None:
    """Return the connection that is to have other keys, where a page leads here from one."""
    given = request.args.get("again", "") if request.method == "GET" else ""
    known = {each.public_id: each for each in tenants.connections()}
    return known.get(given)


def _new(
    of: Listener,
    form: KeysForm | None = None,
    *,
    hook: Form | None = None,
    status: int = 200,
) -> Response:
    return page(
        "intake/office/new.html",
        status=status,
        of=of,
        form=form or (_keys_form(of) if of.asks else None),
        hook=(hook or _hook_form()) if "hook" in of.hints else None,
        screen=SCREEN in of.offers,
    )
