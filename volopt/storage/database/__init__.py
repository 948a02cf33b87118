"""Open the Optuna database, and read and write it safely."""
