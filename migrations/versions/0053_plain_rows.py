"""Sets of partners are numbered before they are written, so that sponsors of the same set are known."""

from __future__ import annotations

from alembic import op

revision = "0053"
down_revision = "0051"


def upgrade() -> None:
    """Let the app draw numbers for partners; what imports gave is never looked up by its kind alone.

    Before the first statistics the planner took the index that begins with the kind for the one that
    names a row, and read all of a growing import for each row of the next part.
    """
    op.execute("GRANT USAGE ON SEQUENCE partner_id_seq TO partnerka_app")
    op.drop_index("ix_import_origin_target", "import_origin")
    op.create_index("ix_import_origin_target", "import_origin", ["tenant_id", "target_id", "kind"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_import_origin_target", "import_origin")
    op.create_index("ix_import_origin_target", "import_origin", ["tenant_id", "kind", "target_id"])
    op.execute("REVOKE USAGE ON SEQUENCE partner_id_seq FROM partnerka_app")
