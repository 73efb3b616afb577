"""The figures as a page of Markdown that can stand in the model card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.quality.figures import Figure


def markdown(figures: Sequence[Figure], about: Sequence[str]) -> str:
    """What was measured on what, which targets were missed, then one table for each group."""
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(figure.group, []).append(figure)
    lines = [*about, "", *_missed(figures)]
    for group, rows in groups.items():
        table = _matrix(rows) if any(row.column for row in rows) else _list(rows)
        notes = [f"- {row.name}: {row.note}" for row in rows if row.note]
        lines += ["", f"### {group}", "", *table, *(["", *notes] if notes else [])]
    return "\n".join(lines) + "\n"


def _missed(figures: Sequence[Figure]) -> Iterable[str]:
    aimed = [figure for figure in figures if figure.reached]
    reached = sum(figure.reached == "yes" for figure in aimed)
    yield f"Of {len(aimed)} targets {reached} are reached{'.' if reached == len(aimed) else '. The others:'}"
    yield ""
    for figure in aimed:
        if figure.reached != "yes":
            name = ": ".join(part for part in (figure.group, figure.name, figure.column) if part)
            within = ", within error" if figure.reached == "within error" else ""
            yield f"- {name}: {_value(figure)}, target {_target(figure)}{within}"


def _list(rows: Sequence[Figure]) -> list[str]:
    lines = ["| measure | value | 95% interval | of | target | reached |", "|---" * 6 + "|"]
    for figure in rows:
        of = "" if figure.of is None else f"{figure.of:,}"
        cells = (figure.name, _say(figure, figure.value), _interval(figure), of, _target(figure), figure.reached)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _matrix(rows: Sequence[Figure]) -> list[str]:
    columns = list(dict.fromkeys(row.column for row in rows))
    heads = []
    for column in columns:
        targets = {_target(row) for row in rows if row.column == column} - {""}
        heads.append(f"{column} ({targets.pop()})" if len(targets) == 1 else column)
    table: dict[str, dict[str, Figure]] = {}
    for row in rows:
        table.setdefault(row.name, {})[row.column] = row
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(columns) + 1) + "|"]
    for name, cells in table.items():
        said = (_cell(cells[column]) if column in cells else "" for column in columns)
        lines.append(f"| {name} | {' | '.join(said)} |")
    return lines


def _cell(figure: Figure) -> str:
    value = _value(figure)
    return f"**{value}**, {figure.reached}" if figure.reached in {"no", "within error"} else value


def _value(figure: Figure) -> str:
    interval = _interval(figure)
    return f"{_say(figure, figure.value)} ({interval})" if interval else _say(figure, figure.value)


def _interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{_say(figure, figure.low)} to {_say(figure, figure.high)}"


def _target(figure: Figure) -> str:
    if figure.at_least is not None:
        return f"at least {_say(figure, figure.at_least)}"
    return "" if figure.at_most is None else f"at most {_say(figure, figure.at_most)}"


def _say(figure: Figure, value: float) -> str:
    if figure.kind == "share":
        return f"{value:.2%}" if abs(value) < 0.1 else f"{value:.1%}"
    return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"
