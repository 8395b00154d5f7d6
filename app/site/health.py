"""Is it alive, can it work: for whoever starts and balances the processes."""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db, limiter

bp = Blueprint("health", __name__)


def init_app(app: object) -> None:
    """Serve the two addresses, without a scope or a session."""
    app.register_blueprint(bp)  # type: ignore[attr-defined]


@bp.get("/healthz")
@limiter.exempt
def alive() -> Response:
    """Answer while the process runs."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@limiter.exempt
def ready() -> Response:
    """Answer 200 when the database answers; without Redis pages and money still work."""
    try:
        db.session.execute(select(1))
    except SQLAlchemyError:
        return Response("the database does not answer\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")
