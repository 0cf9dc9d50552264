"""What pictures are drawn on: colours for light and dark, students' colours, and how a figure becomes SVG, PNG, PDF.

A picture is drawn once, in the colours of light paper. In SVG every one of these colours becomes a CSS variable of the
page, which is how the same drawing is readable in dark: `pages.LIGHT` and `pages.DARK` hold the two sets.
"""

import contextlib
import io
import pathlib
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import matplotlib
import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from textbook_gym.files import beside
from textbook_gym.metrics.definitions import Measured
from textbook_gym.report.pages import LIGHT

REFERENCE_COLOURS = {
    "random": "grey",
    "newcomer": "orange",
    "model": "blue",
    "oracle": "green",
}  # the reference students
OTHER_COLOURS = ("violet", "rose", "teal", "olive", "blue", "green", "orange", "grey")

STYLE: Any = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": LIGHT["muted"],
    "axes.labelcolor": LIGHT["ink"],
    "axes.titlecolor": LIGHT["ink"],
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": LIGHT["ink"],
    "text.parse_math": False,  # names of students are texts, dollars and all
    "xtick.color": LIGHT["muted"],
    "ytick.color": LIGHT["muted"],
    "xtick.labelcolor": LIGHT["ink"],
    "ytick.labelcolor": LIGHT["ink"],
    "grid.color": LIGHT["line"],
    "grid.linewidth": 0.7,
    "figure.facecolor": LIGHT["paper"],
    "legend.frameon": False,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,  # editable text, as publishers ask
}
FIGURE_WIDTH = 10.0  # inches
DOTS = 140  # an inch, in PNG


class Picture(NamedTuple):
    """A drawn picture: name of its files, title, caption with formula and n."""

    name: str
    title: str
    caption: str
    figure: Figure


class Data(NamedTuple):
    """What pictures are drawn from."""

    tables: dict[str, pl.DataFrame]  # rows by student
    measured: Measured
    books: list[str]
    n: str  # how many runs stand behind a figure, in words

    @property
    def students(self) -> list[str]:
        """The students in the order in which they walked."""
        return list(self.tables)


def colours(students: Sequence[str]) -> dict[str, str]:
    """Return a colour of `LIGHT` for each student; the reference students have theirs."""
    spare = [name for name in OTHER_COLOURS if name not in {REFERENCE_COLOURS.get(s) for s in students}] or list(
        OTHER_COLOURS
    )
    names: dict[str, str] = {}
    for s in students:
        names[s] = (
            REFERENCE_COLOURS[s]
            if s in REFERENCE_COLOURS
            else spare[len([x for x in names if x not in REFERENCE_COLOURS]) % len(spare)]
        )
    return {s: LIGHT[name] for s, name in names.items()}


def legend(figure: Figure, students: Sequence[str], filled: bool = False) -> None:
    """Write the students' names in their colours below a picture."""
    lines = [
        Line2D([], [], color=c, lw=0 if filled else 2, marker="s" if filled else "", label=s)
        for s, c in colours(students).items()
    ]
    figure.legend(handles=lines, loc="outside lower center", ncols=min(len(lines), 6))


def svg(picture: Picture) -> str:
    """Return a picture as SVG to stand inside a page, its colours CSS variables."""
    buffer = io.StringIO()
    bare = {"Date": None, "Creator": None, "Format": None, "Type": None}
    write_figure(picture, buffer, format="svg", transparent=True, metadata=bare)
    text = re.sub(r"^.*?(?=<svg)", "", buffer.getvalue(), count=1, flags=re.S)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    for name, colour in LIGHT.items():
        text = text.replace(colour, f"var(--{name})")
    return re.sub(r"\n\s*", "\n", text)


def save(pictures: Sequence[Picture], folder: pathlib.Path) -> None:
    """Write every picture as PNG and PDF into a folder, each beside its place and then renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        save_png(picture, folder / f"{picture.name}.png")
        with beside(folder / f"{picture.name}.pdf") as part:
            write_figure(picture, part, format="pdf", metadata={"CreationDate": None})


def save_png(picture: Picture, path: pathlib.Path) -> None:
    """Write a picture as PNG."""
    with beside(path) as part:
        write_figure(picture, part, format="png", dpi=DOTS, metadata={"Software": None})


@contextlib.contextmanager
def styled(**more: Any) -> Iterator[None]:
    """Draw in the style of the report; a letter that the font lacks is a box in the picture, and no warning."""
    style: Any = {**STYLE, **more}
    with matplotlib.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield


def write_figure(picture: Picture, target: Any, **how: Any) -> None:
    """Write a picture to a file, or what is like one."""
    with styled(**{"svg.hashsalt": picture.name}):
        picture.figure.savefig(target, **how)
