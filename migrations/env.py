"""Migrations run as the owner of the tables, with short locks."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, pool, text

from app.extensions import db


def include(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave the click partitions out: the database makes and drops them itself."""
    return not (kind == "table" and name is not None and name.startswith("click_"))


def run() -> None:
    """Upgrade or downgrade in one transaction; gives up quickly on a lock that others hold."""
    config = current_app.extensions["partnerka"]
    engine = create_engine(
        config.database_owner_url or config.database_url, poolclass=pool.NullPool
    )
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text("SET statement_timeout = '10min'"))
        connection.commit()
        context.configure(connection=connection, target_metadata=db.metadata, include_name=include)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
