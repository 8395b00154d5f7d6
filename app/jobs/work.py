"""How a job works: in an app context of its own, piece by piece, each a transaction in one scope."""

from __future__ import annotations

import logging
import random
import time
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from app.application import TRIES, may_retry
from app.errors import Retry
from app.extensions import db
from app.tenancy import tenant_scope
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Item = TypeVar("Item")

DRAIN = "partnerka_drain"  # the role that finds work of all tenants


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Cut a sequence into pieces of a size, the last one shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def all_tenants() -> Sequence[int]:
    """Return every tenant's id; to be asked outside any scope."""
    return db.session.scalars(select(Tenant.id)).all()


def for_all(
    what: str, act: Callable[[], object], find: Callable[[], Sequence[int]] = all_tenants
) -> None:
    """Do something for every merchant, again while it says that more waits (True).

    `find`: those alone who may have such work, so that no transaction is opened for the others.
    """
    with at_work():
        for tenant_id in in_transaction(find):
            try:
                while in_transaction(act, tenant_id) is True:
                    pass
            except Exception:
                # The worker's edge: one merchant must not hold up the others.
                log.exception("%s of tenant %s", what, tenant_id)


@contextmanager
def at_work() -> Iterator[None]:
    """Run in an app context of its own, with a database session that ends with the block."""
    with current_app.app_context():
        yield


def in_transaction(act: Callable[[], Result], tenant_id: int | None = None) -> Result:
    """Run one piece of work and commit it; again, when two transactions met."""
    for left in reversed(range(TRIES)):
        try:
            with _scope(tenant_id):
                result = act()
                db.session.commit()
        except (Retry, DBAPIError) as error:
            db.session.rollback()
            if not left or not may_retry(error):
                raise
            time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 - spreads the two apart
        except BaseException:
            db.session.rollback()
            raise
        else:
            return result
    raise AssertionError


@contextmanager
def _scope(tenant_id: int | None) -> Iterator[None]:
    if tenant_id is None:
        with nullcontext():
            yield
        return
    offset = db.session.scalar(select(Tenant.clock_offset).where(Tenant.id == tenant_id))
    with tenant_scope(tenant_id, offset or timedelta(0)):
        yield
