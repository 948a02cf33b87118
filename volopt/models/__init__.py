"""Recurrent networks, without any knowledge of data or studies."""
