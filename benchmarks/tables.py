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
from collections.abc import Callable, Iterable, Sequence

from textbook_gym.cli.books import headline
from textbook_gym.metrics.summary import ALL, summary
from textbook_gym.registry import BOOKS, CLASSICS, env_ids, find
from textbook_gym.report.terminal import curves
from textbook_gym.students.base import REFERENCES
from textbook_gym.study.run import study

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGES = (ROOT / "README.md", *sorted(RESULTS.glob("*.md")))

Row = dict[str, str]


def read(name: str) -> list[Row]:
    """Return the rows of a committed table, every figure as it is written there."""
    with (RESULTS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def thousands(number: str) -> str:
    """Return a whole number with commas."""
    return f"{int(number):,}"


def signed(figure: str) -> str:
    """Return a figure with its sign; the digits are those of the table."""
    return figure if figure.startswith("-") or not figure else f"+{figure}"


def interval(row: Row, name: str) -> str:
    """Return a figure with the ends of its interval, or a dash."""
    if not row[name]:
        return "-"
    return f"{signed(row[name])} [{signed(row[f'{name}_low'])}, {signed(row[f'{name}_high'])}]"


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
    cells = (
        (r["book"], r["student"], interval(r, "gain"), r["first_third"], r["last_third"], interval(r, "memory_benefit"))
        for r in rows or read("summary.csv")
    )
    return table(("book", "student", "gain", "first third", "last third", "memory benefit"), cells)


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
    cells = (
        (r["what"], r["kind"], thousands(r["lanes"]), r["threads"], millions(r), r["times_cartpole"])
        for r in read("speed.csv")
    )
    return table(("what", "kind", "lanes", "threads", "million steps/s", "x CartPole"), cells)


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
    cells = (
        (
            r["task"],
            r["setting"],
            r["player"],
            r["tuning"],
            thousands(r["episodes"]),
            f"{r['value']} ± {r['error']}",
            f"{r['published']} ± {r['published_error']}" if r["published"] else "",
            r["deviation"],
        )
        for r in read("classics.csv")
    )
    headings = ("task", "setting", "player", "tuning", "episodes", "ours", "published", "deviation, standard errors")
    return table(headings, cells)


# --- learning ------------------------------------------------------------------------------


def learning() -> str:
    """Return what the experiment on training showed."""
    cells = (
        (
            r["book"],
            r["reward"],
            r["student"],
            r["seeds"],
            thousands(r["steps"]),
            *(interval(r, k) for k in ("gain", "benefit", "rise")),
            "yes" if r["learns"] == "True" else "no",
        )
        for r in read("learning/summary.csv")
    )
    headings = ("book", "reward", "student", "seeds", "steps", "gain", "memory benefit", "rise", "learns")
    return table(headings, cells)


def learning_line() -> str:
    """Return what one trained student reaches with its memory and without."""
    rows = {(r["book"], r["reward"], r["student"]): r for r in read("learning/summary.csv")}
    ledger, none = (rows["Vocabulary", "improvement", s] for s in ("ledger", "none"))
    return (
        f"Trained on `VocabularyShort` for {thousands(ledger['steps'])} steps, {ledger['seeds']} seeds: gain "
        f"{interval(ledger, 'gain')} with a ledger, {interval(none, 'gain')} without a memory. "
        "[All trainings](benchmarks/results/learning.md)."
    )


def sb3() -> str:
    """Return what the lines without a memory printed."""
    first, *_, last = read("sb3.csv")
    return (
        f"`python benchmarks/tables.py --measure` ran these lines: reward of a course {signed(first['reward'])} after "
        f"{thousands(first['steps'])} steps, {signed(last['reward'])} after {thousands(last['steps'])}, "
        f"{last['seconds']} seconds on one core."
    )


# --- learning in context -------------------------------------------------------------------


def in_context() -> str:
    """Return what the student `in-context` reaches on test editions of whole courses, beside those who are known."""
    cells = (
        (
            r["book"],
            thousands(r["steps"]),
            thousands(r["seconds"]),
            *(r[name] for name in ("newcomer", "wiped", "last", "model")),
            *(interval(r, name) for name in ("gain", "benefit", "rise")),
            "yes" if r["learns"] == "True" else "no",
        )
        for r in read("in_context.csv")
    )
    thirds = ("newcomer", "in-context, wiped", "in-context", "model student")
    return table(("book", "steps", "seconds", *thirds, "gain", "memory benefit", "rise", "learns"), cells)


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
    cells = (
        (
            r["book"],
            r["memory"],
            r["lanes"],
            thousands(r["steps_per_second"]),
            f"{r['share_of_idle']} ± {r['standard_error']}",
            thousands(r["bytes_a_lane"]),
        )
        for r in read("memory.csv")
    )
    return table(("book", "memory", "lanes", "steps/s", "share of idle", "bytes a lane"), cells)


# --- a language model ----------------------------------------------------------------------


def language_model() -> str:
    """Return what a small language model makes of seminar courses, beside who is known."""
    cells = (
        (
            r["book"],
            r["student"],
            r["editions"],
            *(signed(r[f"gain_{memory}"]) or "-" for memory in ("kept", "wiped", "notebook")),
            interval(r, "benefit") if r["benefit_low"] else signed(r["benefit"]) or "-",
            signed(r["normalised_gain"]) or "-",
        )
        for r in read("language_model.csv")
    )
    headings = ("book", "student", "editions", "gain kept", "wiped", "notebook", "kept - wiped", "normalised gain")
    return table(headings, cells)


def language_model_costs() -> str:
    """Return what the language model said and what that cost."""
    cells = (
        (
            r["book"],
            r["student"],
            thousands(r["replies"]),
            *(r[kind] for kind in ("empty", "truncated", "unknown")),
            *(thousands(r[part]) for part in ("tokens_read", "tokens_said", "seconds")),
        )
        for r in read("language_model.csv")
        if r["replies"]
    )
    unreadable = ("of 100: empty", "truncated", "no action")
    headings = ("book", "student", "replies", *unreadable, "tokens read", "said", "seconds")
    return table(headings, cells)


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
