# %% [markdown]
# # volopt in a notebook
#
# From a search to tomorrow's volume. Four trials of three epochs take half a minute and forecast badly: leave out
# `trials`, `epochs`, `seeds` and `name` for the real search. `data` names your own data; without it volopt uses qlib's,
# or else a synthetic sample, and says so.

# %%
import volopt

study = volopt.run("search", trials=4, epochs=3, seeds=2, name="example", workers=2)

# %% [markdown]
# ## Which trial is the best, and how sure is that?
#
# Tables are pandas DataFrames. The trials of `in_set` cannot be told from the best one.

# %%
best = study.best()
best.loc[best["in_set"], ["number", "value", "low", "high", "p_best", "weights"]]

# %%
seeds = study.seeds()
seeds.groupby("trial")["valid_log_r2"].agg(["mean", "std"])

# %% [markdown]
# ## Figures
#
# Every figure of `volopt plot` is a plotly figure.

# %%
study.figure("history")

# %% [markdown]
# ## How good would it have been?
#
# The configuration is refitted each year on the past alone. `skill_har` is the error reduction against HAR.

# %%
backtest = volopt.backtest("example", from_="2018-01-01", to="2018-12-28", workers=2)
backtest.years()

# %% [markdown]
# ## Tomorrow's volume

# %%
forecaster = volopt.refit("example", out="forecaster", workers=2)
forecaster.predict(last=3)

# %% [markdown]
# The bundle can be copied anywhere. Another notebook forecasts with it, on a data directory or on a DataFrame of daily
# rows.

# %%
volopt.load_bundle("forecaster").predict(last=1, coverage=0.9)

# %% [markdown]
# ## Mistakes
#
# A mistake is one of `volopt.errors`, with the sentence of the command line and a hint.

# %%
try:
    volopt.load("exmaple")
except volopt.errors.VoloptError as error:
    print(f"{error}\nHint: {error.hint}")
