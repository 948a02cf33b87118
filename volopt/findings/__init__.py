"""What holds: the claims of the paper as tests over seeds, and two trials compared."""
