"""The auxiliary models of a trigger, trained on held-out samples."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Triggers so far have none."""
    op.add_column("triggers", sa.Column("held_out", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Forget which they are."""
    with op.batch_alter_table("triggers") as table:
        table.drop_column("held_out")
