"""The product's own checks, asked after every test that used the database."""

from __future__ import annotations

from app.extensions import db
from app.ledger import checks


def broken() -> list[str]:
    """Return the broken invariants as the current transaction sees them; a failed one sees what was committed."""
    session = db.session()
    if not session.is_active or _aborted():
        session.rollback()
    return [str(found) for found in checks.broken()]


def _aborted() -> bool:
    raw = db.session.connection().connection.driver_connection
    return raw is not None and raw.info.transaction_status.name == "INERROR"
