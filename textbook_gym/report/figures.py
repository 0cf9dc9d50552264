"""The pictures of a study: one function each, from a table of marks and its metrics to a figure with a caption."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from textbook_gym.authoring.abilities import WORDS
from textbook_gym.metrics import definitions, statistics
from textbook_gym.metrics.definitions import METRICS, Metric
from textbook_gym.metrics.statistics import Estimate
from textbook_gym.metrics.table import complete
from textbook_gym.registry import find
from textbook_gym.report.pages import LIGHT
from textbook_gym.report.radar_weights import needs
from textbook_gym.report.style import FIGURE_WIDTH, Data, Picture, colours, legend, styled

LOST = -0.2  # the retention picture goes down to here at least, lest nothing look like much
LEAST = -0.25  # scores below this are drawn here, in the middle of the radar


def metric(name: str) -> Metric:
    """Return a metric by name."""
    return next(m for m in METRICS if m.name == name)


def curves_picture(data: Data) -> Picture:
    """Draw the learning curves, a panel a book."""
    columns = 1 if len(data.books) == 1 else 2
    rows = -(-len(data.books) // columns)
    figure = Figure((FIGURE_WIDTH, 2.45 * rows + 0.5), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    by_student = {s: definitions.learning_curve(t) for s, t in data.tables.items()}
    for ax, book in zip(axes, data.books, strict=False):
        starts: list[int] = []
        for s, colour in colours(data.students).items():
            curve = by_student[s].filter(pl.col("book") == book)
            if not len(curve):
                continue
            x = np.arange(1, len(curve) + 1)
            starts = [i for i, e in enumerate(curve["exercise"]) if e == 1]
            for a, b in zip(starts, [*starts[1:], len(curve)], strict=True):
                part = curve[a:b]
                ax.fill_between(x[a:b], part["low"], part["high"], color=colour, alpha=0.22, lw=0)
                ax.plot(x[a:b], part["mark"], color=colour, lw=1.7, marker="o" if b - a == 1 else "", ms=3)
        ends = [*starts[1:], len(curve)]
        names = [c.name for c in find(book).chapters]
        for k, (a, b) in enumerate(zip(starts, ends, strict=True)):
            if k:
                ax.axvline(a + 0.5, color=LIGHT["line"], lw=0.8, zorder=0)
            ax.text((a + b + 1) / 2, 1.06, wrapped(names[curve["chapter"][a] - 1]), fontsize=6.5, ha="center",
                    va="bottom", color=LIGHT["muted"], linespacing=0.95)  # fmt: skip
        ax.set_title(book, pad=20)
        ax.set(ylim=(-0.03, 1.06), xlim=(0.5, len(curve) + 0.5), yticks=(0, 0.5, 1), xticks=[a + 1 for a in starts])
        ax.tick_params(length=2, labelsize=7.5)
        ax.grid(axis="y")
        ax.set_axisbelow(True)
    for ax in axes[len(data.books) :]:
        ax.set_axis_off()
    for ax in axes[::columns]:
        ax.set_ylabel("mark")
    for ax in axes[max(0, len(data.books) - columns) : len(data.books)]:
        ax.set_xlabel("exercise")
    legend(figure, data.students)
    text = (
        "Mean mark, exercise by exercise, chapters between the lines; "
        f"bands are pointwise 95 % bootstrap intervals. Memory kept, {data.n}."
    )
    return Picture("curves", "Learning curves", text, figure)


def wrapped(name: str) -> str:
    """Return a chapter's name on two lines if it has two words."""
    return name.replace(" ", "\n", 1) if len(name) > 7 else name


