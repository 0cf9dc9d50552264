"""Fill README.md and the pages of `benchmarks/results` from what was measured: `python benchmarks/tables.py`.

Between `<!-- name -->` and `<!-- end -->` stands what `PARTS` makes of that name; all else is written by hand. Figures
stand as in the committed tables, so none is rounded twice. A test holds the pages to what this script would write.
`--measure` first runs the study and the example without a memory; `benchmarks/speed.py`, `classics.py`, `memory.py`,
`learning.py`, `in_context.py` and `language_model.py` are run by themselves, on a quiet machine.
"""

import argparse
import csv
import pathlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter

from textbook_gym.authoring.abilities import Ability
from textbook_gym.cli.books import headline
from textbook_gym.metrics.summary import ALL, summary
from textbook_gym.registry import BOOKS, CLASSICS, env_ids, find
from textbook_gym.report.summary_tables import curves
from textbook_gym.students.base import REFERENCES
from textbook_gym.study.run import study

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGES = (ROOT / "README.md", *sorted(RESULTS.glob("*.md")))

Row = dict[str, str]
Cell = str | Callable[[Row], str]
"""What stands in a column: the column of the committed table, or what makes it of a row."""


def read(name: str) -> list[Row]:
    """Return the rows of a committed table, every figure as it is written there."""
    with (RESULTS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def listed(rows: Iterable[Row], cells: Mapping[str, Cell]) -> str:
    """Return a table in Markdown that has a line for every row of a committed table.

    Args:
        rows: the rows.
        cells: heading -> what stands under it: the name of a column, or what makes it of a row.
    """
    makers = [itemgetter(cell) if isinstance(cell, str) else cell for cell in cells.values()]
    return table(list(cells), ([make(row) for make in makers] for row in rows))


def thousands(name: str) -> Callable[[Row], str]:
    """Return what writes a whole number of a row with commas."""
    return lambda row: f"{int(row[name]):,}"


def signed(figure: str) -> str:
    """Return a figure with its sign; the digits are those of the table."""
    return figure if figure.startswith("-") or not figure else f"+{figure}"


def interval(name: str) -> Callable[[Row], str]:
    """Return what writes a figure of a row with the ends of its interval, or a dash."""

    def written(row: Row) -> str:
        if not row[name]:
            return "-"
        return f"{signed(row[name])} [{signed(row[f'{name}_low'])}, {signed(row[f'{name}_high'])}]"

    return written


def or_dash(name: str) -> Callable[[Row], str]:
    """Return what writes a figure of a row with its sign, or a dash."""
    return lambda row: signed(row[name]) or "-"


# --- books ---------------------------------------------------------------------------------


def books() -> str:
    """Return the books, a line each: what is done, and what is drawn anew for every edition."""
    rows = []
    for name in BOOKS:
        book = find(name)
        shortcut = " *(has a shortcut)*" if book.has_shortcut else ""
        about = headline(book).rstrip(".")
        rows.append((name, f"{about}{shortcut}", hidden(book.doc), str(len(book.actions)), str(book.width)))
    return table(("book", "what is done", "what to find out, and to remember", "actions", "floats"), rows)


def hidden(doc: str) -> str:
    """Return what a book's docstring says is drawn once an edition.

    Raises:
        ValueError: it does not say so.
    """
    found = re.search(r"Why memory pays\s+(.*?) (?:is|are) drawn once an edition", doc, re.S)
    if found is None:
        raise ValueError(f"{doc.split(':')[0]}: under 'Why memory pays' say what is drawn once an edition")
    words = " ".join(found[1].split())
    return words[0].lower() + words[1:]


def classics_ids() -> str:
    """Return the ids of the classics shelf."""
    return table(("id", "task"), ((f"`{env_ids(name)[0]}`", headline(find(name))) for name in CLASSICS))


# --- the study -----------------------------------------------------------------------------


def results(rows: Iterable[Row] | None = None) -> str:
    """Return the table of the reference students."""
    cells: dict[str, Cell] = {
        "book": "book",
        "student": "student",
        "gain": interval("gain"),
        "first third": "first_third",
        "last third": "last_third",
        "memory benefit": interval("memory_benefit"),
    }
    return listed(rows or read("summary.csv"), cells)


def headlines() -> str:
    """Return the reference students over all books, one line on speed and one on training."""
    over_all = results(r for r in read("summary.csv") if r["book"] == ALL)
    return f"{over_all}\n\n- {learning_line()}\n- {speed_line()}"


# --- speed ---------------------------------------------------------------------------------


def millions(row: Row) -> str:
    """Return millions of steps a second."""
    return f"{int(row['steps_per_second']) / 1e6:.3g}"


def speed() -> str:
    """Return the table of speeds."""
    cells: dict[str, Cell] = {
        "what": "what",
        "kind": "kind",
        "lanes": thousands("lanes"),
        "threads": "threads",
        "million steps/s": millions,
        "x CartPole": "times_cartpole",
    }
    return listed(read("speed.csv"), cells)


def speed_line() -> str:
    """Return how fast one book is beside Gymnasium's CartPole."""
    rows = {(r["what"], r["kind"], r["lanes"]): r for r in read("speed.csv") if r["threads"] == "1"}
    single, batch = rows["Bandits", "single", "1"], rows["Bandits", "vector", "4096"]
    ratios = single["times_cartpole"], batch["times_cartpole"]
    poles = rows["Gymnasium CartPole-v1", "vector", "4096"]["times_cartpole"]
    return (
        f"On one core `Bandits` makes {millions(single)} million steps a second in `env.step` and {millions(batch)} "
        f"million in a batch of 4,096: {ratios[0]} and {ratios[1]} times a single CartPole "
        f"of Gymnasium measured by turns with each, whose own batch makes {poles}. "
        "[All speeds](benchmarks/results/speed.md)."
    )


# --- classics ------------------------------------------------------------------------------


def classics() -> str:
    """Return the table of the classics shelf: every player at the papers' settings."""
    cells: dict[str, Cell] = {
        "task": "task",
        "setting": "setting",
        "player": "player",
        "tuning": "tuning",
        "episodes": thousands("episodes"),
        "ours": lambda r: f"{r['value']} ± {r['error']}",
        "published": lambda r: f"{r['published']} ± {r['published_error']}" if r["published"] else "",
        "deviation, standard errors": "deviation",
    }
    return listed(read("classics.csv"), cells)


# --- learning ------------------------------------------------------------------------------


def learning() -> str:
    """Return what the experiment on training showed."""
    cells: dict[str, Cell] = {
        "book": "book",
        "reward": "reward",
        "student": "student",
        "seeds": "seeds",
        "steps": thousands("steps"),
        "gain": interval("gain"),
        "memory benefit": interval("benefit"),
        "rise": interval("rise"),
        "learns": lambda r: "yes" if r["learns"] == "True" else "no",
    }
    return listed(read("learning/summary.csv"), cells)


def learning_line() -> str:
    """Return what one trained student reaches with its memory and without."""
    rows = {(r["book"], r["reward"], r["student"]): r for r in read("learning/summary.csv")}
    ledger, none = (rows["Vocabulary", "improvement", s] for s in ("ledger", "none"))
    gain, steps = interval("gain"), thousands("steps")
    return (
        f"Trained on `VocabularyShort` for {steps(ledger)} steps, {ledger['seeds']} seeds: gain "
        f"{gain(ledger)} with a ledger, {gain(none)} without a memory. "
        "[All trainings](benchmarks/results/learning.md)."
    )


def abilities() -> str:
    """Return books x abilities: worth in the book, and in the chapter where it is most, ± half its 95 % interval."""

    def figure(row: dict[str, str]) -> str:
        value, high, inside, above = (float(row[c]) for c in ("worth", "high", "in_chapter", "chapter_high"))
        more = f" ({inside:.3f} ± {above - inside:.3f} in {row['chapter']})" if inside > value else ""
        return f"{value:.3f} ± {high - value:.3f}{more}" if row["claimed"] == "True" else ""

    found: dict[str, list[str]] = {}
    for row in read("../../textbook_gym/report/worth.csv"):
        found.setdefault(row["book"], []).append(figure(row))
    return table(("book", *(a.word for a in Ability)), ((book, *cells) for book, cells in found.items()))


def needs_text() -> str:
    """Return for every book what its model student does without each ability that the book claims."""
    rows = ((name, a.word, text) for name in BOOKS for a, text in sorted(find(name).abilities.items()))
    return table(("book", "ability", "without it the model student ..."), rows)


def payment() -> str:
    """Return the experiment on what is paid for."""
    cells: dict[str, Cell] = {
        "course": "course",
        "student": "student",
        "paid for": "payment",
        "seeds": "seeds",
        "first third": interval("first"),
        "last third": interval("last"),
        "last third above near": interval("above_near"),
    }
    return listed(read("payment/summary.csv"), cells)


def distilled() -> str:
    """Return what labels before reward did."""
    cells: dict[str, Cell] = {
        "book": "book",
        "student": "student",
        "seeds": "seeds",
        "newcomer": "newcomer",
        "last third": interval("last"),
        "gain": interval("gain"),
        "memory benefit": interval("benefit"),
        "rise": interval("rise"),
        "learns": lambda row: "yes" if row["learns"] == "True" else "no",
    }
    return listed(read("distilled.csv"), cells)


def sb3() -> str:
    """Return what the lines without a memory printed."""
    first, *_, last = read("sb3.csv")
    steps = thousands("steps")
    return (
        f"`python benchmarks/tables.py --measure` ran these lines: reward of a course {signed(first['reward'])} after "
        f"{steps(first)} steps, {signed(last['reward'])} after {steps(last)}, "
        f"{last['seconds']} seconds on one core."
    )


# --- learning in context -------------------------------------------------------------------


def in_context() -> str:
    """Return what the student `in-context` reaches on test editions of whole courses, beside those who are known."""
    cells: dict[str, Cell] = {
        "book": "book",
        "steps": thousands("steps"),
        "seconds": thousands("seconds"),
        "newcomer": "newcomer",
        "in-context, wiped": "wiped",
        "in-context": "last",
        "model student": "model",
        "gain": interval("gain"),
        "memory benefit": interval("benefit"),
        "rise": interval("rise"),
        "learns": lambda row: "yes" if row["learns"] == "True" else "no",
    }
    return listed(read("in_context.csv"), cells)


def in_context_line() -> str:
    """Return in how many books the student `in-context` learns."""
    rows = read("in_context.csv")
    met = [r["book"] for r in rows if r["learns"] == "True"]
    rest = [r["book"] for r in rows if r["learns"] != "True"]
    return (
        f"It learns in {len(met)} of {len(rows)} books: {', '.join(met)}{'; not in ' if rest else ''}{', '.join(rest)}."
    )


# --- memory --------------------------------------------------------------------------------


def memory_line() -> str:
    """Return what memories cost in training, in a sentence."""
    rows = read("memory.csv")
    shares = sorted((r["share_of_idle"] for r in rows), key=float)
    error = max((r["standard_error"] for r in rows), key=float)
    lanes = " or ".join(sorted({r["lanes"] for r in rows}, key=int))
    return (
        f"PPO with book and memory trains at {shares[0]} to {shares[-1]} of the speed it has with an environment that "
        f"does nothing ({lanes} lanes; standard errors up to {error})."
    )


def memory() -> str:
    """Return the table of what memories cost in training."""
    cells: dict[str, Cell] = {
        "book": "book",
        "memory": "memory",
        "lanes": "lanes",
        "steps/s": thousands("steps_per_second"),
        "share of idle": lambda r: f"{r['share_of_idle']} ± {r['standard_error']}",
        "bytes a lane": thousands("bytes_a_lane"),
    }
    return listed(read("memory.csv"), cells)


# --- a language model ----------------------------------------------------------------------


def language_model() -> str:
    """Return what a small language model makes of seminar courses, beside who is known."""
    benefit, bare = interval("benefit"), or_dash("benefit")
    cells: dict[str, Cell] = {
        "book": "book",
        "student": "student",
        "editions": "editions",
        "gain kept": or_dash("gain_kept"),
        "wiped": or_dash("gain_wiped"),
        "notebook": or_dash("gain_notebook"),
        "kept - wiped": lambda r: benefit(r) if r["benefit_low"] else bare(r),
        "normalised gain": or_dash("normalised_gain"),
    }
    return listed(read("language_model.csv"), cells)


def language_model_costs() -> str:
    """Return what the language model said and what that cost."""
    cells: dict[str, Cell] = {
        "book": "book",
        "student": "student",
        "replies": thousands("replies"),
        "of 100: empty": "empty",
        "truncated": "truncated",
        "no action": "unknown",
        "tokens read": thousands("tokens_read"),
        "said": thousands("tokens_said"),
        "seconds": thousands("seconds"),
    }
    return listed((r for r in read("language_model.csv") if r["replies"]), cells)


# --- the pages -----------------------------------------------------------------------------


def measure() -> None:
    """Run the study and the SB3 example; keep their results."""
    RESULTS.mkdir(exist_ok=True)
    marks = study(list(REFERENCES), list(BOOKS))
    summary(marks).write_csv(RESULTS / "summary.csv", float_precision=4)
    curves(marks, RESULTS / "curves.png")
    import time

    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback

    torch.set_num_threads(1)
    code = re.search(
        r"```python\n(from stable_baselines3.*?)```", (RESULTS / "learning.md").read_text(encoding="utf-8"), re.S
    )
    assert code is not None
    rows: list[tuple[int, float, float]] = []
    start = time.perf_counter()

    class Watch(BaseCallback):
        """Note the mean reward of a course as it goes."""

        def _on_step(self) -> bool:
            return True

        def _on_rollout_end(self) -> None:
            episodes = [e["r"] for e in self.model.ep_info_buffer or ()]
            if episodes:
                seconds = time.perf_counter() - start
                rows.append((self.num_timesteps, sum(episodes) / len(episodes), seconds))

    lines = code[1].replace("model.learn(1_000_000)", "model.learn(1_000_000, callback=watch)").split("model.save")[0]
    exec(lines.replace("verbose=1", "verbose=0"), {"PPO": PPO, "watch": Watch()})
    with (RESULTS / "sb3.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["steps", "reward", "seconds"])
        writer.writerows((s, f"{r:.4f}", f"{t:.1f}") for s, r, t in rows)


PARTS: dict[str, Callable[[], str]] = {
    "books": books,
    "classics ids": classics_ids,
    "classics": classics,
    "headlines": headlines,
    "results": results,
    "speed": speed,
    "learning": learning,
    "sb3": sb3,
    "in context": in_context,
    "in context line": in_context_line,
    "memory line": memory_line,
    "memory": memory,
    "abilities": abilities,
    "needs": needs_text,
    "payment": payment,
    "distilled": distilled,
    "language model": language_model,
    "language model costs": language_model_costs,
}
"""Name of a part, as its opening comment has it -> what makes it."""


def filled(text: str) -> str:
    """Return a page with its generated parts made anew."""
    for mark, make in PARTS.items():
        text = re.sub(
            rf"(<!-- {mark} -->\n).*?(<!-- end -->)", lambda m, f=make: f"{m[1]}{f()}\n{m[2]}", text, flags=re.S
        )
    return text


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--measure", action="store_true", help="run the study and the SB3 example first")
    if parser.parse_args().measure:
        measure()
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
