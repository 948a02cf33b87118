"""Choose among the trials of a study, and say how sure the choice is."""
