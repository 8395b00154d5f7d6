"""What the pages of pay runs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from app.errors import NotFound
from app.payruns import queries

if TYPE_CHECKING:
    from app.payruns.models import PayRun

bp = Blueprint("payruns", __name__, url_prefix="/pay-runs")


def found(run_id: str) -> PayRun:
    """Return the run of an address. Raises NotFound."""
    run = queries.find(run_id) if "\x00" not in run_id else None
    if run is None:
        raise NotFound
    return run
