"""Probes of a book: what an author can get wrong without any mark of a reference student showing it.

Each is a generator of findings, a line each, as the checks of `textbook_gym.checks` are.
"""

from collections.abc import Iterator

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.records import Row
from textbook_gym.engine.batch import words
from textbook_gym.engine.course import Stage
from textbook_gym.engine.info import OUT
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.students.base import REFERENCES
from textbook_gym.students.rollout import walk

PROBES = 64  # lanes for checks that go through plain Python or many actions
PAGES = 256  # first pages that are searched for the answer; the rule found on one half is tried on the other
VALUES = 48  # a float of the page with more values than this is no code of an action
TELLING = 0.4  # by which one float of the page may raise the chance to name the oracle's first action
GREEDY = 4  # lanes in which marks above 1 are searched for
FOREIGN = 64  # courses walked with foreign notes, and with their own
OWN_NOTES = 0.05  # by which own notes must be worth more than foreign ones


def first_pages(book: Book, lanes: int, chapter: int, split: str = "all") -> tuple[Lanes, np.ndarray]:
    """Return lanes that stand at the first page of a chapter of editions 0, 1, ..., and what they show."""
    made = Lanes(book.path, lanes, split=split)
    obs, out = made.buffers()
    made.reset(np.ones(lanes, np.bool_), obs, out, {"edition": list(range(lanes)), "chapter": chapter})
    return made, obs


def check_page(book: Book) -> Iterator[str]:
    """The first page of a chapter shows neither what the oracle does nor the random numbers that are still to come."""
    names = [s.name for s in book.signals for _ in range(s.size)]
    for number in range(1, len(book.chapters) + 1):
        lanes, flat = first_pages(book, PAGES, number)
        p = Row(lanes.plan[number - 1])
        wise = np.array([int(book.module.oracle(p, r.edition, r.state)) for r in map(Row, lanes.records)])
        rises = [telling(flat[:, j], wise) for j in range(len(names))]
        j = int(np.argmax(rises))
        if rises[j] > TELLING:
            yield (
                f"chapter {number}: signal {names[j]!r} (float {j}) of the first page tells the oracle's first action "
                f"(+{rises[j]:.2f} over guessing); show only what a student can have found out"
            )
        lanes.records["state"]["rng"] ^= np.uint64(0x9E3779B97F4A7C15)
        out = np.zeros(PAGES, OUT)
        seen = flat.copy()
        lanes.reset(np.zeros(PAGES, np.bool_), flat, out, others=True)
        other = np.flatnonzero((seen != flat).any(axis=0))
        if len(other):
            yield f"chapter {number}: signal {names[int(other[0])]!r} follows the random stream `s.rng`; do not show it"


def telling(shown: np.ndarray, wise: np.ndarray) -> float:
    """Return by how much knowing one float raises the chance to name the oracle's action, on pages not learned from."""
    values, codes = np.unique(shown, return_inverse=True)
    if not 1 < len(values) <= VALUES:
        return 0.0
    half = len(wise) // 2
    counts = np.zeros((len(values), int(wise.max()) + 1))
    np.add.at(counts, (codes[:half], wise[:half]), 1)
    usual = counts.sum(axis=0).argmax()
    guess = np.where(counts.any(axis=1), counts.argmax(axis=1), usual)
    return float((guess[codes[half:]] == wise[half:]).mean() - (wise[half:] == usual).mean())


def check_highest(book: Book) -> Iterator[str]:
    """No mark is above 1, also where it is sought: greedily, page by page."""
    actions, rng = len(book.actions), np.random.default_rng(2)
    for number in range(1, len(book.chapters) + 1):
        lanes, flat = first_pages(book, GREEDY, number)
        p, out, records = Row(lanes.plan[number - 1]), np.zeros(GREEDY, OUT), words(lanes.records)
        for _ in range(book.chapters[number - 1].limit):
            before, best, chosen = records.copy(), np.full(GREEDY, -1.0), np.zeros(GREEDY, np.int64)
            for action in rng.permutation(actions).tolist():
                records[:] = before
                lanes.advance(np.full(GREEDY, action), flat, out)
                marks = np.array([float(book.module.mark(p, Row(state))) for state in lanes.records["state"]])
                chosen[marks > best] = action
                best = np.maximum(best, marks)
            if best.max() > 1.0:
                yield f"chapter {number}: a mark of {best.max():g} can be had; divide by what the oracle gets"
                break
            records[:] = before
            lanes.advance(chosen, flat, out)
            if (lanes.records["clock"]["stage"] != Stage.OPEN).all():
                break


