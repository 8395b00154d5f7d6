"""Forms of opening an account and of the first steps: shape and words."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, IntegerField, StringField, TextAreaField, ValidationError
from wtforms.validators import Length, NumberRange, Optional

from app.onboarding.rules import REASON, Policy
from app.programs.forms import LevelsForm
from app.tenants.forms import MerchantForm
from app.tenants.rules import RANGES, slug_problem
from app.web.forms import Filled, Form, RadioField, SelectField

POLICIES = [
    (Policy.OPEN.value, _l("opens at once, when the e-mail is confirmed")),
    (Policy.APPROVE.value, _l("waits for my decision")),
    (Policy.CLOSED.value, _l("nobody can sign up; I open accounts myself")),
]


class SignUpForm(MerchantForm):
    """A new merchant's account, asked for by a stranger."""

    name = StringField(
        _l("Name of your shop"),
        [Filled(), Length(max=100)],
        description=_l("Stands on the pages of your partners and in the letters we send for you."),
    )
    slug = StringField(
        _l("Address of your program"),
        [Filled(), Length(max=35)],
        description=_l(
            "Small Latin letters, digits, hyphens. Your pages are behind it, such as /lampa/."
        ),
    )
    email = EmailField(
        _l("Your e-mail"),
        [Filled(), Length(max=254)],
        description=_l("A letter goes there; behind its link you choose a password."),
    )
    site = StringField(
        _l("Site of the shop"),
        [Optional(), Length(max=255)],
        render_kw={"placeholder": "shop.example"},
    )
    # Stands off the page, so only programs fill it in.
    homepage = StringField(_l("Leave this empty"), [Optional()])

    @property
    def by_program(self) -> bool:
        """True when the field that nobody sees was filled in."""
        return bool(self.homepage.data)


class ConfirmForm(Form):
    """The address of the account, once more: it may be taken meanwhile."""

    slug = StringField(
        _l("Address of your program"),
        [Filled(), Length(max=35)],
        description=_l(
            "Small Latin letters, digits, hyphens. Your pages are behind it, such as /lampa/."
        ),
    )

    def validate_slug(self, field: Any) -> None:
        """Refuse what cannot be an address; whether it is taken is told later."""
        if slug_problem(field.data or ""):
            raise ValidationError(
                gettext("Use 3 to 35 small Latin letters, digits, hyphens; some words are taken.")
            )


class PolicyForm(Form):
    """How accounts are opened."""

    policy = RadioField(_l("A sign-up"), [Filled()], choices=POLICIES)


class RefusalForm(Form):
    """Why not."""

    reason = TextAreaField(
        _l("Reason"),
        [Filled(), Length(max=REASON)],
        description=_l("It is mailed to whoever asked."),
    )


class BasicsForm(Form):
    """The first page of the wizard."""

    name = StringField(
        _l("Name"),
        [Filled(), Length(max=100)],
        description=_l("Stands on the pages of your partners and in the letters we send for you."),
    )
    domain = StringField(
        _l("Domain of your shop"),
        [Optional(), Length(max=255)],
        description=_l(
            "Where your shop's pages are: shop.example. Partners' links lead there and nowhere else."
        ),
    )
    path = StringField(
        _l("Folder"),
        [Optional(), Length(max=255)],
        default="/",
        description=_l("Only if the shop is a part of the site, such as /shop."),
    )


class FirstTermsForm(LevelsForm):
    """What partners earn, and how long it waits."""

    hold_days = IntegerField(
        _l("Hold, days"),
        [Filled(), NumberRange(*RANGES["hold_days"])],
        description=_l(
            "So long a completed order's commission waits, in case goods come back. 0: not at all."
        ),
    )


class FirstPartnerForm(Form):
    """Somebody whom the merchant knows already."""

    name = StringField(lazy_pgettext("person", "Name"), [Filled(), Length(max=200)])
    email = EmailField(
        _l("E-mail"),
        [Optional(), Length(max=254)],
        description=_l("The invitation goes there; without it you send the link yourself."),
    )


class CodeForm(Form):
    """For which shop a plugin gets its keys."""

    shop = SelectField(_l("Shop"), [Filled()])
