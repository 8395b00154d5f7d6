"""Forms about people: shape and words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import Length

from app.identity.rules import LONGEST, SHORTEST, STAFF
from app.web.forms import Filled, Form, SelectField
from app.web.locale import LOCALES

ROLE_NAMES = {
    "owner": _l("Owner"),
    "manager": _l("Manager"),
    "accountant": _l("Accountant"),
    "support": _l("Support"),
    "developer": _l("Developer"),
    "cashier": _l("Cashier"),
    "partner": _l("Partner"),
    "operator": _l("Operator of the platform"),
}
ROLE_WORDS = {
    "owner": _l("Everything, the team and the keys included."),
    "manager": _l("Partners, orders, terms and settings; sees money, does not pay it out."),
    "accountant": _l("The money desk: payment details, payouts, statements."),
    "support": _l("Reads everything, changes nothing."),
    "developer": _l("API keys and what shops send."),
    "cashier": _l("The till: receipts, bonuses earned and spent."),
}
ROLE_CHOICES = [(role.value, ROLE_NAMES[role.value]) for role in STAFF]


class SignInForm(Form):
    """Who comes in."""

    email = EmailField(_l("E-mail"), [Filled()], render_kw={"autocomplete": "username"})
    password = PasswordField(
        _l("Password"),
        [Filled(), Length(max=LONGEST)],
        render_kw={"autocomplete": "current-password"},
    )
    next = HiddenField()


class ForgotForm(Form):
    """Where to send a link."""

    email = EmailField(_l("E-mail"), [Filled()], render_kw={"autocomplete": "username"})


class NewPasswordForm(Form):
    """A password that somebody chooses after following a link."""

    password = PasswordField(
        _l("New password"), [Filled()], render_kw={"autocomplete": "new-password"}
    )


class ConfirmForm(Form):
    """The password once more."""

    password = PasswordField(
        _l("Password"), [Filled()], render_kw={"autocomplete": "current-password"}
    )
    next = HiddenField()


class AccountForm(Form):
    """What a person is called and which language we write in."""

    name = StringField(
        lazy_pgettext("person", "Name"),
        [Filled(), Length(max=200)],
        render_kw={"autocomplete": "name"},
    )
    locale = SelectField(_l("Language"), [Filled()], choices=list(LOCALES.items()))


class ChangePasswordForm(Form):
    """The old password, and a new one."""

    old = PasswordField(
        _l("Present password"), [Filled()], render_kw={"autocomplete": "current-password"}
    )
    password = PasswordField(
        _l("New password"),
        [Filled()],
        description=_l(
            "At least %(count)s characters; several words are easy to remember.", count=SHORTEST
        ),
        render_kw={"autocomplete": "new-password"},
    )


class InviteForm(Form):
    """One more of the staff."""

    name = StringField(lazy_pgettext("person", "Name"), [Filled(), Length(max=200)])
    email = EmailField(_l("E-mail"), [Filled()])
    role = SelectField(_l("Role"), [Filled()], choices=ROLE_CHOICES, default="manager")


class RoleForm(Form):
    """Another role."""

    role = SelectField(_l("Role"), [Filled()], choices=ROLE_CHOICES)
