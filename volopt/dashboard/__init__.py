"""The dashboard: optuna-dashboard on this machine, with a report of each study and a picture of each trial."""
