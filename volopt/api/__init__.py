"""The Python interface: what ``import volopt`` offers to notebooks and scripts."""
