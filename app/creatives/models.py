"""Materials that partners put up: what each is, who sees it, whose link goes with it, how often it was shown."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Creative(Tenanted, Model):
    """A banner, text, letter, file or piece of HTML. `place` is a page as links keep it."""

    __tablename__ = "creative"

    public_id: Mapped[str]
    key: Mapped[str]  # stands in its public address, and is not to be guessed
    kind: Mapped[str]
    name: Mapped[str]
    search: Mapped[str]
    shop_id: Mapped[int | None]
    place: Mapped[str | None]
    product_id: Mapped[int | None]
    category_id: Mapped[int | None]
    language: Mapped[str | None]
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    shown: Mapped[bool] = mapped_column(server_default=text("true"))
    subject: Mapped[str] = mapped_column(server_default=text("''"))
    body: Mapped[str] = mapped_column(server_default=text("''"))  # of a banner: its alt text
    html: Mapped[str] = mapped_column(server_default=text("''"))
    label: Mapped[str] = mapped_column(server_default=text("''"))  # the advertising label
    erid: Mapped[str | None]  # the advertising token
    digest: Mapped[str | None]  # of the file, which is kept under this name
    media_type: Mapped[str | None]
    filename: Mapped[str | None]
    size: Mapped[int | None]  # bytes
    width: Mapped[int | None]
    height: Mapped[int | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind in ('banner','text','letter','file','html')", name="kind"),
        CheckConstraint("valid_to > valid_from", name="valid"),
        CheckConstraint("(digest is not null) = (kind in ('banner','file'))", name="file"),
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "key"),
        ref("shop", "shop_id"),
        ref("product", "product_id"),
        ref("category", "category_id"),
        Index("ix_creative_order", "tenant_id", "position", "id"),
        Index("ix_creative_product", "tenant_id", "product_id"),
    )


class CreativeReader(Tenanted, Model):
    """A group, or the partners on a set of terms, who see a creative; without any row everybody does."""

    __tablename__ = "creative_reader"

    creative_id: Mapped[int]
    group_id: Mapped[int | None]
    terms_id: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("num_nonnulls(group_id, terms_id) = 1", name="one"),
        ref("creative", "creative_id"),
        ref("partner_group", "group_id"),
        ref("terms", "terms_id"),
        Index("ix_creative_reader", "tenant_id", "creative_id"),
    )


class CreativeLink(Tenanted, Model):
    """The link by which a partner's visitors from one creative are known; made when he first takes it."""

    __tablename__ = "creative_link"

    creative_id: Mapped[int]
    partner_id: Mapped[int]
    link_id: Mapped[int]

    __table_args__ = (
        UniqueConstraint("tenant_id", "creative_id", "partner_id"),
        UniqueConstraint("tenant_id", "link_id"),
        ref("creative", "creative_id"),
        ref("partner", "partner_id"),
        ref("link", "link_id"),
    )


class CreativeShow(Tenanted, Model):
    """How often browsers loaded a partner's banner in a day (UTC); never a click."""

    __tablename__ = "creative_show"

    link_id: Mapped[int]
    day: Mapped[date]
    shows: Mapped[int]

    __table_args__ = (
        UniqueConstraint("tenant_id", "link_id", "day"),
        ref("link", "link_id"),
    )
