"""Find the contacts that one visit stands for."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_enrolment_evidence", "enrolment", ["tenant_id", "evidence"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_enrolment_evidence", "enrolment")
