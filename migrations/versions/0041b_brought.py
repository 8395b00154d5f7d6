"""Whose customers were in a former system is evidence of its own kind."""

from __future__ import annotations

from alembic import op

revision = "0041b"
down_revision = "0041"

BEFORE = "how in ('registered','subscribed','typed','confirmed')"
AFTER = "how in ('registered','subscribed','typed','confirmed','imported')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_enrolment_how"), "enrolment")
    op.create_check_constraint(op.f("ck_enrolment_how"), "enrolment", AFTER)


def downgrade() -> None:
    op.drop_constraint(op.f("ck_enrolment_how"), "enrolment")
    op.execute("UPDATE enrolment SET how = 'registered' WHERE how = 'imported'")
    op.create_check_constraint(op.f("ck_enrolment_how"), "enrolment", BEFORE)
