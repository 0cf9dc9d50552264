"""Golden playthroughs: what the model student sees and does in one edition of every book, as text a reviewer can read.

`python tests/helpers/golden.py` writes them anew. A change here is a change of what a student sees, earns or can
do, and is the reason for a new version of the environment.
"""

import pathlib

import numpy as np

from textbook_gym.authoring.records import Row
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.render import rows, tell
from textbook_gym.registry import BOOKS, find

FOLDER = pathlib.Path(__file__).parent.parent / "contract" / "golden"
EDITION = 1
EXERCISES = 2  # of each chapter


def playthrough(name: str) -> str:
    """Return two exercises of every chapter in words, with drawings of their first pages."""
    lanes = Lanes(find(name).path, episode="book", exercises=EXERCISES, split="all", interpreted=True)
    book = lanes.book
    note = np.zeros(1, book.notes)
    note["rng"] = EDITION
    _, seen, out = lanes.room()
    lanes.reset(np.ones(1, np.bool_), seen, out, {"edition": EDITION})
    lines = [f"{name}, edition {EDITION}"]
    n = Row(note[0])
    while True:
        page = rows(lanes, 0)
        lines += ["", f"## {page[0].rstrip()}", *(f"    {row.rstrip()}" for row in page[3:]), tell(lanes, 0)]
        wide = np.zeros(2, book.seen("f8"))

        def look(slot: int, wide: np.ndarray = wide) -> Row:
            for field in wide.dtype.names or ():
                wide[slot][field] = seen[0][field]
            return Row(wide[slot])

        p = Row(lanes.plan[int(lanes.records["clock"]["chapter"][0])])
        book.turn_page(note)
        book.module.open_page(p, n, look(0))
        while not out["exercise_done"][0]:
            before = look(0)
            action = int(book.module.answer(p, n, before))
            lanes.advance(np.array([action]), seen, out)
            book.module.study(p, n, before, action, look(1))
            lines.append(f"> {book.actions[action]}")
            lines.append(tell(lanes, 0))
            wide[0] = wide[1]
        clock = lanes.records["clock"][0]
        lines.append(f"= mark {clock['mark']:.4f} grade {clock['grade']:.4f} reward {out['reward'][0]:+.4f}")
        if out["book_done"][0]:
            return "\n".join([*lines, f"= gain {out['gain'][0]:+.4f}"]) + "\n"
        lanes.advance(np.array([0]), seen, out)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for book_name in BOOKS:
        (FOLDER / f"{book_name}.txt").write_text(playthrough(book_name))
