"""Verbs on the widget: secrets made and withdrawn, who is signed in, how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select

from app import clock, crypto
from app.errors import DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db
from app.tenancy import public_id
from app.widget import queries
from app.widget.models import WidgetKey, WidgetLook
from app.widget.rules import LookError, TokenError, check, read_look, read_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.widget.rules import Look

SEEN = timedelta(hours=1)  # how often it is written down that a secret is in use
MOST_KEYS = 10  # of a merchant, in use


@dataclass(frozen=True)
class SignedIn:
    """Whom a shop says is signed in."""

    shop_id: int
    customer: str  # the shop's own id
    key: WidgetKey


def make_key(shop_id: int) -> tuple[WidgetKey, str]:
    """Make a secret of a shop and return it with the plain text, which is told once.

    Others of the shop hold on, so that a shop changes over without a pause. Raises DomainError at too many.
    """
    if len(queries.keys()) >= MOST_KEYS:
        message = _("Withdraw a secret that is no longer used first.")
        raise DomainError("many", message, FieldError("shop", message))
    plain = crypto.token("ws_")
    key = WidgetKey(
        shop_id=shop_id,
        public_id=public_id("wk"),
        secret=crypto.seal(plain),
        made_at=clock.wall(),
        seen_at=None,
        seen_on=None,
        withdrawn_at=None,
    )
    db.session.add(key)
    db.session.flush()
    record("widget.key_made", f"widget_key:{key.id}", key=key.public_id)
    return key, plain


def withdraw_key(public_name: str) -> None:
    """Let nothing more be signed with a secret, as of the next question. Raises NotFound."""
    key = queries.key(public_name)
    if key is None:
        raise NotFound
    key.withdrawn_at = clock.wall()
    record("widget.key_withdrawn", f"widget_key:{key.id}", key=key.public_id)


def recognise(token: str) -> SignedIn:
    """Return whom a token says is signed in. Raises TokenError; another merchant's key is nobody's here."""
    claim = read_token(token)
    key = queries.key(claim.key)
    if key is None:
        raise TokenError("signature")
    check(claim, crypto.open_sealed(key.secret), clock.wall())
    return SignedIn(key.shop_id, claim.customer, key)


def note_seen(key: WidgetKey, origin: str) -> None:
    """Remember, once an hour, that a shop's page came with a token of this secret."""
    now = clock.wall()
    if key.seen_at is None or now - key.seen_at > SEEN:
        key.seen_at, key.seen_on = now, origin


def change_look(said: Mapping[str, Any]) -> Look:
    """Let the widget look so from now on. Raises DomainError with the field that cannot be."""
    try:
        look = read_look(said)
    except LookError as error:
        message = _("This cannot be used here.")
        raise DomainError("look", message, FieldError(error.name, message)) from error
    row = db.session.scalar(select(WidgetLook).with_for_update())
    if row is None:
        row = WidgetLook(facts={}, changed_at=clock.wall())
        db.session.add(row)
    if row.facts != look.said():
        row.facts, row.changed_at = look.said(), clock.wall()
        record("widget.changed", "widget:look", version=look.version)
    db.session.flush()
    return look
