"""What every ability is worth in every book: `python benchmarks/abilities.py`, a minute once all is compiled.

Writes the table that the package ships (`textbook_gym/report/worth.csv`) and the picture `results/abilities.png`. See
`textbook_gym/abilities.py` for what is measured.
"""

import csv
import io
import pathlib

from matplotlib import rc_context
from matplotlib.figure import Figure

import textbook_gym.report
from textbook_gym.abilities import Worth, worths
from textbook_gym.atomic_write import beside
from textbook_gym.authoring.abilities import Ability
from textbook_gym.registry import BOOKS, find
from textbook_gym.report.radar_weights import TABLE, WORTH_COLUMNS, row_of
from textbook_gym.report.style import STYLE, Picture, save_png

COURSES = 512
RESULTS = pathlib.Path(__file__).parent / "results"


def picture(measured: dict[str, list[Worth]]) -> Picture:
    """Draw books x abilities: worth in the book, or in the chapter where it is most; frames mark the necessary."""
    books, words = list(measured), [a.word for a in Ability]
    with rc_context(STYLE):
        figure = Figure((8.4, 0.42 * len(books) + 1.4), layout="constrained")
        axis = figure.subplots()
        shades = [[max(0.0, w.value, *w.chapters) if w.claimed else 0.0 for w in measured[b]] for b in books]
        axis.imshow(shades, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
        for y, book in enumerate(books):
            for x, w in enumerate(measured[book]):
                if w.claimed:
                    text = f"{w.value:.2f}" if w.value >= max(w.chapters) else f"{w.value:.2f} ({max(w.chapters):.2f})"
                    ink = "white" if shades[y][x] > 0.55 else "black"
                    axis.text(x, y, text, ha="center", va="center", fontsize=8, color=ink)
        axis.set_xticks(range(len(words)), words)
        axis.set_yticks(range(len(books)), books)
        axis.tick_params(length=0, labeltop=True, labelbottom=False)
    caption = "Gain of the model student - its gain without the ability; in brackets in the chapter where it is most."
    return Picture("abilities", "What abilities are worth", caption, figure)


def main() -> None:
    """Measure all books, write table and picture."""
    measured = {book: worths(find(book), COURSES) for book in BOOKS}
    room = io.StringIO()
    writer = csv.DictWriter(room, WORTH_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row_of(book, w) for book, every in measured.items() for w in every)
    with beside(pathlib.Path(textbook_gym.report.__path__[0]) / TABLE) as part:
        part.write_text(room.getvalue(), encoding="utf-8")
    save_png(picture(measured), RESULTS / "abilities.png")
    for ability in Ability:
        held = [b for b in BOOKS if any(w.ability == ability and w.claimed and w.necessary for w in measured[b])]
        print(f"{ability.word:17} necessary in {len(held):2}: {', '.join(held)}")


if __name__ == "__main__":
    main()
