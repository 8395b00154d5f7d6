"""The shop's customers. A guest is known by e-mail, else by phone, until an id is seen with that e-mail."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Member(Tenanted, Model):
    """One customer of one shop. `key` is "id:77", "email:gleb@example.org" or "phone:+7916…"."""

    __tablename__ = "member"

    shop_id: Mapped[int]
    key: Mapped[str]
    name: Mapped[str | None]
    email: Mapped[str | None]  # normalised
    phone: Mapped[str | None]  # E.164
    group: Mapped[str | None]
    registered_at: Mapped[datetime | None]
    birthday: Mapped[date | None]
    birthday_given_at: Mapped[datetime | None]  # of the first present: from then on the date stands
    locale: Mapped[str | None]  # the language that he reads, where the shop said so
    letters: Mapped[bool] = mapped_column(server_default=text("true"))  # the shop's word: agreed
    muted_at: Mapped[datetime | None]  # his own word, from a letter: no more of them
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "shop_id", "key"),
        ref("shop", "shop_id"),
        Index("ix_member_email", "tenant_id", "shop_id", "email"),
    )


class MemberEmail(Tenanted, Model):
    """Evidence that the customer with a shop id uses an e-mail: the earliest order that says so.

    A guest's orders belong to the id that showed the e-mail first; only ever grows, so the order of
    messages does not matter.
    """

    __tablename__ = "member_email"

    shop_id: Mapped[int]
    email: Mapped[str]
    member_id: Mapped[int]
    since: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "shop_id", "email", "member_id"),
        ref("member", "member_id"),
        Index("ix_member_email_member", "tenant_id", "member_id"),
    )


class MemberTag(Tenanted, Model):
    """A word that was put on a customer, or taken off: the latest one of a tag says whether he bears it.

    `source`: "hand:..." or the event, rule and effect; undone ones count no more. `actor`: whose hand.
    """

    __tablename__ = "member_tag"

    member_id: Mapped[int]
    tag: Mapped[str]
    added: Mapped[bool]
    source: Mapped[str]
    actor: Mapped[str | None]
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "member_id", "source"),
        ref("member", "member_id"),
    )
