"""The networks and their cells. They know nothing of data or studies."""
