"""What people look at: figures, the dashboard, the report, tables for other programs."""
