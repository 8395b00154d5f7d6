"""How much waits behind the entries of the office's menu; asked on every page."""

from __future__ import annotations

from app import sql

_COUNTS = """
SELECT (SELECT count(*) FROM fraud_file f JOIN orders o ON o.id = f.order_id
        WHERE f.standing = 'held' AND o.state NOT IN ('cancelled', 'refunded')) AS desk,
       (SELECT count(*) FROM dispute WHERE state = 'open') AS disputes,
       (SELECT count(*) FROM partner WHERE status = 'pending') AS applications,
       (SELECT count(*) FROM help_request WHERE state = 'open') AS questions
"""


def numbers() -> dict[str, int]:
    """Return how much waits by the entries' endpoints, in one statement."""
    row = sql.one(_COUNTS, {})
    return {
        "office.trust.index": row.desk,
        "office.trust.disputes": row.disputes,
        "office.partners.applications": row.applications,
        "office.help.questions": row.questions,
    }
