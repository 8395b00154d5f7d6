"""Orders of the past taken in from a day on, as long work that is seen, stopped and taken up again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.crypto import Unsealable
from app.extensions import db
from app.intake.shops import Page, ShopError, connections, sweeping
from app.runs import queries, service
from app.runs.rules import Step
from app.tenants.models import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.intake.shops.carrying import Result
    from app.intake.shops.connections import Shop
    from app.runs.models import Run

KIND = "shop_history"
_MOST = 100


def start(connection_id: int, since: datetime) -> Run:
    """Begin to take in the orders made since an instant. Raises Conflict while that is under way."""
    said = {"connection": connection_id, "since": since.isoformat()}
    return service.start(KIND, said, "apply", f"{KIND}:{connection_id}")


def latest(connection_id: int) -> Run | None:
    """Return the newest such work of a connection."""
    return queries.latest(KIND, connection=connection_id)


def begins(run: Run) -> datetime:
    """Return the instant from which on orders are taken in."""
    return datetime.fromisoformat(run.parameters["since"])


def _count(run: Run) -> int:
    try:
        return _page(run, 0)[1].total
    except (ShopError, Unsealable):
        return _MOST  # the first batch meets it, and says so


def _page(run: Run, offset: int) -> tuple[Shop, Page]:
    shop = connections.open_shop(int(run.parameters["connection"]))
    if shop is None:
        raise ShopError("sealed", "the connection is closed")
    return shop, shop.connector.history(shop.access, begins(run), offset)


def _take(run: Run, cursor: int, _most: int) -> Sequence[int]:
    return [] if run.applied.get("over") else [cursor]


def _apply(run: Run, ids: Sequence[int]) -> Step:
    """Take in the page at an offset. A shop that fails holds the work, which may be taken up again."""
    try:
        shop, page = _page(run, ids[0])
        fresh = sweeping.take_page(shop, _here, page)
    except (ShopError, Unsealable) as error:
        run.problem = connections.words_of(getattr(error, "code", "sealed"), _kind(run))
        db.session.flush()
        service.act(run, "fail")
        return Step(ids[0], 0)
    offset = int(page.cursor["offset"])
    return Step(offset, offset - ids[0], {"news": fresh, "over": int(not page.more)})


def _kind(run: Run) -> str:
    return (
        db.session.scalar(
            select(Connection.kind).where(Connection.id == int(run.parameters["connection"]))
        )
        or ""
    )


def _here(act: Callable[[], Result]) -> Result:
    return act()  # the batch is one transaction already


KINDS = {KIND: service.Kind(count=_count, take=_take, apply=_apply)}
