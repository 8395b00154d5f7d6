"""The forms of creatives: one for each kind, and the upload of many banners at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf.file import FileField, MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, IntegerField, StringField, TextAreaField, ValidationError
from wtforms.validators import Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.creatives.rules import (
    LANGUAGES,
    LONGEST_HTML,
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_FILES,
    Kind,
    State,
)
from app.creatives.service import Said
from app.programs.forms import DomainForm
from app.web.forms import LocalDateTimeField, SelectField, SelectMultipleField

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = {
    Kind.BANNER: _l("Banner"),
    Kind.TEXT: lazy_pgettext("material", "Text"),
    Kind.LETTER: _l("Letter"),
    Kind.FILE: lazy_pgettext("material", "File"),
    Kind.HTML: _l("HTML"),
}
STATES = {
    State.ON: (lazy_pgettext("material", "On"), "good"),
    State.COMING: (lazy_pgettext("material", "Coming"), "info"),
    State.OVER: (lazy_pgettext("material", "Over"), "quiet"),
    State.OFF: (lazy_pgettext("material", "Off"), "quiet"),
    State.ARCHIVED: (_l("Put away"), "quiet"),
}
PICTURES = "image/png,image/jpeg,image/webp,image/gif"
FILES = "application/pdf,application/zip,.pdf,.zip"


class Several(SelectMultipleField):
    """Any number of choices, as boxes to be ticked."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class PlaceForm(DomainForm):
    """Where a creative leads, and in which language it speaks."""

    page = StringField(
        _l("Page of the shop"),
        [Length(max=2000)],
        render_kw={"inputmode": "url", "autocomplete": "off"},
    )
    product = SelectField(_l("Or a product"), default="")
    category = SelectField(_l("Or a category"), default="")
    language = SelectField(_l("Language"), default="")

    def offer(
        self, products: Iterable[tuple[int, str]], categories: Iterable[tuple[int, str]]
    ) -> None:
        """Give the choices."""
        self.product.choices = [("", "—"), *((str(i), name) for i, name in products)]
        self.category.choices = [("", "—"), *((str(i), name) for i, name in categories)]
        self.language.choices = [("", lazy_pgettext("language", "Any")), *LANGUAGES.items()]

    def place(self) -> dict[str, Any]:
        """Return what was said of it, as services take it."""
        return {
            "page": self.page.data or "",
            "product_id": int(self.product.data) if self.product.data else None,
            "category_id": int(self.category.data) if self.category.data else None,
            "language": self.language.data or None,
        }


class Chosen:
    """Ask for some files, and not too many."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: UploadForm, _field: MultipleFileField) -> None:
        """Raise ValidationError for none, or for more than twenty."""
        if not form.chosen:
            raise ValidationError(_l("Choose a file."))
        if len(form.chosen) > MOST_FILES:
            raise ValidationError(_l("At most 20 files at once."))


class UploadForm(PlaceForm):
    """Banners, many at once: each is called as its file, and all lead to one place."""

    files = MultipleFileField(_l("Pictures"), [Chosen()], render_kw={"accept": PICTURES})

    @property
    def chosen(self) -> list[FileStorage]:
        """The files that were sent; a browser sends an empty one for none."""
        return [each for each in self.files.data or () if getattr(each, "filename", "")]


class CreativeForm(PlaceForm):
    """One creative of any kind; fields that a kind does not have are deleted."""

    name = StringField(_l("Name"), [Length(max=LONGEST_NAME)])
    subject = StringField(_l("Subject"), [Length(max=200)])
    body = TextAreaField(_l("Text"), [Length(max=LONGEST_TEXT)])
    html = TextAreaField(_l("HTML"), [Length(max=LONGEST_HTML)])
    file = FileField(_l("File"))
    label = StringField(_l("Advertising label"), [Length(max=200)])
    erid = StringField(
        _l("Advertising token (erid)"), [Length(max=300)], render_kw={"autocomplete": "off"}
    )
    valid_from = LocalDateTimeField(_l("Shown from"))
    valid_to = LocalDateTimeField(_l("Shown until"))
    position = IntegerField(
        _l("Place in the list"), [Optional(), NumberRange(0, 10_000)], default=0
    )
    shown = BooleanField(_l("Partners see it"), default=True)
    groups = Several(_l("Only for groups"), coerce=int)
    terms = Several(_l("Only for those on terms"), coerce=int)

    def narrow(self, kind: Kind, *, new: bool) -> None:
        """Leave what this kind has, and mark what it cannot be without."""
        needed = {
            Kind.BANNER: ["file"] if new else ["name"],
            Kind.FILE: ["file"] if new else ["name"],
            Kind.TEXT: ["name", "body"],
            Kind.LETTER: ["name", "subject"],
            Kind.HTML: ["name", "html"],
        }
        for name in needed[kind]:
            self[name].flags.required = True
        if not kind.has_file:
            del self.file
        if not kind.has_html:
            del self.html
        if kind is not Kind.LETTER:
            del self.subject
        if kind is Kind.BANNER:
            self.body.label.text = str(_l("What the picture says"))
            self.file.render_kw = {"accept": PICTURES}
        elif kind is Kind.FILE:
            self.body.label.text = str(_l("Words for partners"))
            self.file.render_kw = {"accept": FILES}
        elif kind is Kind.HTML:
            del self.body

    def said(self) -> Said:
        """Return the whole as services take it."""
        sent = self.file.data if "file" in self else None
        file = sent if isinstance(sent, FileStorage) and sent.filename else None
        return Said(
            **self.place(),
            name=self.name.data or "",
            subject=self._text("subject"),
            body=self._text("body"),
            html=self._text("html"),
            label=self.label.data or "",
            erid=self.erid.data or "",
            valid_from=self.valid_from.data,
            valid_to=self.valid_to.data,
            position=self.position.data or 0,
            shown=self.shown.data,
            group_ids=tuple(self.groups.data or ()),
            terms_ids=tuple(self.terms.data or ()),
            file=file.read() if file else None,
            filename=(file.filename or "") if file else "",
        )

    def _text(self, name: str) -> str:
        return (self[name].data or "") if name in self else ""
