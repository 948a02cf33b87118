"""Market data: provider directories and CSV files in, frames out."""
