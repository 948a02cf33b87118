"""Train fits of neuralforecast's AutoLSTM with its Optuna backend, one after another in one thread.

    PEER_PYTHON tests/bench/peer_fits.py DAYS.npz UNITS STEPS FITS

peer.py runs this in the peer's environment, without volopt. DAYS.npz holds ``days``, shape (days, features), the target
first, and ``window`` and ``valid``, numbers of days. The script prints the CPU and wall seconds of each fit, without
those of the first, which is a warm-up.
"""

import json
import logging
import sys
import time
import warnings
from typing import Any

import numpy as np
import optuna
import pandas as pd
import torch
from neuralforecast import NeuralForecast
from neuralforecast.auto import AutoLSTM
from neuralforecast.losses.pytorch import MSE

QUIET = dict.fromkeys(("logger", "enable_progress_bar", "enable_checkpointing", "enable_model_summary"), False)


def main(path: str, units: int, steps: int, fits: int) -> None:
    with np.load(path) as arrays:
        days, window, valid = arrays["days"], int(arrays["window"]), int(arrays["valid"])
    others = [f"x{column}" for column in range(1, days.shape[1])]
    frame = pd.DataFrame(days, columns=["y", *others])
    frame.insert(0, "ds", pd.date_range("2000-01-01", periods=len(days)))
    frame.insert(0, "unique_id", "stock")

    def config(trial: Any) -> dict[str, Any]:
        return QUIET | {
            "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
            "input_size": window,
            "encoder_n_layers": 1,
            "encoder_hidden_size": units,
            "decoder_layers": 1,  # one linear layer
            "hist_exog_list": others,
            "max_steps": steps,
            "val_check_steps": 1,
            "windows_batch_size": None,  # all of them
            "inference_windows_batch_size": -1,
            "scaler_type": "identity",
            "accelerator": "cpu",
            "num_sanity_val_steps": 0,
        }

    ends = []
    model = AutoLSTM(
        h=1,
        loss=MSE(),
        config=config,
        backend="optuna",
        search_alg=optuna.samplers.RandomSampler(seed=0),
        num_samples=fits + 1,
        callbacks=[lambda study, trial: ends.append((time.process_time(), time.perf_counter()))],
    )
    NeuralForecast(models=[model], freq="D").fit(frame, val_size=valid)
    cpu, wall = (np.diff(times).tolist() for times in zip(*ends, strict=True))
    print(json.dumps({"cpu_seconds": cpu, "seconds": wall}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    torch.set_num_threads(1)
    main(sys.argv[1], *map(int, sys.argv[2:]))
