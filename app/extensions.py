"""Libraries the app is made with, unbound until create_app."""

from __future__ import annotations

import logging
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_mailman import Mail
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import BigInteger, Date, DateTime, LargeBinary, MetaData, Numeric, Text, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, registry

log = logging.getLogger(__name__)
KICK_TTL = 10  # seconds; a kick whose worker died stands in the way no longer than this


class Base(DeclarativeBase):
    """What every model shares: names of constraints and the columns' types by annotation."""

    # Flask-SQLAlchemy replaces a plain type_annotation_map, so it rides on the registry.
    registry = registry(
        type_annotation_map={
            int: BigInteger,
            str: Text,
            bytes: LargeBinary,
            datetime: DateTime(timezone=True),
            date: Date,
            Decimal: Numeric,
            dict[str, Any]: JSONB,
            list[Any]: JSONB,
        }
    )
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class JobQueue:
    """The way to the worker. Rows in the outbox are the truth; the sweep finds lost calls."""

    def __init__(self) -> None:
        self.redis: Redis | None = None
        self.queue: Queue | None = None

    def init(self, url: str) -> None:
        """Bind to Redis; the connection is made on first use."""
        if url:
            # One quick try: the request has committed, and nobody waits for a queue.
            once = Retry(NoBackoff(), 0)
            self.redis = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2, retry=once)
            self.queue = Queue(connection=self.redis, serializer=JSONSerializer)

    def enqueue(self, name: str, *args: int | str) -> bool:
        """Ask the worker for app.jobs.<name>(*args); False, and no exception, when Redis is away.

        The rows are the truth: the sweep finds what no queue could carry.
        """
        if self.queue is None:
            return False
        try:
            self.queue.enqueue(f"app.jobs.{name}", *args, result_ttl=0, failure_ttl=86400)
        except RedisError as error:
            log.warning("queue unavailable, the sweep will do it: %s", error)
            return False
        return True

    def kick(self, name: str) -> None:
        """Ask for a job without arguments unless one waits: a thousand orders make one call."""
        if self.redis is None:
            return
        try:
            wanted = self.redis.set(f"waiting:{name}", 1, nx=True, ex=KICK_TTL)
        except RedisError as error:
            log.warning("queue unavailable, the sweep will do it: %s", error)
            return
        if wanted:
            self.enqueue(name)

    def backlog(self) -> int:
        """Return how many calls wait; none, when Redis is away."""
        if self.queue is None:
            return 0
        try:
            return self.queue.count
        except RedisError:
            return 0

    def begun(self, name: str) -> None:
        """Say, before looking for work, that the kicked job runs: who kicks now gets another."""
        if self.redis is None:
            return
        try:
            self.redis.delete(f"waiting:{name}")
        except RedisError as error:
            log.warning("queue unavailable: %s", error)


db = SQLAlchemy(
    model_class=Base,
    engine_options={"pool_pre_ping": True, "pool_size": 10, "max_overflow": 10, "pool_timeout": 5},
)
csrf = CSRFProtect()
login = LoginManager()
babel = Babel()
htmx = Htmx()
mail = Mail()
limiter = Limiter(get_remote_address, headers_enabled=True)
queue = JobQueue()


def kick_after_commit(job: str) -> None:
    """Ask the worker for app.jobs.<job> once the running transaction is on disk, once a transaction."""
    db.session.info.setdefault("kicks", set()).add(job)


@event.listens_for(db.session, "after_commit")
def _kick(session: Session) -> None:
    for job in sorted(session.info.pop("kicks", ())):
        queue.kick(job)


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("kicks", None)


# The class that models inherit; the checker sees the plain Base behind Flask-SQLAlchemy's own.
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model
