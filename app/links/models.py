"""Referral links: where a partner's code leads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Link(Tenanted, Model):
    """A link of a partner. The default one (code_id of the refcode, url None) leads to the shop's home."""

    __tablename__ = "link"

    partner_id: Mapped[int]
    code_id: Mapped[int]  # what stands in /r/<merchant>/<code>
    shop_id: Mapped[int]
    short: Mapped[str]  # what stands in /s/<code>; unique on the platform through the directory
    url: Mapped[str | None]
    product_id: Mapped[int | None]
    category_id: Mapped[int | None]
    label: Mapped[str] = mapped_column(server_default=text("''"))
    erid: Mapped[str | None]  # the advertising token
    params: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))  # sub-ids, UTM
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    is_site: Mapped[bool] = mapped_column(server_default=text("false"))  # of a verified site
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "short"),
        UniqueConstraint("tenant_id", "code_id"),
        Index(
            "uq_link_default",
            "tenant_id",
            "partner_id",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        ref("partner", "partner_id"),
        ref("code", "code_id"),
        ref("shop", "shop_id"),
        ref("product", "product_id"),
        ref("category", "category_id"),
        Index("ix_link_partner", "tenant_id", "partner_id", "id"),
    )
