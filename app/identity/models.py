"""People who sign in. People are the platform's: one person per e-mail, member of many merchants."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model

STAFF_ROLES = ("owner", "manager", "accountant", "support", "developer", "cashier")


class Person(Model):
    """A human with an e-mail; without a password until the first link is followed."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)  # normalised
    name: Mapped[str]
    password_hash: Mapped[str | None]
    locale: Mapped[str | None]
    is_operator: Mapped[bool] = mapped_column(server_default=text("false"))
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    # What Flask-Login asks of whoever is signed in.
    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        """True until somebody disables the account."""
        return self.disabled_at is None

    def get_id(self) -> str:
        """The id as Flask-Login wants it."""
        return str(self.id)


class Session(Model):
    """A signed-in browser; the cookie carries the token, the row its hash."""

    __tablename__ = "session"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    authenticated_at: Mapped[datetime]  # last time a password was given, for re-authentication
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]


class Membership(Model):
    """What a person is at a merchant: staff with a role, or the partner `partner_id`."""

    __tablename__ = "membership"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    tenant_id: Mapped[int]
    role: Mapped[str]
    partner_id: Mapped[int | None]
    created_at: Mapped[datetime]
    # Answers to this person's questions that were not opened yet: pushed down by help, read on every page.
    unread_answers: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (
        CheckConstraint(
            "role in ('owner','manager','accountant','support','developer','cashier','partner')",
            name="role",
        ),
        CheckConstraint("(role = 'partner') = (partner_id is not null)", name="partner"),
        Index(
            "uq_membership_staff",
            "person_id",
            "tenant_id",
            unique=True,
            postgresql_where=text("partner_id is null"),
        ),
        Index(
            "uq_membership_partner",
            "tenant_id",
            "partner_id",
            unique=True,
            postgresql_where=text("partner_id is not null"),
        ),
        Index("ix_membership_tenant", "tenant_id"),
    )
