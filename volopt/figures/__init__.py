"""Figures: ``kinds`` turn a study into the chart model (``chart``), ``drawing`` paints it with plotly or matplotlib."""
