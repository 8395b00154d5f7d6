"""Forms by which the merchant builds the registration: a field for each language of readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from app.participation.forms.questions import AnsweringForm, fields_of
from app.participation.rules import Kind
from app.partners.forms import group_choices
from app.programs.forms import DomainForm
from app.web.forms import Filled, RadioField, SelectField
from app.web.locale import LOCALES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.participation.rules import Option, Question

KINDS = {
    Kind.TEXT: _l("A line of text"),
    Kind.LONG: _l("A longer text"),
    Kind.NUMBER: _l("A number"),
    Kind.CHOICE: _l("One of several answers"),
    Kind.SEVERAL: _l("Several answers"),
    Kind.YES: _l("Yes or no"),
    Kind.PHONE: _l("A phone"),
    Kind.SITE: _l("A site"),
    Kind.DATE: _l("A date"),
}
MODES = [
    ("off", _l("not asked")),
    ("optional", _l("asked, may be empty")),
    ("required", _l("must be filled in")),
]


Spoken = TypeVar("Spoken", bound="SpokenForm")


class SpokenForm(DomainForm):
    """A form with texts in every language of readers: `title_en`, `title_ru`."""

    spoken: Mapping[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name each field with its language; done for each request, in the reader's own."""
        super().__init__(*args, **kwargs)
        for name, label in self.spoken.items():
            for code, language in LOCALES.items():
                words = gettext("%(label)s, %(language)s", label=label, language=language)
                self[f"{name}_{code}"].label.text = words

    def texts(self, name: str) -> dict[str, str]:
        """What was written, by language."""
        return {code: (self[f"{name}_{code}"].data or "").strip() for code in LOCALES}

    def of(self, *names: str) -> list[Any]:
        """The fields of some texts, a language after the other."""
        return [self[f"{name}_{code}"] for code in LOCALES for name in names]

    def tell(self, error: Any) -> None:
        """Put a complaint about a text at its first language."""
        super().tell(error)
        for each in error.errors:
            if each.field in self.spoken:
                self.form_errors.remove(each.message)
                self.complain(f"{each.field}_{next(iter(LOCALES))}", each.message)

    @classmethod
    def said(cls, **texts: Mapping[str, str]) -> dict[str, str]:
        """Texts as the fields show them."""
        return {
            f"{name}_{code}": each.get(code, "") for name, each in texts.items() for code in LOCALES
        }


class PageForm(SpokenForm):
    """What the page says, and what it asks besides the merchant's own questions."""

    def offer(self, groups: Iterable[Any]) -> PageForm:
        """Offer the merchant's groups."""
        self.group.choices = group_choices(groups)
        return self


class PictureForm(DomainForm):
    """A picture for the page."""

    picture = FileField(lazy_pgettext("image", "Picture"), [Filled()])


class QuestionForm(SpokenForm):
    """A question: its words, its answers to choose from, a line each."""

    def lines(self) -> dict[str, list[str]]:
        """The answers to choose from as they were typed, by language."""
        return {code: text.splitlines() for code, text in self.texts("options").items()}


class ConsentForm(SpokenForm):
    """A new version of a text to agree to."""

    @property
    def seen(self) -> int | None:
        """The version that the writer had before him."""
        said = self.version.data or ""
        return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


class EntryForm(DomainForm):
    """Who may join. Groups not seen yet may be typed, a line each."""

    min_orders = IntegerField(
        _l("Completed orders, at least"), [Optional(), NumberRange(0, 10_000)]
    )
    allowed = TextAreaField(_l("Customer groups that may join"), [Length(max=5_000)])
    forbidden = TextAreaField(_l("Customer groups that may not"), [Length(max=5_000)])
    customer_group = StringField(_l("Customer group of those who join"), [Length(max=100)])
    registration = RadioField(
        _l("Whoever applies"),
        [Filled()],
        choices=[
            ("auto", _l("is a partner at once")),
            ("manual", _l("waits for your word")),
            ("closed", _l("is not taken: registration is closed")),
        ],
    )

    def names(self, field: str) -> list[str]:
        """Groups as they were typed, each once."""
        lines = (" ".join(line.split()) for line in (self[field].data or "").splitlines())
        return list(dict.fromkeys(line[:100] for line in lines if line))


class LinkForm(DomainForm):
    """A registration link with a group and terms of its own."""

    name = StringField(_l("For whom"), [Filled(), Length(max=100)])
    group = SelectField(_l("Group"), [Filled()], coerce=int, default=0)
    terms = SelectField(_l("Terms"), [Filled()], coerce=int, default=0)

    def offer(self, groups: Iterable[Any], terms: Iterable[Any]) -> LinkForm:
        """Offer the merchant's groups and sets of terms; 0 is none."""
        self.group.choices = group_choices(groups)
        unsaid = (0, _l("As the group says, else the base terms"))
        self.terms.choices = [unsaid, *((each.id, each.name) for each in terms)]
        return self


class AnswersForm(AnsweringForm):
    """A partner's answers, as staff may correct them."""


def page_form() -> type[PageForm]:
    """Return the form of the page's texts and plain fields."""
    lines = {
        "title": (_l("Title"), StringField, 150),
        "lead": (_l("Line below it"), StringField, 300),
    }
    texts = {**lines, "text": (_l("Text about the program"), TextAreaField, 20_000)}
    own = {
        "phone": SelectField(_l("Phone"), [Filled()], choices=MODES),
        "site": SelectField(_l("Site"), [Filled()], choices=MODES),
        "group": SelectField(_l("Partner group of whoever joins here"), [Filled()], coerce=int),
    }
    return _made(PageForm, texts, own)


def question_form(*, choosing: bool) -> type[QuestionForm]:
    """Return the form of a question; `choosing`: with answers to choose from."""
    texts: dict[str, Any] = {
        "label": (_l("Question"), StringField, 200),
        "help": (_l("Explanation"), StringField, 300),
    }
    if choosing:
        texts["options"] = (_l("Answers to choose from"), TextAreaField, 10_000)
    return _made(QuestionForm, texts, {"required": BooleanField(_l("Must be answered"))})


def consent_form(*, free: bool) -> type[ConsentForm]:
    """Return the form of a text; `free`: nothing may depend on it, so nobody is asked again."""
    own: dict[str, Any] = {"version": HiddenField()}
    if not free:
        own["again"] = BooleanField(_l("Partners must accept it again before they go on"))
    return _made(ConsentForm, {"text": (_l("Text"), TextAreaField, 50_000)}, own)


def answers_form(questions: Sequence[Question], *languages: str) -> type[AnswersForm]:
    """Return the form of a partner's answers."""
    fields = {**fields_of(questions, *languages), "questions": questions}
    return type("TheAnswersForm", (AnswersForm,), fields)


def _made(
    base: type[Spoken], texts: Mapping[str, tuple[Any, Any, int]], own: Mapping[str, Any]
) -> type[Spoken]:
    fields = {
        f"{name}_{code}": kind(label, [Length(max=most)])
        for name, (label, kind, most) in texts.items()
        for code in LOCALES
    }
    spoken = {name: label for name, (label, _kind, _most) in texts.items()}
    return type(f"The{base.__name__}", (base,), {**fields, **own, "spoken": spoken})


def shown_options(options: Sequence[Option]) -> dict[str, str]:
    """Return answers to choose from as lines, by language."""
    return {
        code: "\n".join(each.label.get(code, "") for each in options).rstrip("\n")
        for code in LOCALES
    }
