"""From which moment a rule holds."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.programs.forms import DomainForm
from app.web.forms import LocalDateTimeField


class PublishForm(DomainForm):
    """When; empty is now."""

    since = LocalDateTimeField(_l("Holds from"))
