"""From frames to tensors: splits, scaling, windows; the leakage guarantee stands in ``windows.windows``."""
