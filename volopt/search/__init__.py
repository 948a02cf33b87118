"""Ask, train, tell: phases of one Optuna study, the driver that owns it, and the executors that train."""
