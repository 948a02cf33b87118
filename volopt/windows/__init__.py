"""Turn frames into tensors: splits, scaling, windows. ``windows.windows`` states the leakage guarantee."""