def check_own_notes(book: Book) -> Iterator[str]:
    """Notes of a foreign edition are worth less than those of one's own: what is learned is the edition."""
    numbers, marks = list(range(FOREIGN)), {}
    for name, brought in (("own", numbers), ("foreign", [n + FOREIGN for n in numbers])):
        before, lanes = (Lanes(book.path, FOREIGN, episode="book", split="all") for _ in range(2))
        rows = walk(REFERENCES["model"], lanes, numbers, Wipe.NEVER, before=(before, brought))
        marks[name] = float(rows["mark"][:, rows["exercise"][0] <= 2].mean())
    if marks["own"] - marks["foreign"] < OWN_NOTES:
        yield (
            f"notes of a foreign edition bring {marks['foreign']:.3f} at the beginning of chapters, own ones "
            f"{marks['own']:.3f}; let the rules depend on the edition"
        )


def opened(book: Book, split: str, lanes: int, chapter: int = 1) -> tuple[Lanes, np.ndarray, np.ndarray]:
    """Return lanes that stand at the first page of a chapter of editions 0, 1, ..., and what they show."""
    made = Lanes(book.path, lanes, split=split)
    obs, out = made.buffers()
    mask = np.ones(lanes, np.bool_)
    made.reset(mask, obs, out, {"edition": list(range(lanes)), "chapter": chapter})
    return made, obs, obs.view(made.engine.seen)[:, 0]


def part_words(lanes: Lanes, part: str) -> np.ndarray:
    """Return EDITION or STATE of every lane as 64-bit words: a copy by fields would have chance in its gaps."""
    fields = lanes.engine.lane.fields
    assert fields is not None
    kind, offset = fields[part][:2]
    return words(lanes.records)[:, offset // 8 : (offset + kind.itemsize) // 8]


def check_every_action_matters(book: Book) -> Iterator[str]:
    """Every action does something, somewhere in the book, that no other action does there."""
    useful: set[int] = set()
    rng = np.random.default_rng(1)
    actions = len(book.actions)
    for number in range(1, len(book.chapters) + 1):
        lanes, flat, _ = opened(book, "all", PROBES, number)
        out = np.zeros(PROBES, OUT)
        for _ in range(book.chapters[number - 1].limit):
            before = lanes.records.copy()
            after = []
            for action in range(actions):
                lanes.records[:] = before
                lanes.advance(np.full(PROBES, action), flat, out)
                after.append(outcomes_of(lanes))
            lanes.records[:] = before
            stood = outcomes_of(lanes)
            lanes.records[:] = before
            for i in range(PROBES):
                outcomes = [after[a][i] for a in range(actions)]
                alone = {a for a in range(actions) if outcomes.count(outcomes[a]) == 1}
                useful |= {a for a in alone if outcomes[a] != stood[i]}
            if len(useful) == actions:
                return
            lanes.advance(rng.integers(0, actions, PROBES), flat, out)
    for action in sorted(set(range(actions)) - useful):
        yield f"action {book.actions[action]} never does anything that no other action does; leave it out"


def outcomes_of(lanes: Lanes) -> list[bytes]:
    """Return, as bytes, the state of every lane without its random stream, and whether an action ended the exercise."""
    lanes.records["state"]["rng"] = 0
    clock = lanes.records["clock"]
    ended = (clock["stage"] != Stage.OPEN) & (clock["step"] < lanes.plan["limit"][clock["chapter"]])
    return [part.tobytes() + bytes([bool(end)]) for part, end in zip(part_words(lanes, "state"), ended, strict=True)]
