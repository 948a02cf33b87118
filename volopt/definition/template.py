"""The commented study file that ``volopt new`` writes."""

import re

from volopt.definition.values import NAME_PATTERN
from volopt.errors import UsageError

_TEXT = """\
# What question does this study answer? Try it with `volopt check`, then `volopt run`.
format = 1                         # of this file
name = "{name}"
title = ""                         # one line for tables and reports
seed = 0                           # of the samplers; replicates use seeds 0, 1, 2, …

[data]
instrument = "SH600000"
# instruments = "all"              # in its place: one network for many, or a list of them
features = ["$close", "$volume", "$high-$low", "Mean($close, 3)"]  # also Ref Std Sum Max Min Log Abs
target = "$volume"                 # predicted one trading day ahead
transform = "none"                 # none | log: of the target, and of a feature equal to it, before scaling
anchor = "none"                    # none | window_mean: both relative to the mean of the window's days
scaling = "minmax"                 # minmax | standard; fitted on train only
train = ["2010-01-01", "2015-08-31"]
valid = ["2015-09-01", "2017-12-31"]
test = ["2018-01-01", "2018-12-31"]    # never used to choose anything; splits may not overlap
# files = {{ history = "A.csv", test = "B.csv" }}   # CSV files of the data directory, no qlib provider

[model]                            # the baseline; every key may stand in [space]
cell = "LSTM"                      # RNN | LSTM | GRU
hidden_size = 5
num_layers = 1
batch_norm = false
dropout = 0.0                      # between layers
window = 20                        # input days; the target is the day after

[training]                         # the keys marked * may stand in [space] too
epochs = 100
loss = "mse"                       # mse | huber: linear beyond 1, so that odd days count less
learning_rate = 0.005              # *
batch_size = "full"                # * or a number
optimizer = "adam"                 # * adam | adamw
weight_decay = 0.0                 # * needs adamw
seeds = 3                          # replicates of each trial; its value is their mean
early_stopping = "none"            # or a patience in epochs: the best epoch's weights are kept
retries = 2                        # of a trial that fails by itself

[space]                            # a list of values, or a range; the baseline must lie in it
cell = ["RNN", "LSTM"]
hidden_size = [5, 25, 125]
window = {{ low = 5, high = 100 }}   # step = 5 takes every fifth
learning_rate = {{ low = 1e-4, high = 1e-1, log = true }}

[[phase]]                          # phases run one after another, each learns from those before it
name = "width"
sampler = "grid"
grid = {{ cell = ["RNN", "LSTM"], hidden_size = [5, 25, 125] }}   # the rest stays at the baseline

[[phase]]
name = "extend"
sampler = "tpe"                    # grid | tpe | random | gp | cmaes | qmc
vary = ["window", "learning_rate"]
start = "baseline"                 # baseline | best (trial when the phase begins): where other keys stay
fix = {{ cell = "LSTM" }}            # keys with a value of their own
trials = 20                        # the total of the phase
pruner = "median"                  # none | median | hyperband | halving, or wilcoxon in all phases that prune

[objective]
metric = "valid_mse"               # valid_mse | valid_log_mse (minimize), valid_log_r2 (maximize)
direction = "minimize"

# [published]                      # what the paper's notebooks did, needs data.files
# test_window = 19                 # the test file is scored with that many input days
# train_fraction = 0.7             # train is that fraction of the windows, in place of days
# scale_each_file = false          # true: scaled by each whole file, days to come included
# drop_last_window = false
# head_outputs = 1                 # the last one counts
# test_in_train_mode = false       # true: batch norm takes the test days' own statistics
"""


def template(name: str) -> str:
    """A commented study file with every key, which loads as it stands."""
    if not re.search(NAME_PATTERN, name) or name.endswith("\n"):
        raise UsageError(f"{name!r} is no name for a study", 'write letters, digits and "._-", a letter or digit first')
    return _TEXT.format(name=name)
