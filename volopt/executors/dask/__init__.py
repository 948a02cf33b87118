"""Train fits on the workers of a Dask cluster."""
