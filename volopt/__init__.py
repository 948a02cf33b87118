"""Optuna hyper-parameter studies for recurrent networks that forecast trading volume.

``import volopt`` offers the functions below to notebooks and scripts; ``study/README.md`` shows them. Nothing else is
imported before one of them is used.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # type checkers take it as true; importing ``typing`` would take longer than all else here
if TYPE_CHECKING:
    from volopt import errors
    from volopt.api.backtest import BacktestResult, backtest
    from volopt.api.forecaster import Forecaster, load_bundle, refit
    from volopt.api.importing import import_data
    from volopt.api.running import run
    from volopt.api.study import Study, load
else:
    _MODULES = {
        "errors": "errors",
        "BacktestResult": "api.backtest",
        "backtest": "api.backtest",
        "Forecaster": "api.forecaster",
        "load_bundle": "api.forecaster",
        "refit": "api.forecaster",
        "import_data": "api.importing",
        "run": "api.running",
        "Study": "api.study",
        "load": "api.study",
    }

    def __getattr__(name):
        """Import what a name stands for."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        module = import_module(f"{__name__}.{_MODULES[name]}")
        return module if name == "errors" else getattr(module, name)

    def __dir__():
        """Return the names that a notebook completes."""
        return sorted({*globals(), *__all__})


__all__ = [
    "BacktestResult",
    "Forecaster",
    "Study",
    "__version__",
    "backtest",
    "errors",
    "import_data",
    "load",
    "load_bundle",
    "refit",
    "run",
]
