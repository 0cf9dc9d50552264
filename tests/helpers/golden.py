"""Golden playthroughs: what the model student sees and does in one edition of every book, as text a reviewer can read.

And golden digests: which worlds the first editions of every split are, in every book and every short course.

`python tests/helpers/golden.py` writes them anew. A change here is a change of what a student sees, earns or can
do, and is the reason for a new version of the environment.
"""

import hashlib
import pathlib

import numpy as np

from textbook_gym.authoring.records import Row
from textbook_gym.engine.batch import words
from textbook_gym.engine.course import edition_words
from textbook_gym.engine.lanes import Lanes
from textbook_gym.registry import BOOKS, env_ids, find, short_id
from textbook_gym.students.rollout import open_editions

FOLDER = pathlib.Path(__file__).parent.parent / "contract" / "golden"
EDITION = 1
EXERCISES = 2  # of each chapter
DIGESTS = "edition_digests.txt"
EDITIONS = 64  # of each split that are digested


def playthrough(name: str) -> str:
    """Return two exercises of every chapter in words, with drawings of their first pages."""
    lanes = Lanes(find(name).path, episode="book", exercises=EXERCISES, split="all", interpreted=True)
    book = lanes.book
    note = np.zeros(1, book.notes)
    note["rng"] = EDITION
    obs, out = lanes.buffers()
    seen = obs.view(book.observation_type())[:, 0]
    lanes.reset(np.ones(1, np.bool_), obs, out, {"edition": EDITION})
    lines = [f"{name}, edition {EDITION}"]
    n = Row(note[0])
    while True:
        page = lanes.draw(0)
        lines += ["", f"## {page[0].rstrip()}", *(f"    {row.rstrip()}" for row in page[3:]), lanes.tell(0)]
        wide = np.zeros(2, book.observation_type("f8"))

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
            lanes.advance(np.array([action]), obs, out)
            book.module.study(p, n, before, action, look(1))
            lines.append(f"> {book.actions[action]}")
            lines.append(lanes.tell(0))
            wide[0] = wide[1]
        clock = lanes.records["clock"][0]
        lines.append(f"= mark {clock['mark']:.4f} grade {clock['grade']:.4f} reward {out['reward'][0]:+.4f}")
        if out["book_done"][0]:
            return "\n".join([*lines, f"= gain {out['gain'][0]:+.4f}"]) + "\n"
        lanes.advance(np.array([0]), obs, out)


def digests(name: str) -> dict[str, str]:
    """Return the digest of editions 0 to 63 of each split, in a book and in its short course, by id and split."""
    found = {}
    book = find(name)
    for env_id, course in ((env_ids(name)[0], None), (short_id(name), "short")):
        for split in ("train", "test"):
            lanes = Lanes(book.path, EDITIONS, episode="book", split=split, threads=1, course=course)
            open_editions(lanes, range(EDITIONS))
            worlds = words(lanes.records)[:, slice(*edition_words(book))]
            found[f"{env_id} {split}"] = hashlib.sha256(worlds.tobytes()).hexdigest()
    return found


def kept_digests() -> dict[str, str]:
    """Return the digests as they were, by id and split."""
    lines = (FOLDER / DIGESTS).read_text(encoding="utf-8").splitlines()
    return {line[:-65]: line[-64:] for line in lines}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for book_name in BOOKS:
        (FOLDER / f"{book_name}.txt").write_text(playthrough(book_name), encoding="utf-8")
    every = [f"{key} {digest}\n" for book_name in BOOKS for key, digest in digests(book_name).items()]
    (FOLDER / DIGESTS).write_text("".join(every), encoding="utf-8")
