"""A delivery that carries an id of its own is kept once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0065"


def upgrade() -> None:
    """Let a connection know a delivery by the id that its sender gave it."""
    op.add_column("inbox", sa.Column("mark", sa.Text(), nullable=True))
    op.create_index(
        "uq_inbox_mark",
        "inbox",
        ["tenant_id", "connection_id", "mark"],
        unique=True,
        postgresql_where=sa.text("mark IS NOT NULL"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("uq_inbox_mark", "inbox")
    op.drop_column("inbox", "mark")