def heat(data: Data) -> Picture:
    """Draw mean marks, chapter by exercise, a row of panels a book and a column a student."""
    figure = Figure((FIGURE_WIDTH, 1.08 * len(data.books) + 0.9), layout="constrained")
    axes = figure.subplots(len(data.books), len(data.students), squeeze=False)
    mesh: Any = None
    for column, s in enumerate(data.students):
        curve = definitions.learning_curve(data.tables[s])
        for row, book in enumerate(data.books):
            ax = axes[row, column]
            part = curve.filter(pl.col("book") == book)
            chapters = sorted(part["chapter"].unique())
            cells = np.full((len(chapters), len(part["exercise"].unique())), np.nan)
            for chapter, exercise, mark in part.select("chapter", "exercise", "mark").iter_rows():
                cells[chapters.index(chapter), exercise - 1] = mark
            mesh = ax.pcolormesh(cells, vmin=0, vmax=1, cmap="viridis", edgecolor=LIGHT["paper"], lw=0.6)
            ax.invert_yaxis()
            ax.spines[:].set_visible(False)
            ax.set_xticks([0.5, cells.shape[1] - 0.5], ["1", str(cells.shape[1])] if row + 1 == len(data.books) else [])
            ax.set_yticks(np.arange(len(chapters)) + 0.5, chapters if column == 0 else [])
            ax.tick_params(length=0, labelsize=7)
            if row == 0:
                ax.set_title(s)
            if column == 0:
                ax.set_ylabel(book, fontweight="bold", rotation=0, ha="right", va="center", labelpad=10)
    bar = figure.colorbar(mesh, ax=axes, shrink=min(1.0, 2.2 / (1.08 * len(data.books))), aspect=14, pad=0.02)
    bar.set_label("mark")
    bar.outline.set_visible(False)
    text = f"Mean mark, chapters from top to bottom, exercises from left to right. Memory kept, {data.n}."
    return Picture("heat", "Marks by chapter and exercise", text, figure)


def bars(data: Data, name: str, title: str, chosen: Sequence[str], note: str = "") -> Picture | None:
    """Draw metrics with intervals as bars: a panel a metric, a group a book, a bar a student; None if all are null."""
    figures = {s: {m: data.measured[s][m] for m in chosen} for s in data.students}
    shown = [m for m in chosen if any(any(figures[s][m].values()) for s in data.students)]
    if not shown:
        return None
    students = [s for s in data.students if any(any(figures[s][m].values()) for m in shown)]
    groups: list[str | None] = [b for b in data.books if any(figures[s][m][b] for s in students for m in shown)]
    groups += [None] if len(groups) > 1 else []
    tall = 0.9 + len(groups) * (0.17 * len(students) + 0.16)
    figure = Figure((FIGURE_WIDTH, tall + 0.5), layout="constrained")
    axes = figure.subplots(1, len(shown), squeeze=False, sharey=True)[0]
    thick = 0.8 / len(students)
    for ax, m in zip(axes, shown, strict=True):
        for k, s in enumerate(students):
            for g, book in enumerate(groups):
                e = figures[s][m][book]
                if e is not None:
                    y = g - 0.4 + (k + 0.5) * thick
                    ax.barh(y, e.value, thick * 0.9, color=colours(data.students)[s], lw=0)
                    if e.high > e.low:
                        ax.plot([e.low, e.high], [y, y], color=LIGHT["ink"], lw=1.1)
        ax.axvline(0, color=LIGHT["muted"], lw=0.8)
        ax.set_title(metric(m).heading)
        ax.grid(axis="x")
        ax.set_axisbelow(True)
        ax.tick_params(length=2, labelsize=7.5)
        ax.locator_params(axis="x", nbins=5)
    axes[0].set_yticks(range(len(groups)), [b or "all books" for b in groups], fontsize=9)
    axes[0].set_ylim(len(groups) - 0.45, -0.55)
    legend(figure, students, filled=True)
    formulas = "; ".join(f"{metric(m).heading}: {metric(m).part('Formula')}" for m in shown)
    text = f"{note}{formulas}. Interquartile means over runs with 95 % bootstrap intervals, {data.n}."
    return Picture(name, title, text, figure)


