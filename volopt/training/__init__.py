"""Train one fit: a pure function, its tasks, states and results."""
