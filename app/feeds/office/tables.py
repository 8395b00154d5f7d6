"""The lists of feeds: all of them, and what was wrong with the rows of one file."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from app.feeds.forms import EVERY, FLAWS, WHY
from app.feeds.models import CatalogFeed, FeedFlaw
from app.web.tables import Column, Empty, Filter, Table

FEEDS = Table(
    name="feeds",
    caption=_l("Feeds"),
    key=CatalogFeed.id,
    default="-created_at",
    columns=(
        Column("name", _l("Name"), render="name", main=True,
               href=lambda f: url_for("office.feeds.show", feed_id=f.public_id)),
        Column("address", _l("Address"), value=lambda f: f.address or _l("By upload"), quiet=True),
        Column("every", _l("How often"), value=lambda f: EVERY[f.every]),
        Column("loaded_at", lazy_pgettext("feed", "Loaded"), render="ago", sort=CatalogFeed.loaded_at, nullable=True),
        Column("due_at", _l("Next time"), render="datetime"),
        Column("trouble", _l("Problem"), value=lambda f: WHY.get(f.trouble or "", "")),
        Column("created_at", _l("Added"), render="datetime", sort=CatalogFeed.id, quiet=True),
    ),
    empty=Empty(
        _l("No feed yet"),
        _l(
            "Most shops can write their catalogue as a YML file for Yandex Market, or as CSV. Name its address, "
            "and products, prices and categories stay as the shop has them."
        ),
        icon="file-upload",
        endpoint="office.feeds.new",
        act=_l("Add a feed"),
    ),
)  # fmt: skip
PROBLEMS = Table(
    name="feed-problems",
    caption=_l("What was wrong"),
    key=FeedFlaw.id,
    default="line",
    columns=(
        Column("line", _l("Line"), render="number", main=True, sort=FeedFlaw.line),
        Column("external_id", _l("Id"), render="code"),
        Column("code", _l("What is wrong"), value=lambda f: FLAWS.get(f.code, f.code)),
        Column("said", _l("What stands there")),
    ),
    filters=(
        Filter("code", _l("What is wrong"), list(FLAWS.items()), lambda s, v: s.where(FeedFlaw.code == v)),
    ),
    search=lambda s, words: s.where(FeedFlaw.external_id == words.strip()),
    search_label=_l("Id"),
    empty=Empty(_l("Nothing was wrong"), icon="circle-check"),
)  # fmt: skip
