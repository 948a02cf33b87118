"""Refit the configuration of a study, backtest it over past years, and forecast with it."""
