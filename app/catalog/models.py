"""Products and categories mirrored from the shop, with their part in the partner program.

Dated facts hold what decides money: product:N takes_part, promo, brand, supplier, category, levels;
category:N levels, parent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Category(Tenanted, Model):
    """A category of a shop; `external_id` is the shop's own."""

    __tablename__ = "category"

    shop_id: Mapped[int]
    external_id: Mapped[str]
    name: Mapped[str]
    parent_id: Mapped[int | None]
    url: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "shop_id", "external_id"),
        ref("shop", "shop_id"),
        ref("category", "parent_id"),
    )


class Product(Tenanted, Model):
    """A product of a shop; landing pages are where partner links may lead."""

    __tablename__ = "product"

    shop_id: Mapped[int]
    external_id: Mapped[str]
    name: Mapped[str]
    search: Mapped[str]  # normalised name and id, for filters under row level security
    category_id: Mapped[int | None]
    price: Mapped[int | None]
    old_price: Mapped[int | None]  # what it cost before the sale, where a feed says so
    url: Mapped[str | None]
    picture: Mapped[str | None]
    available: Mapped[bool] = mapped_column(server_default=text("true"))
    feed_id: Mapped[int | None]  # the feed that says it
    gone_at: Mapped[datetime | None]  # since when its feed has it no more: hidden, and kept
    takes_part: Mapped[bool] = mapped_column(server_default=text("true"))
    shown: Mapped[bool] = mapped_column(server_default=text("true"))
    brand: Mapped[str | None]
    supplier: Mapped[str | None]
    promo: Mapped[bool] = mapped_column(server_default=text("false"))  # promotional goods
    landing_pages: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "shop_id", "external_id"),
        ref("shop", "shop_id"),
        ref("category", "category_id"),
        Index("ix_product_name", "tenant_id", "name", "id"),
    )
