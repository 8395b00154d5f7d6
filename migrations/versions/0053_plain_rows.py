"""Sets of partners are numbered before they are written, so that sponsors of the same set are known."""

from __future__ import annotations

from alembic import op

revision = "0053"
down_revision = "0051"


def upgrade() -> None:
    """Let the app draw numbers for partners."""
    op.execute("GRANT USAGE ON SEQUENCE partner_id_seq TO partnerka_app")


def downgrade() -> None:
    """Take it back."""
    op.execute("REVOKE USAGE ON SEQUENCE partner_id_seq FROM partnerka_app")
