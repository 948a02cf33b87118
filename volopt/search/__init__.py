"""Ask, train, tell: the job, the phases of one Optuna study, and the driver that runs them."""
