"""Figures: what each shows (``kinds``) as plain numbers (``chart``), drawn by plotly or matplotlib (``drawing``)."""
