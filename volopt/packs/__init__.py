"""Train many fits as one batched network, for a GPU."""
