"""The downsampling that a trigger's training uses, settled when the training set is."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No trigger so far has any."""
    op.add_column("triggers", sa.Column("downsampling", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Forget it."""
    with op.batch_alter_table("triggers") as table:
        table.drop_column("downsampling")
