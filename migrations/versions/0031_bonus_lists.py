"""Lists of what moved customers' bonuses, newest first, and what came and went by month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0033"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_transfer_bonus",
        "transfer",
        ["tenant_id", "at", "id"],
        postgresql_where=sa.text("currency = 'BONUS'"),
    )


def downgrade() -> None:
    op.drop_index("ix_transfer_bonus", "transfer")
