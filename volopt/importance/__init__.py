"""How much each parameter matters in each phase of a study, and how sure that is."""
