"""Make, change and put away creatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import delete, select

from app import clock
from app.catalog.models import Category, Product
from app.catalog.queries import category_by_id, product_by_id
from app.catalog.rules import search_text
from app.creatives import queries
from app.creatives.models import Creative, CreativeReader
from app.creatives.rules import (
    BIGGEST_FILE,
    BIGGEST_PICTURE,
    LONGEST_NAME,
    FileError,
    Kind,
    clean,
    download_name,
    file_type,
    name_of_file,
)
from app.creatives.service.media import keep
from app.creatives.service.pictures import redraw
from app.errors import DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db
from app.links import queries as links
from app.links.rules import AddressError, EridError, erid_of, place_in
from app.links.service import address_words, lead_to, mark
from app.programs import queries as programs
from app.tenancy import public_id
from app.tenants.queries import shops

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.tenants.models import Shop

TOLD = frozenset({"name", "position", "shown", "language", "subject", "label", "erid", "filename"})


@dataclass(frozen=True)
class Said:
    """What staff say of a creative; the landing page is typed, and its product or category chosen."""

    name: str = ""
    page: str = ""
    product_id: int | None = None
    category_id: int | None = None
    language: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    position: int = 0
    shown: bool = True
    group_ids: tuple[int, ...] = ()
    terms_ids: tuple[int, ...] = ()
    subject: str = ""
    body: str = ""
    html: str = ""
    label: str = ""
    erid: str = ""  # the advertising token, as it was typed
    file: bytes | None = None
    filename: str = ""


def create(kind: Kind, said: Said) -> Creative:
    """Make a creative; without a name it is called as its file.

    Raises DomainError for what cannot stand: no content, a file that is not taken, a page elsewhere.
    """
    if kind.has_file and said.file is None:
        raise _refusal("file", _("Choose a file."))
    now = clock.now()
    made = Creative(
        public_id=public_id("cr"),
        key=public_id("m").partition("_")[2],
        kind=kind,
        created_at=now,
        archived_at=None,
        **_fields(kind, said),
        **_file(kind, said),
    )
    made.changed_at = now
    db.session.add(made)
    db.session.flush()
    _put_readers(made.id, said)
    record("creative.created", f"creative:{made.id}", name=made.name, kind=str(kind))
    return made


def change(creative: Creative, said: Said) -> None:
    """Change a creative; links that partners took lead where it now leads. Raises DomainError."""
    kind = Kind(creative.kind)
    fields = _fields(kind, said) | _file(kind, said)
    led = ("shop_id", "place", "product_id", "category_id")
    moved = any(getattr(creative, name) != fields[name] for name in led)
    changes = _assign(creative, fields)
    if _put_readers(creative.id, said):
        changes["readers"] = None
    if "erid" in changes:
        mark(queries.link_ids(creative.id), creative.erid)
    if moved:
        lead_to(queries.link_ids(creative.id), *(fields[name] for name in led))
    _tell(creative, changes)


def _assign(creative: Creative, fields: dict[str, Any]) -> dict[str, Any]:
    """Set what differs; return before and after of what is short enough to be told."""
    changes: dict[str, Any] = {}
    for name, value in fields.items():
        before = getattr(creative, name)
        if before != value:
            setattr(creative, name, value)
            changes[name] = [before, value] if name in TOLD else None
    changes.pop("search", None)
    return changes


def _tell(creative: Creative, changes: dict[str, Any]) -> None:
    if changes:
        creative.changed_at = clock.now()
        record("creative.changed", f"creative:{creative.id}", name=creative.name, changes=changes)
    db.session.flush()


def archive(creative: Creative, *, back: bool = False) -> None:
    """Put a creative away, or bring it back; where it is put up already it goes on working."""
    if (creative.archived_at is None) is not back:
        creative.archived_at = None if back else clock.now()
        kind = "creative.restored" if back else "creative.archived"
        record(kind, f"creative:{creative.id}", name=creative.name)
        db.session.flush()


def switch(creative: Creative, *, shown: bool) -> None:
    """Switch a creative on or off."""
    if creative.shown is not shown:
        creative.shown = shown
        _tell(creative, {"shown": [not shown, shown]})


def find(said: str) -> Creative:
    """Return a creative by its outside id. Raises NotFound."""
    found = queries.by_public_id(said)
    if found is None:
        raise NotFound
    return found


def _fields(kind: Kind, said: Said) -> dict[str, Any]:
    name = " ".join(said.name.split()) or name_of_file(said.filename)
    if not 0 < len(name) <= LONGEST_NAME:
        raise _refusal("name", _("A name has 1 to %(most)s characters.", most=LONGEST_NAME))
    if said.valid_from and said.valid_to and said.valid_to <= said.valid_from:
        raise _refusal("valid_to", _("The end lies after the beginning."))
    shop_id, place = _leads_to(said)
    content = {"subject": " ".join(said.subject.split()), "body": said.body.strip(), "html": ""}
    if kind.has_html:
        content["html"] = clean(said.html)
    _refuse_empty(kind, said, content)
    return {
        "name": name,
        "search": search_text(name),
        "shop_id": shop_id,
        "place": place,
        "product_id": said.product_id,
        "category_id": said.category_id,
        "language": said.language or None,
        "valid_from": said.valid_from,
        "valid_to": said.valid_to,
        "position": said.position,
        "shown": said.shown,
        "label": " ".join(said.label.split()),
        "erid": _erid(said.erid),
        **content,
    }


def _erid(text: str) -> str | None:
    try:
        return erid_of(text)
    except EridError as error:
        words = _("A token has 4 to 64 letters and digits, as the register gave it.")
        raise _refusal("erid", words) from error


def _refuse_empty(kind: Kind, said: Said, content: dict[str, str]) -> None:
    if kind is Kind.TEXT and not content["body"]:
        raise _refusal("body", _("Fill this in."))
    if kind is Kind.LETTER and not content["subject"]:
        raise _refusal("subject", _("Fill this in."))
    if kind is Kind.LETTER and not (content["html"] or content["body"]):
        raise _refusal("body", _("Write the letter as text, as HTML, or both."))
    if kind is Kind.HTML and not content["html"]:
        words = _("Fill this in.")
        if said.html.strip():
            words = _("Nothing is left of this HTML without what is not allowed in it.")
        raise _refusal("html", words)


def _file(kind: Kind, said: Said) -> dict[str, Any]:
    """Keep the file that was sent, and return what the row says of it; nothing, where none was."""
    if not kind.has_file or said.file is None:
        return {}
    try:
        if kind is Kind.FILE:
            media_type, ending = file_type(said.file)
            data, width, height = said.file, None, None
        else:
            drawn = redraw(said.file)
            data, media_type, ending = drawn.data, drawn.media_type, drawn.extension
            width, height = drawn.width, drawn.height
    except FileError as error:
        raise _refusal("file", _file_words(error.code, kind)) from error
    return {
        "digest": keep(data),
        "media_type": media_type,
        "filename": download_name(said.filename, ending),
        "size": len(data),
        "width": width,
        "height": height,
    }


def _leads_to(said: Said) -> tuple[int | None, str | None]:
    """Return shop and place of the page that was typed; none where links lead home, or follow a product."""
    owner = _owner(said)
    places = list(shops())
    if owner is not None:
        places = [shop for shop in places if shop.id == owner.shop_id] or places
    if not said.page.strip():
        if isinstance(owner, Category) and links.category_place(owner, places[0]) is None:
            raise _refusal("page", _("Give the address of the category's page."))
        return (owner.shop_id, None) if owner is not None else (None, None)
    return _place(places, said.page)


def _place(places: Iterable[Shop], page: str) -> tuple[int, str]:
    error = AddressError("bad_address")
    for shop in places:
        try:
            return shop.id, place_in(links.site_of(shop), page)
        except AddressError as problem:
            error = problem
    raise _refusal("page", address_words(error.code))


def _owner(said: Said) -> Product | Category | None:
    if said.product_id is not None and said.category_id is not None:
        raise _refusal("category", _("Choose a product or a category, not both."))
    if said.product_id is not None:
        found = product_by_id(said.product_id)
        if found is None:
            raise _refusal("product", _("There is no such product."))
        return found
    if said.category_id is not None:
        category = category_by_id(said.category_id)
        if category is None:
            raise _refusal("category", _("There is no such category."))
        return category
    return None


def _put_readers(creative_id: int, said: Said) -> bool:
    """Write who sees a creative; True if that is somebody else than before."""
    groups = {group.id for group in programs.all_groups()} & set(said.group_ids)
    terms = {each.id for each in programs.all_terms()} & set(said.terms_ids)
    wanted = {(i, None) for i in groups} | {(None, i) for i in terms}
    query = select(CreativeReader.group_id, CreativeReader.terms_id)
    mine = CreativeReader.creative_id == creative_id
    if {(row[0], row[1]) for row in db.session.execute(query.where(mine))} == wanted:
        return False
    db.session.execute(delete(CreativeReader).where(mine))
    for group_id, terms_id in sorted(wanted, key=str):
        row = CreativeReader(creative_id=creative_id, group_id=group_id, terms_id=terms_id)
        db.session.add(row)
    db.session.flush()
    return True


def _file_words(code: str, kind: Kind) -> str:
    mib = (BIGGEST_FILE if kind is Kind.FILE else BIGGEST_PICTURE) // 2**20
    words = {
        "empty": _("The file is empty."),
        "too_big": _("The file is too large: at most %(most)s MB.", most=mib),
        "svg": _("SVG is not taken, because it can carry programs. Save the picture as PNG."),
        "too_many_pixels": _("The picture has too many pixels."),
        "too_many_frames": _("The animation is too long: at most 100 frames."),
        "not_a_file": _("Only PDF and ZIP files are taken here."),
    }
    return str(words.get(code, _("This is no sound picture in PNG, JPEG, WebP or GIF.")))


def _refusal(name: str, words: str) -> DomainError:
    return DomainError(f"bad_{name}", words, FieldError(name, words))
