"""The visitor's application, made anew for each request: in the reader's language, as the merchant built it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, HiddenField, StringField, TelField
from wtforms.validators import Length

from app.participation import queries
from app.participation.forms.questions import AnsweringForm, fields_of
from app.web.forms import Filled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.participation.models import ConsentText, JoinPage
    from app.participation.rules import Question

PERSONAL = _l("I agree that my personal data are processed")
MARKETING = _l("I want letters with news and offers")


class JoinForm(AnsweringForm):
    """A visitor's application. `company` is a trap: people do not see it, machines fill it in."""

    texts: Mapping[str, ConsentText] = {}

    @property
    def read_version(self) -> int:
        """The version of the terms that stood on the page."""
        said = self.version.data or ""
        return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0

    @property
    def seen(self) -> dict[str, int]:
        """The versions of the texts that stood on the page, by kind."""
        found = {}
        for part in (self.shown.data or "").split(","):
            kind, _colon, number = part.partition(":")
            if number.isascii() and number.isdecimal() and len(number) < 10:
                found[kind] = int(number)
        return found

    @property
    def ticked(self) -> dict[str, int]:
        """What was agreed to besides the terms: kind and version."""
        boxes = {"offer": self.accepted.data}
        boxes |= {kind: self[f"consent_{kind}"].data for kind in self.texts if kind != "offer"}
        return {
            kind: self.texts[kind].version
            for kind, on in boxes.items()
            if on and kind in self.texts
        }

    @property
    def is_trap_sprung(self) -> bool:
        """Whether the field that people do not see was filled in."""
        return bool(self.company.data)

    def untick(self) -> JoinForm:
        """Take every tick off: what was agreed to is another text by now."""
        for name, field in self._fields.items():
            if name == "accepted" or name.startswith("consent_"):
                field.data = False
        return self

    def show(self, version: int) -> None:
        """Let the versions that stand on the page go along."""
        self.version.data = str(version)
        self.shown.data = ",".join(
            f"{kind}:{text.version}" for kind, text in sorted(self.texts.items())
        )


def form_now(home: str, *, guest: bool = False) -> type[JoinForm]:
    """Return the form in the reader's language, else in the merchant's (`home`)."""
    texts = queries.current_texts()
    languages = (str(get_locale()), home)
    return join_form(queries.page(), queries.questions(), texts, *languages, guest=guest)


def join_form(
    page: JoinPage,
    questions: Sequence[Question],
    texts: Mapping[str, ConsentText],
    *languages: str,
    guest: bool = False,
) -> type[JoinForm]:
    """Return the form as it now stands: its fields in the order of the page, no box ticked.

    `guest`: somebody who was invited by letter, and whose e-mail is known by that.
    """
    fields: dict[str, Any] = {
        "name": StringField(_l("Your name"), [Filled(), Length(max=200)]),
    }
    if not guest:
        fields["email"] = EmailField(_l("E-mail"), [Filled(), Length(max=254)])
    if page.phone != "off":
        fields["phone"] = TelField(_l("Phone"), [*_must(page.phone), Length(max=40)])
    if page.site != "off":
        label = _l("Site or page where you will share links")
        fields["site"] = StringField(label, [*_must(page.site), Length(max=500)])
    fields |= fields_of(questions, *languages)
    fields["accepted"] = BooleanField(_l("I accept the terms"), [Filled()])
    if "personal" in texts:
        fields["consent_personal"] = BooleanField(PERSONAL, [Filled()])
    if "marketing" in texts:
        fields["consent_marketing"] = BooleanField(MARKETING)
    fields["version"], fields["shown"] = HiddenField(), HiddenField()
    fields["company"] = StringField(_l("Leave this empty"))
    made: type[JoinForm] = type(
        "TheJoinForm", (JoinForm,), {**fields, "questions": questions, "texts": texts}
    )
    return made


def _must(mode: str) -> list[Filled]:
    return [Filled()] if mode == "required" else []
