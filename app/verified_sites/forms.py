"""The form that names a site, and the words of what became of it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from app.verified_sites.rules import How, Problem
from app.web.forms import Filled, Form

PROBLEMS = {
    Problem.UNREACHABLE: _l("The site did not answer, and its name has no record of ours."),
    Problem.NOT_FOUND: _l(
        "The site answers, but there is neither the file, nor the tag, nor the record."
    ),
    Problem.TAKEN: _l("The proof is there, but another partner has proved this site before."),
}
HOW = {
    How.FILE: _l("by a file"),
    How.META: _l("by a tag of the first page"),
    How.DNS: _l("by a record of its name"),
}


class SiteForm(Form):
    """A site that somebody says is his."""

    site = StringField(
        _l("Address of the site"),
        [Filled(), Length(max=300)],
        render_kw={"inputmode": "url", "autocomplete": "url", "placeholder": "blog.example"},
    )
