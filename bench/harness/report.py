"""Writes results: JSON, and one table in Markdown."""

import json
import statistics

from programs import LABELS


def number(value):
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def spread(figure):
    return f"{number(figure.least)} to {number(figure.most)}"


def _row(*cells):
    return f"| {' | '.join(cells)} |\n"


def _rule(columns):
    return _row(*["---"] * columns)


def limits_table(verdicts):
    text = _row("case", "wanted", "measured (median, spread)", "reached") + _rule(4)
    for verdict in verdicts:
        limit, figure = verdict.limit, verdict.figure
        if figure is None:
            text += _row(limit.row, limit.wanted, f"not measured: {verdict.missing}", "-")
            continue
        unit = f" {limit.unit}" if limit.unit else ""
        measured = f"{number(figure.median)}{unit} ({spread(figure)})"
        text += _row(limit.row, limit.wanted, measured, "yes" if verdict.is_good else "**no**")
    return text


def _names(outcomes):
    """Programs in the order of LABELS, and then what cases call otherwise."""
    used = [program for outcome in outcomes for program in outcome.rounds]
    return [n for n in LABELS if n in used] + sorted({n for n in used if n not in LABELS})


def group_table(group, outcomes):
    """Medians side by side; the unit in front, where the cases have different ones."""
    names = _names(outcomes)
    text = f"## {group.title}\n\n{group.note}\n\n"
    text += _row("case", "unit", *(LABELS.get(n, n) for n in names)) + _rule(len(names) + 2)
    for outcome in outcomes:
        if outcome.skipped:
            continue
        figures = [outcome.figure(n) for n in names]
        cells = [number(f.median) if f else "-" for f in figures]
        text += _row(outcome.case.name, outcome.case.unit, *cells)
    return text + (_also_table(group, outcomes) if group.also else "")


def _also_table(group, outcomes):
    """Medians of what group.also names, of the programs that tell any of it."""
    text = "\n" + _row("case", "program", *group.also.values()) + _rule(len(group.also) + 2)
    for outcome in outcomes:
        for name in _names([outcome]):
            if any(key in outcome.rounds[name][0] for key in group.also):
                cells = [_median_of(outcome.rounds[name], key) for key in group.also]
                text += _row(outcome.case.name, LABELS.get(name, name), *cells)
    return text


def _median_of(results, key):
    values = [result[key] for result in results if key in result]
    return number(statistics.median(values)) if values else "-"


def details_table(outcomes):
    columns = ("case", "program", "median", "spread", "operations/s", "peak MiB", "to uvdisco")
    text = _row(*columns) + _rule(len(columns))
    for outcome in outcomes:
        for name in _names([outcome]):
            text += _details_row(outcome, name)
    return text


def _details_row(outcome, name):
    figure = outcome.figure(name)
    ratio = outcome.ratio(name, "uvdisco")
    rate = outcome.figure(
        name, lambda r: r["operations"] * 1e6 / r["wall_us"] if r.get("wall_us") else 0
    )
    peak = outcome.figure(name, lambda r: r.get("peak_kb", 0) / 1024)
    return _row(
        outcome.case.name,
        LABELS.get(name, name),
        number(figure.median),
        spread(figure),
        number(rate.median) if rate.median else "-",
        number(peak.median) if peak.median else "-",
        number(ratio.median) if ratio else "-",
    )


def machine_list(machine):
    text = ""
    for what in ("date", "processor", "memory", "system", "compiler", "etcd", "commit"):
        text += f"- {what}: {machine[what]}\n"
    for name, about in machine["programs"].items():
        text += f"- {LABELS[name]}: {about}\n"
    for name, why in machine["absent"].items():
        text += f"- {LABELS[name]}: absent: {why}\n"
    return text


def _as_json(outcome):
    case = outcome.case
    programs = {}
    for name, results in outcome.rounds.items():
        figure = outcome.figure(name)
        programs[name] = {
            "median": figure.median,
            "least": figure.least,
            "most": figure.most,
            "rounds": results,
        }
    said = {"case": case.name, "unit": case.unit, "programs": programs}
    if outcome.declined:
        said["declined"] = outcome.declined
    if outcome.skipped:
        said["skipped"] = outcome.skipped
    return said


def _limit_as_json(verdict):
    figure = verdict.figure
    said = {"case": verdict.limit.row, "wanted": verdict.limit.wanted, "reached": verdict.is_good}
    if figure is None:
        return said | {"missing": verdict.missing}
    return said | {"median": figure.median, "least": figure.least, "most": figure.most}


def write(directory, machine, groups, verdicts):
    """groups: [(Group, [Outcome, ...]), ...]"""
    text = "# Results\n\n" + machine_list(machine)
    text += "\n## Must reach\n\n" + limits_table(verdicts)
    for group, outcomes in groups:
        _dump(directory / f"{group.name}.json", machine, "cases", [_as_json(o) for o in outcomes])
        text += "\n" + group_table(group, outcomes)
    text += "\n## Spread, rate and memory\n\n"
    text += details_table([outcome for _, outcomes in groups for outcome in outcomes])
    _dump(directory / "limits.json", machine, "limits", [_limit_as_json(v) for v in verdicts])
    (directory / "table.md").write_text(text, encoding="utf-8")


def _dump(path, machine, name, content):
    text = json.dumps({"machine": machine, name: content}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