def lags(data: Data) -> Picture | None:
    """Draw how much is lost against how long ago it was taught; None without chapters sat again."""
    found = {s: definitions.retention_by_lag(t) for s, t in data.tables.items()}
    if not any(found.values()):
        return None
    figure = Figure((FIGURE_WIDTH * 0.7, 3.2), layout="constrained")
    ax = figure.subplots()
    for s, by_lag in found.items():
        if by_lag:
            each = list(by_lag.values())
            colour = colours(data.students)[s]
            ax.fill_between(list(by_lag), [e.low for e in each], [e.high for e in each], color=colour, alpha=0.22, lw=0)
            ax.plot(list(by_lag), [e.value for e in each], color=colour, lw=1.8, marker="o", ms=4)
    ax.axhline(0, color=LIGHT["muted"], lw=0.8)
    ax.set(xlabel="chapters between lesson and the end of the book", ylabel="change, share of newcomer to oracle")
    ax.set_ylim(min(ax.get_ylim()[0], LOST), max(ax.get_ylim()[1], -LOST / 4))
    ax.grid(axis="y")
    ax.locator_params(axis="x", integer=True)
    legend(figure, [s for s in found if found[s]])
    text = (
        "Chapters sat again after the book: R(C, c) - R(c, c) in units of u against the lag C - c. At 0 nothing was "
        f"lost. Means over runs with 95 % bootstrap intervals, {data.n}."
    )
    return Picture("lags", "Retention against lag", text, figure)


def by_ability(measured: dict[str | None, Estimate | None], books: Sequence[str]) -> dict[str, float]:
    """Return the mean over books of a metric for each ability, books weighted with what the ability is worth there."""
    scores: dict[str, list[tuple[float, float]]] = {}
    for book in books:
        e = measured[book]
        for ability, worth in needs(book).items() if e else ():
            scores.setdefault(ability.word, []).append((e.value if e else 0.0, worth))
    means = {}
    for word, pairs in sorted(scores.items()):
        values, weights = np.array(pairs).T
        means[word] = float(np.average(values, weights=weights))
    return means


def radar(data: Data) -> Picture | None:
    """Draw scores by the abilities that books ask for; None with fewer than three abilities."""
    found = {s: by_ability(data.measured[s]["score"], data.books) for s in data.students}
    tags = sorted({tag for tagged in found.values() for tag in tagged})
    if len(tags) < 3:
        return None
    figure = Figure((6.2, 5.2), layout="constrained")
    ax: Any = figure.subplots(subplot_kw={"projection": "polar"})
    angles = np.linspace(0, 2 * np.pi, len(tags), endpoint=False)
    around = np.append(angles, angles[0])
    for s, colour in colours(data.students).items():
        values = np.array([max(LEAST, found[s].get(tag, np.nan)) for tag in tags])
        ax.plot(around, np.append(values, values[0]), color=colour, lw=1.8)
        ax.fill(angles, values, color=colour, alpha=0.08, lw=0)
    ax.set_theta_offset(np.pi / 2)
    ax.set_theta_direction(-1)
    ax.set_ylim(LEAST, 1.0)
    ax.set_yticks([0, 0.5, 1], ["newcomer", "", "oracle"], fontsize=7.5, color=LIGHT["muted"])
    ax.set_rlabel_position(180 / len(tags))
    ax.set_xticks(angles, [])
    for tag, angle in zip(tags, angles, strict=True):
        n = sum(WORDS[tag] in needs(b) for b in data.books)
        side = "center" if abs(np.sin(angle)) < 0.1 else "left" if np.sin(angle) > 0 else "right"
        ax.text(angle, 1.14, f"{tag}\n({n} book{'s' * (n > 1)})", ha=side, va="center", fontsize=8.5)
    ax.spines["polar"].set_color(LIGHT["line"])
    legend(figure, data.students)
    text = (
        "Mean over the books that need an ability, each weighted with what the ability is worth there (gain of the "
        "model student - its gain without it), of the IQM score (0 the newcomer, 1 the oracle; "
        f"{metric('score').part('Formula')}). Values below {LEAST:g} are drawn at the centre; {data.n}."
    )
    return Picture("radar", "Abilities", text, figure)


