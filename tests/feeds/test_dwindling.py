"""A feed that loses just under half at each load is asked about before little is left of the catalogue."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from app import clock
from app.catalog.models import Product
from app.extensions import db
from app.feeds import service
from app.feeds.models import FeedLoad
from tests.feeds.setting import catalogue, loaded, looked, new_feed, offer, shelf, work

if TYPE_CHECKING:
    from tests.world import Merchant

MANY = [offer(f"p{n}", f"Lamp {n}") for n in range(100)]


def there() -> int:
    return len([p for p in shelf().values() if p.gone_at is None])


def later(by: timedelta) -> None:
    """Let all that happened have happened so much earlier."""
    db.session.execute(update(Product).values(gone_at=Product.gone_at - by))
    db.session.execute(update(FeedLoad).values(ended_at=FeedLoad.ended_at - by))


def test_what_went_within_two_days_counts_together(db_session: object, lampa: Merchant) -> None:
    with lampa.scope():
        feed = new_feed(lampa.shop_id)
        loaded(feed, catalogue(*MANY))
        loaded(feed, catalogue(*MANY[:60]))
        held = looked(feed, catalogue(*MANY[:40]), at_once=True)
        assert (held.problem, feed.trouble, there()) == ("held", "held", 60)
        work(service.approve(held))
        assert there() == 40, "no more than the file lost"
        loaded(feed, catalogue(*MANY[:30]))  # somebody said that it is right: counted anew
        assert there() == 30
        loaded(feed, catalogue(*MANY[:22]))
        assert looked(feed, catalogue(*MANY[:15]), at_once=True).problem == "held"


def test_what_is_back_and_what_went_long_ago_do_not_count(
    db_session: object, lampa: Merchant
) -> None:
    with lampa.scope():
        feed = new_feed(lampa.shop_id)
        loaded(feed, catalogue(*MANY))
        loaded(feed, catalogue(*MANY[:60]))
        loaded(feed, catalogue(*MANY[20:90]))  # thirty are back, twenty go
        assert there() == 70
        later(timedelta(days=2, minutes=1))
        loaded(feed, catalogue(*MANY[30:65]))
        assert there() == 35


def test_where_nothing_goes_nobody_is_asked(db_session: object, lampa: Merchant) -> None:
    with lampa.scope():
        feed = new_feed(lampa.shop_id)
        loaded(feed, catalogue(*MANY))
        held = looked(feed, catalogue(*MANY[:30]), at_once=True)
        work(service.approve(held))
        assert loaded(feed, catalogue(*MANY[:30])) == {}
        assert feed.trouble is None
        assert clock.now() >= held.ended_at  # type: ignore[operator]
