"""Painters: plotly draws charts for the browser, matplotlib without one; ``files`` chooses."""
