"""Refit a configuration period by period and forecast each next period."""
