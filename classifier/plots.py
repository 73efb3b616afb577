"""The plots of an evaluation as SVG that stands by itself: no script, no font, nothing loaded; readable without colour.

This is the one module that loads matplotlib.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": "#dddddd", "grid.linewidth": 0.6,
}  # fmt: skip
_SIZE: Final = (4.6, 3.2)
_OURS: Final[dict[str, Any]] = {"color": "#1f3b73", "linewidth": 1.8}
_OTHER: Final[dict[str, Any]] = {"color": "#777777", "linewidth": 1.4, "linestyle": "--"}


def draw(evaluation: Mapping[str, Any]) -> dict[str, str]:
    """Every plot of an evaluation by name, as SVG elements."""
    drawn = {"cost": _drawn("cost", lambda axes: _cost(axes, evaluation["cost"]))}
    for head, measured in evaluation["heads"].items():
        for kind, paint in (("precision-recall", _precision), ("calibration", _calibration), ("scores", _scores)):
            drawn[f"{kind}-{head}"] = _drawn(f"{kind}-{head}", lambda axes, p=paint, m=measured: p(axes, m))
    return drawn


def _drawn(name: str, paint: Any) -> str:
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=_SIZE)
        figure.subplots_adjust(left=0.14, right=0.97, bottom=0.15, top=0.97)
        paint(figure.subplots())
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = out.getvalue()
    return svg[svg.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{name}" ', 1)


def _line(axes: Axes, points: Sequence[Sequence[float]], label: str, style: Mapping[str, Any]) -> None:
    axes.plot([x for x, _ in points], [y for _, y in points], label=label, **style)


def _precision(axes: Axes, measured: Mapping[str, Any]) -> None:
    _line(axes, measured["precision_recall"]["points"], "model with signals", _OURS)
    if measured["baseline"] is not None:
        _line(axes, measured["baseline"]["precision_recall"]["points"], "baseline", _OTHER)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="lower left", frameon=False)


def _calibration(axes: Axes, measured: Mapping[str, Any]) -> None:
    bins = measured["calibration"]["bins"]
    said, true = [each["said"] for each in bins], [each["true"]["share"] for each in bins]
    spread = [[max(each["true"]["share"] - each["true"]["low"], 0) for each in bins],
              [max(each["true"]["high"] - each["true"]["share"], 0) for each in bins]]  # fmt: skip
    axes.plot([0, 1], [0, 1], label="perfect", **_OTHER)
    axes.errorbar(
        said, true, yerr=spread, label="a tenth of the comments", marker="o", markersize=4, capsize=2, **_OURS
    )
    axes.set(xlabel="score, mean of a group", ylabel="labelled so, share", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="upper left", frameon=False)


def _scores(axes: Axes, measured: Mapping[str, Any]) -> None:
    edges = measured["histogram"]["edges"]
    kinds: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("not labelled so", "negative", {"facecolor": "#dddddd", "edgecolor": "#777777"}),
        ("labelled so", "positive", {"facecolor": "none", "edgecolor": "#1f3b73", "hatch": "////"}),
    )
    for name, kind, fill in kinds:
        counts = measured["histogram"][kind]
        total = max(sum(counts), 1)
        axes.stairs([count / total for count in counts], edges, fill=True, label=name, linewidth=1.2, **fill)
    for name, threshold in measured["thresholds"].items():
        axes.axvline(
            threshold["at"], color="black", linestyle=":" if name == "hold_at" else "-.", linewidth=1, label=name
        )
    axes.set(xlabel="score", ylabel="share of its kind (log)", xlim=(0, 1), yscale="log")
    axes.legend(loc="upper center", frameon=False, fontsize=8)


def _cost(axes: Axes, cost: Mapping[str, Any]) -> None:
    _line(axes, cost["model"], "model with signals, line moved", _OURS)
    _line(axes, cost["baseline"], "baseline, line moved", _OTHER)
    stopped, leaked = cost["policy"]
    axes.plot([stopped], [leaked], "s", color="black", label="the policy as it is")
    axes.set(
        xlabel="share of comments held or rejected",
        ylabel="share of trouble that is approved",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    axes.legend(loc="upper right", frameon=False)
