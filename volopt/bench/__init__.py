"""How fast volopt is on this machine, and how much memory it takes: each figure beside a baseline of the same run."""
