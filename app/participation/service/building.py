"""The registration page as the merchant builds it."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import delete, select

from app import clock
from app.crypto import token
from app.errors import DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db
from app.participation import queries
from app.participation.models import JoinField, JoinLink, JoinPage, JoinPicture
from app.participation.rules import MOST_QUESTIONS, Kind, key_of, moved
from app.participation.rules.questions import WITH_OPTIONS
from app.programs import queries as programs
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.participation.rules import Option

WIDEST, MOST_PIXELS = 1600, 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")


def change_page(
    texts: Mapping[str, Mapping[str, str]], *, phone: str, site: str, group_id: int | None
) -> JoinPage:
    """Set what the page says (name -> language -> text), asks besides, and the group of whoever joins by it.

    Raises DomainError for a group that is not there.
    """
    _check_group(group_id)
    kept = {
        name: {code: said for code, said in each.items() if said.strip()}
        for name, each in texts.items()
    }
    return _set(texts=kept, phone=phone, site=site, group_id=group_id)


def set_entry(min_orders: int, allowed: Sequence[str], forbidden: Sequence[str]) -> JoinPage:
    """Set who may join: by completed orders, and by groups of the shop's customers.

    Raises DomainError for a group that is both allowed and forbidden, and for numbers out of range.
    """
    if not 0 <= min_orders <= 10_000:
        raise _refused("min_orders", _("Between %(low)s and %(high)s.", low=0, high=10_000))
    both = {name.casefold() for name in allowed} & {name.casefold() for name in forbidden}
    if both:
        words = _("A group cannot be both allowed and forbidden: %(name)s.", name=min(both))
        raise _refused("forbidden", words)
    return _set(
        min_orders=min_orders, groups_allowed=list(allowed), groups_forbidden=list(forbidden)
    )


def set_picture(body: bytes | None) -> None:
    """Put a picture on the page, drawn anew so that nothing but pixels stays of what was sent; None: none.

    Raises DomainError for what is no JPEG, PNG or WebP, or too large to be drawn.
    """
    if body is None:
        _set(picture=None)
        db.session.execute(delete(JoinPicture))
        return
    drawn, size = _draw(body)
    key = hashlib.sha256(drawn).hexdigest()[:32]
    if queries.picture(key) is None:
        db.session.execute(delete(JoinPicture))
        db.session.add(
            JoinPicture(key=key, body=drawn, width=size[0], height=size[1], created_at=clock.now())
        )
    _set(picture=key)


def _draw(body: bytes) -> tuple[bytes, tuple[int, int]]:
    words = _("Choose a picture: JPEG, PNG or WebP.")
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise _refused("picture", _("This picture is too large to be drawn."))
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ) as error:
        raise _refused("picture", words) from error
    upright.thumbnail((WIDEST, WIDEST))
    made = io.BytesIO()
    upright.save(made, "WEBP", quality=82)
    return made.getvalue(), upright.size


def make_question(
    kind: Kind,
    label: Mapping[str, str],
    *,
    help_text: Mapping[str, str],
    options: Sequence[Option] = (),
    required: bool = False,
) -> JoinField:
    """Ask one thing more, at the end of the form. Raises DomainError for no label, no options, too many."""
    known = queries.questions(retired=True)
    if len(queries.questions()) >= MOST_QUESTIONS:
        words = _("A form has at most %(most)s questions.", most=MOST_QUESTIONS)
        raise _refused("kind", words)
    said = _check_question(kind, label, options)
    made = JoinField(
        key=key_of(next(iter(said.values())), [each.key for each in known]),
        kind=kind.value,
        position=len(known) + 1,
        label=said,
        help=_filled(help_text),
        options=_written(options),
        required=required,
        created_at=clock.now(),
        retired_at=None,
    )
    db.session.add(made)
    db.session.flush()
    _changed(question=made.key)
    return made


def change_question(
    row: JoinField,
    label: Mapping[str, str],
    *,
    help_text: Mapping[str, str],
    options: Sequence[Option] = (),
    required: bool = False,
) -> JoinField:
    """Change a question's words, options and whether it must be answered; its kind and key stay."""
    row.label = _check_question(Kind(row.kind), label, options)
    row.help, row.required, row.options = _filled(help_text), required, _written(options)
    db.session.flush()
    _changed(question=row.key)
    return row


