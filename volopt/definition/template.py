"""The commented study file that ``volopt new`` writes."""

import re

from volopt.definition.values import NAME_PATTERN
from volopt.errors import UsageError
from volopt.models.cells import CELLS
from volopt.pruners import PRUNERS
from volopt.samplers import SAMPLERS

_TEXT = """\
# What question does this study answer? Check it with `volopt check`, then run it with `volopt run`.
format = 1                         # version of the file format
name = "{name}"
title = ""                         # one line for tables and reports
seed = 0                           # of the samplers; the fits of a trial use seeds 0, 1, 2, …

[data]
instrument = "SH600000"
# instruments = "all"              # instead: one network for all instruments, or for a list of them
features = ["$close", "$volume", "$high-$low", "Mean($close, 3)"]  # also Ref Std Sum Max Min Log Abs
# static = ["Mean($volume, 60)"]   # known beside the window, one row a day; needs static = "branch" in [model]
target = "$volume"                 # predicted one trading day ahead
transform = "none"                 # none | log: of the target, and of a feature that equals it, before scaling
anchor = "none"                    # none | window_mean: both relative to the mean of the window's days
scaling = "minmax"                 # minmax | standard; fitted on train only
train = ["2010-01-01", "2015-08-31"]
valid = ["2015-09-01", "2017-12-31"]   # compares trials
# valid = [["2015-09-01", "2016-12-31"], ["2017-01-01", "2017-12-31"]]   # or periods, each after training on all before
test = ["2018-01-01", "2018-12-31"]    # never used to choose anything; splits may not overlap
# files = {{ history = "A.csv", test = "B.csv" }}   # CSV files of the data directory, no qlib provider

[model]                            # the defaults; each key can be in [space]
cell = "LSTM"                      # {cells}
hidden_size = 5
num_layers = 1
batch_norm = false
dropout = 0.0                      # between layers, and in the branch
window = 20                        # input days; the target is the day after
static = "none"                    # none | branch: of the static inputs; cell = "none" then leaves out the window

[training]                         # the keys marked * can be in [space] too
epochs = 100                       # *
loss = "mse"                       # mse | huber: linear beyond huber_delta, so that outliers count less
huber_delta = 1.0                  # in units of the scaled target
loss_weight = "none"               # none | instrument: by 1 / the variance of an instrument's target
learning_rate = 0.005              # *
schedule = "constant"              # constant | onecycle: rises to learning_rate, then falls to almost 0
gradient_clip = "none"             # or the highest norm of all gradients
batch_size = "full"                # * or a number
optimizer = "adam"                 # * adam | adamw
weight_decay = 0.0                 # * needs adamw
seeds = 3                          # fits of each trial; its value is their mean
early_stopping = "none"            # or a patience in epochs; keeps the weights of the best epoch
retries = 2                        # of a trial whose training fails

[space]                            # lists of values, or ranges; they contain the defaults
cell = ["RNN", "LSTM"]
hidden_size = [5, 25, 125]
window = {{ low = 5, high = 100 }}   # step = 5 takes every fifth
learning_rate = {{ low = 1e-4, high = 1e-1, log = true }}

[[phase]]                          # phases run one after another; each learns from those before
name = "width"
sampler = "grid"
grid = {{ cell = ["RNN", "LSTM"], hidden_size = [5, 25, 125] }}   # other keys keep their defaults

[[phase]]
name = "extend"
sampler = "tpe"                    # {samplers}
vary = ["window", "learning_rate"]
start = "defaults"                 # values of the other keys: defaults | best (trial when the phase begins)
fix = {{ cell = "LSTM" }}            # keys with another value
trials = 20                        # total of the phase
pruner = "median"                  # {pruners}; wilcoxon only in all phases that prune
batch = 4                          # trials that are asked together and learn nothing from each other

[objective]
metric = "valid_mse"               # valid_mse | valid_log_mse (minimize), valid_log_r2 (maximize)
direction = "minimize"

[forecast]                         # of volopt backtest, refit and predict; no trial uses it
combine = "none"                   # none | mean | stack: the networks alone, or with pooled_ridge and pooled_lightgbm
after_suspension = "network"       # network | har: forecasts the day on which a stock resumes trade

# [published]                      # the protocol of the paper's notebooks; needs data.files
# test_window = 19                 # input days for the test file
# train_fraction = 0.7             # share of the windows in train, instead of days
# scale_each_file = false          # true: scaled by each whole file, future days included
# drop_last_window = false
# head_outputs = 1                 # the forecast is the last one
# test_in_train_mode = false       # true: batch norm uses the statistics of the test days
"""


def template(name: str) -> str:
    """Return a commented, valid study file with all keys.

    Raises:
        UsageError: the name cannot be a study's.
    """
    if not re.search(NAME_PATTERN, name) or name.endswith("\n"):
        raise UsageError(
            f"{name!r} cannot be the name of a study", 'write letters, digits and "._-", a letter or digit first'
        )
    cells, samplers, pruners = (" | ".join(names) for names in (CELLS, SAMPLERS, PRUNERS))
    return _TEXT.format(name=name, cells=cells, samplers=samplers, pruners=pruners)
