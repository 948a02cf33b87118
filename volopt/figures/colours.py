"""The same colour for the same thing everywhere: the palette of Okabe and Ito (2008), which colour-blind people see.

Three baselines have other colours, as far from the palette's as colour-blind people see them.

Black is what really happened, grey what is no model of ours; between them no two things of one figure share a colour.
"""

from volopt.models import cells

ACTUAL = "#000000"
GREY = "#595959"  # dark: people with deuteranopia see the green as a middle grey
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"

CELLS = {name: cell.colour for name, cell in cells.CELLS.items()}
SPLITS = {"train": ORANGE, "valid": SKY, "test": PURPLE}
BASELINES = {
    "persistence": GREY,
    "ma5": YELLOW,
    "ewma": SKY,
    "har": GREEN,
    "ridge": PURPLE,
    "lightgbm": ORANGE,
    "har_rolling": "#8866FF",
    "har_x": "#882211",
    "pooled_ridge": "#330088",
    "pooled_lightgbm": VERMILLION,
}
RIVALS = {**BASELINES, "network": BLUE}  # of a combination, in a backtest
STATES = {"COMPLETE": BLUE, "PRUNED": ORANGE, "FAIL": VERMILLION, "RUNNING": GREEN, "WAITING": GREY}
IMPORTANCE = {"ANOVA": GREEN, "PED-ANOVA": SKY, "fANOVA": ORANGE}
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, GREY)  # for things that are only told apart
SCALE = "cividis"  # from dark blue to yellow, made to look the same to all; known to plotly and matplotlib
