"""Begin a shadow month: from now on everything is computed, and nothing paid, spent or sent."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import Conflict
from app.events.service import actor, record
from app.extensions import db
from app.payouts.models import Payout
from app.shadow import queries
from app.shadow.models import ShadowMonth
from app.tenants import service as tenants


def begin(source: str) -> ShadowMonth:
    """Let the program run beside the former service. Twice is once.

    Raises Conflict for a merchant who went live, and for one who has paid partners here already.
    """
    found = queries.month()
    if found is not None and found.live_from is not None:
        raise Conflict("live", _("The program is live already."))
    if found is not None:
        return found
    if db.session.scalar(select(Payout.id).limit(1)) is not None:
        words = _("Partners were paid here already: a shadow month is for before that.")
        raise Conflict("paid", words)
    values = {"source": source, "started_at": clock.now(), "started_by": actor()}
    first = insert(ShadowMonth).values(**values).on_conflict_do_nothing().returning(ShadowMonth)
    made = db.session.scalars(first).one_or_none()
    if made is None:
        return begin(source)  # another pressed at the same moment, and was first
    tenants.change_settings({"shadow": True})
    record("shadow.begun", f"shadow:{made.id}", source=source)
    return made
