"""What a study leaves on disk: the Optuna database, artifacts, kept fits, and the lock that makes one writer."""