def profiles(data: Data) -> Picture:
    """Draw the performance profiles: the share of runs that score above a threshold."""
    thresholds = np.linspace(-0.5, 1.0, 76)
    figure = Figure((FIGURE_WIDTH * 0.7, 3.2), layout="constrained")
    ax = figure.subplots()
    for s, colour in colours(data.students).items():
        share, low, high = statistics.performance_profile(scores_of(data.tables[s]), thresholds)
        ax.fill_between(thresholds, low, high, color=colour, alpha=0.22, lw=0)
        ax.plot(thresholds, share, color=colour, lw=1.8)
    ax.set(xlabel="score t (0 the newcomer, 1 the oracle)", ylabel="share of runs with score > t", ylim=(-0.02, 1.03))
    ax.grid()
    legend(figure, data.students)
    text = f"Performance profiles (rliable): share of runs with score above t, 95 % bootstrap bands, {data.n}."
    return Picture("profiles", "How often how good", text, figure)


def scores_of(table: pl.DataFrame) -> list[np.ndarray]:
    """Return the scores of one student, stratified by book."""
    scores = definitions.score(complete(table)) or {}
    return list(scores.values())


def improvement(data: Data) -> Picture | None:
    """Draw how likely each student beats each other one; None of a single student."""
    strata = {s: scores_of(t) for s, t in data.tables.items()}
    level = {s: data.measured[s]["score"][None] for s in data.students}
    order = sorted(data.students, key=lambda s: -(e.value if (e := level[s]) else 0.0))
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if len(strata[a]) == len(strata[b])]
    if not pairs:
        return None
    figure = Figure((FIGURE_WIDTH * 0.7, 0.9 + 0.27 * len(pairs)), layout="constrained")
    ax = figure.subplots()
    for y, (a, b) in enumerate(pairs):
        e = statistics.probability_of_improvement(strata[a], strata[b])
        ax.plot([e.low, e.high], [y, y], color=colours(data.students)[a], lw=5, alpha=0.4, solid_capstyle="butt")
        ax.plot(e.value, y, "o", color=colours(data.students)[a], ms=5)
    ax.axvline(0.5, color=LIGHT["muted"], lw=0.8)
    ax.set_yticks(range(len(pairs)), [f"{a} over {b}" for a, b in pairs])
    ax.set(ylim=(len(pairs) - 0.5, -0.5), xlim=(-0.02, 1.02), xlabel="P(score of a run is higher)")
    ax.grid(axis="x")
    text = (
        "Probability of improvement (rliable): mean over books of the Mann-Whitney U / (m n), ties half, with 95 % "
        f"bootstrap intervals; 0.5 is no difference; {data.n}."
    )
    return Picture("improvement", "Who beats whom", text, figure)


def draw_curves(data: Data) -> Picture:
    """Draw the learning curves alone."""
    with styled():
        return curves_picture(data)


def draw(data: Data) -> list[Picture]:
    """Draw every picture that the table has the rows for."""
    worth = ("memory_benefit", "chapter_benefit", "own_benefit", "order_benefit", "forward_transfer")
    with styled():
        pictures = [
            curves_picture(data),
            bars(data, "memory", "What memory is worth", worth),
            lags(data),
            bars(data, "retention", "What is left", ("carry_over", "retention", "backward_transfer", "exam_gap")),
            heat(data),
            radar(data),
            bars(data, "duct_tape", "Duct tape", ("duct_tape",), "Above 0 stands what looks right and is not. "),
            bars(data, "generalisation", "Training against test editions", ("generalisation_gap",)),
            profiles(data),
            improvement(data),
        ]
        found = [p for p in pictures if p is not None]
        for p in found:  # laid out once, not for every kind of file
            p.figure.draw_without_rendering()
            p.figure.set_layout_engine("none")
    return found
