"""Books of a merchant that are sealed, and hands that can reach what the product cannot."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import text

from app.dev.children import wait_until
from app.extensions import db
from app.proofs import service
from app.tenancy import role
from tests.payouts.setting import earn, partner, take_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from tests.world import Merchant


def committed(app: App, merchant: Merchant, act: Any) -> Any:
    """Do something in the merchant's scope, and commit."""
    with app.app_context():
        with merchant.scope():
            done = act()
        db.session.commit()
    return done


def settle(app: App) -> None:
    """Wait until what is committed is also over for the database: others' transactions are waited for."""
    asked = text(
        "SELECT coalesce(max(xid), 0) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM transfer"
    )

    def over() -> bool:
        with app.app_context(), role("partnerka_list"):
            return bool(db.session.scalar(asked))

    assert wait_until(over, 180.0)


def seal(app: App, merchant: Merchant) -> int:
    """Seal what was posted; return how many entries there were."""
    settle(app)
    done = committed(app, merchant, service.seal)
    assert isinstance(done, int)
    return done


def furnish(app: App, merchant: Merchant) -> tuple[int, int]:
    """Give Anna and Boris a past in two blocks; return who they are."""

    def first() -> tuple[int, int]:
        anna, boris = partner("Anna"), partner("Boris")
        earn(anna, 17_000)
        earn(boris, 8_500)
        earn(anna, 1_234)
        return anna, boris

    anna, boris = committed(app, merchant, first)
    assert seal(app, merchant) == 3

    def then() -> None:
        take_back(anna, 20_000)
        earn(boris, 99)

    committed(app, merchant, then)
    assert seal(app, merchant) > 0
    return anna, boris


@contextmanager
def as_owner_of_everything(engines: Any, database: Any) -> Iterator[psycopg.Connection[Any]]:
    """Stand above the product and its triggers, as whoever has the machine can."""
    name = conninfo_to_dict(database.app)["dbname"]
    with psycopg.connect(make_conninfo(engines.superuser, dbname=name)) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