def move_question(row: JoinField, *, up: bool) -> None:
    """Move a question a place up or down."""
    _lock()
    query = select(JoinField).where(JoinField.retired_at.is_(None))
    asked = {
        each.key: each
        for each in db.session.scalars(query.order_by(JoinField.position, JoinField.id))
    }
    if row.key in asked:
        for place, key in enumerate(moved(list(asked), row.key, up=up), start=1):
            asked[key].position = place
        _changed(question=row.key)


def retire_question(row: JoinField) -> None:
    """Ask it no more; what was answered stays."""
    row.retired_at = row.retired_at or clock.now()
    _changed(question=row.key)


def restore_question(row: JoinField) -> None:
    """Ask it again, at the end. Raises DomainError where the form is full."""
    if row.retired_at is not None and len(queries.questions()) >= MOST_QUESTIONS:
        words = _("A form has at most %(most)s questions.", most=MOST_QUESTIONS)
        raise _refused("kind", words)
    row.retired_at = None
    row.position = len(queries.questions(retired=True)) + 1
    _changed(question=row.key)


def make_link(name: str, group_id: int | None, terms_id: int | None) -> JoinLink:
    """Make a registration link of its own, by a code that cannot be guessed. Raises DomainError."""
    _check_group(group_id)
    if terms_id is not None and programs.terms_by_id(terms_id) is None:
        raise _refused("terms", _("There are no such terms."))
    if not name.strip():
        raise _refused("name", _("Fill this in."))
    made = JoinLink(
        code=token(size=9),
        name=name.strip(),
        group_id=group_id,
        terms_id=terms_id,
        created_at=clock.now(),
        closed_at=None,
    )
    db.session.add(made)
    db.session.flush()
    _changed(link=made.name)
    return made


def close_link(link: JoinLink) -> None:
    """Let the link lead to the plain form: no group and no terms of its own any more."""
    link.closed_at = link.closed_at or clock.now()
    _changed(link=link.name)


def reopen_link(link: JoinLink) -> None:
    """Let the link give its group and terms again."""
    link.closed_at = None
    _changed(link=link.name)


def _set(**values: Any) -> JoinPage:
    _lock()
    row = db.session.scalar(select(JoinPage).with_for_update())
    if row is None:
        row = JoinPage(changed_at=clock.now())
        db.session.add(row)
        db.session.flush()
        db.session.refresh(row)
    before = {name: getattr(row, name) for name in values}
    for name, value in values.items():
        setattr(row, name, value)
    row.changed_at = clock.now()
    changes = {n: [before[n], v] for n, v in values.items() if before[n] != v and n != "texts"}
    if before != values:
        _changed(changes=changes)
    db.session.flush()
    return row


def _lock() -> None:
    """Let one transaction at a time change the page and the order of its questions."""
    db.session.execute(select(_alone(f"registration:{current_tenant()}")))


def _alone(name: str) -> Any:
    from_name = db.func.hashtextextended(name, 0)
    return db.func.pg_advisory_xact_lock(from_name)


def _changed(**facts: Any) -> None:
    record("registration.changed", f"merchant:{current_tenant()}", **facts)


def _check_group(group_id: int | None) -> None:
    if group_id is not None and programs.group_by_id(group_id) is None:
        raise _refused("group", _("There is no such group."))


def _check_question(
    kind: Kind, label: Mapping[str, str], options: Sequence[Option]
) -> dict[str, str]:
    said = _filled(label)
    if not said:
        raise _refused("label", _("Fill this in in one language at least."))
    if kind in WITH_OPTIONS and len(options) < 2:
        raise _refused("options", _("Give at least two answers to choose from, a line each."))
    return said


def _filled(texts: Mapping[str, str]) -> dict[str, str]:
    return {code: text.strip() for code, text in texts.items() if text and text.strip()}


def _written(options: Sequence[Option]) -> list[dict[str, Any]]:
    return [{"key": each.key, "label": dict(each.label)} for each in options]


def _refused(field: str, words: str) -> DomainError:
    return DomainError("invalid", words, FieldError(field, words))


def found_link(code: str) -> JoinLink:
    """Return a link, closed or not. Raises NotFound."""
    found = db.session.scalar(select(JoinLink).where(JoinLink.code == code))
    if found is None:
        raise NotFound
    return found
