"""Draws one SVG for each group that has a plot."""

from programs import LABELS

COLOURS = {
    "uvdisco": "#0b6e4f",
    "floor": "#b0b0b0",
    "curl": "#d17b0f",
    "go": "#3a7ca5",
    "node": "#7a4ea3",
}
OTHER_COLOUR = "#606060"


def draw(directory, groups):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "uvdisco"
    for group, outcomes in groups:
        chosen = [o for o in outcomes if o.case.name in (group.plot or []) and o.rounds]
        if chosen:
            _draw_group(directory / f"{group.name}.svg", group, chosen)


def _draw_group(path, group, outcomes):
    from matplotlib import pyplot

    names = [name for name in LABELS if any(name in o.rounds for o in outcomes)]
    height = 0.8 / len(names)
    figure, axes = pyplot.subplots(figsize=(9, 0.6 + 0.17 * len(outcomes) * (len(names) + 1)))
    for place, name in enumerate(names):
        rows = [(row, o.figure(name)) for row, o in enumerate(outcomes) if name in o.rounds]
        axes.barh(
            [row + (place - (len(names) - 1) / 2) * height for row, _ in rows],
            [f.median for _, f in rows],
            height=height * 0.9,
            xerr=[[f.median - f.least for _, f in rows], [f.most - f.median for _, f in rows]],
            error_kw={"elinewidth": 0.6, "ecolor": "#303030"},
            color=COLOURS.get(name, OTHER_COLOUR),
            label=LABELS[name],
        )
    axes.set_yticks(range(len(outcomes)), [o.case.name for o in outcomes])
    axes.invert_yaxis()
    if group.logarithmic:
        axes.set_xscale("log")
    axes.set_xlabel(outcomes[0].case.unit + (", logarithmic" if group.logarithmic else ""))
    axes.set_title(f"{group.title}: medians, and their spread")
    axes.grid(axis="x", which="major", linewidth=0.4)
    axes.set_axisbelow(True)
    axes.legend(fontsize="small")
    figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
