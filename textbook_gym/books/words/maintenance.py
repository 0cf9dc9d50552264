"""The words of `textbook_gym.books.maintenance`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record
from textbook_gym.books.maintenance import CAUSES, MODULES, PROBE, REPAIR, SHIP, Chapter, failing


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the workshop as rows of characters: modules, failing checks, tape; repairs, work, findings."""
    rows = [
        "module   " + " ".join("ABCDEF"),
        "failures " + " ".join(f"{o.failures[m] * CAUSES:.0f}" for m in range(MODULES)),
        "tape     " + " ".join(".#"[int(o.tape[m])] for m in range(MODULES)),
        "",
        "repair   " + " ".join("12345678"),
        "work     " + " ".join(f"{o.work[c] * p.effort:.0f}" for c in range(CAUSES)),
        "finding  " + " ".join("?+-"[int(o.finding[c])] for c in range(CAUSES)),
        "outcome  " + " +-"[int(o.outcome)],
    ]
    return [row.replace("0", ".").ljust(max(map(len, rows))) for row in rows]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    failures = [f"{o.failures[m] * CAUSES:.0f} in module {'ABCDEF'[m]}" for m in range(MODULES) if o.failures[m]]
    tape = [f"module {'ABCDEF'[m]}" for m in range(MODULES) if o.tape[m]]
    work = [f"{o.work[c] * p.effort:.0f} of {p.effort} steps of repair {c + 1}" for c in range(CAUSES) if o.work[c]]
    finding = [f"cause {c + 1} is {'not ' * (o.finding[c] < 0)}in force" for c in range(CAUSES) if o.finding[c]]
    outcome = ["nothing to tell", "yes, the cause was in force", "no, the cause was not in force"][int(o.outcome)]
    words = {"Failures": failures, "Tape": tape, "Work": work, "Finding": finding, "Outcome": [outcome]}
    return " ".join(f"{name}: {', '.join(items) or 'none'}." for name, items in words.items())


PREFACE = """You keep six modules, A to F, running. An exercise is a job: something is broken and checks of some
modules fail. There are eight possible causes, 1 to 8. A cause that is in force makes checks of modules fail; which
cause breaks which modules is for you to find out, and stays the same in all jobs. A page shows how many checks fail
in every module.
{4-5: In some chapters a run of the checks may miss what is broken in a module.}
REPAIR_1 does one step of the repair for cause 1, and so on. A repair takes three steps, in a row or not{1:; only
one in the chapter "one fault"}{2:; only two in the chapter "new faults"}.
With the last one the cause is removed, if it was in force, with all that it broke; you are told whether it was in
force.
PROBE_1 takes one step and tells whether cause 1 is in force, and so on.
PATCH_A takes one step and puts tape over module A, and so on: its checks pass then, but the causes behind them stay.
SHIP ships the job and ends the exercise. A job that is not shipped when the steps are used up is marked 0.
Mark: (causes of the job removed + what tape counts for every cause left under it) / causes of the job, at least 0,
times (steps that somebody needs who knows the causes) / (steps that you took), at most 1. That somebody needs the
steps of a repair for each cause, and one to ship.
{1-2: Where a repair takes one or two steps, a job has one cause, and tape counts 0.6 of a cause removed, while it
holds.}
{3-6: Where a repair takes three steps, 0.5 is taken off for a cause left under tape, and causes that you taped over may
come back.}
{3-5: A job then has up to two causes.}
{6: Exam: three causes in every job. The checks are shown once, as a report, when the job begins; no probe answers, and
you are not told whether a repair found its cause.}"""

STRUCTURE = """Each cause in force fails one check in each of one to three modules that it reaches, always the same
ones, and no two causes reach the same modules. Failing checks of several causes add up. Of the eight causes
{1:three occur in the chapter "one fault", }{2:five in the chapter "new faults", }{3:seven in the chapter "debt", }all
in the others.
{3-6: A patch puts a debt on every cause that it hides. Where a repair takes three steps such causes come back in later
jobs besides the job's own, the more often the more patches were put on them, until they are repaired.}
{6: In the exam every one of them comes back.}"""

FORBIDDEN = ("reach", "reaches", "joins", "debt", "debts")

ARGUMENTS = {"PATCH": "module", "REPAIR": "cause", "PROBE": "cause"}


def last_work(p: Chapter, before: Record, action: int, o: Record) -> str:
    """Return what the last action brought."""
    if action == SHIP:
        return "You shipped the job."
    if action < REPAIR:
        taped = f"Module {'ABCDEF'[action]}"
        return f"{taped} had tape already: nothing changed." if before.tape[action] else f"{taped} has tape now."
    c = (action - REPAIR) % CAUSES  # probes come in the order of the repairs
    number, found = c + 1, {1.0: "in force", -1.0: "not in force"}.get(o.outcome)
    if action >= PROBE:
        return f"Probe: cause {number} is {found}." if found else f"Probe for cause {number}: no answer is shown."
    if before.work[c] == 1.0:
        return f"Repair {number} was done already: nothing happened."
    done = round(o.work[c] * p.effort)
    if done < p.effort:
        return f"You did step {done} of {p.effort} of repair {number}."
    if p.told == 0:
        return f"Repair {number} is done; whether cause {number} was in force is not shown."
    if o.outcome < 0.0:
        return f"Repair {number} is done, but cause {number} was not in force."
    removed = f"Repair {number} is done: cause {number} was in force and is removed."
    return f"{removed} Failing checks before it: {failing(before)}."


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return what the last action brought, then checks, tape and what is known of causes."""
    said = []
    if before is not None and action is not None:
        said.append(last_work(p, before, action, o))
    else:
        if before is not None:
            said.append("You did nothing; a step went by.")
        if o.outcome != 0.0:
            said.append(f"The step before found its cause {'' if o.outcome > 0.0 else 'not '}in force.")
    said.append(f"Failing checks {'now' if p.told == 1 else 'in the report'}: {failing(o)}.")
    tape = ["ABCDEF"[m] for m in range(MODULES) if o.tape[m]]
    done = [str(c + 1) for c in range(CAUSES) if o.work[c] == 1.0]
    begun = [
        f"{c + 1} ({round(o.work[c] * p.effort)} of {p.effort} steps)" for c in range(CAUSES) if 0.0 < o.work[c] < 1.0
    ]
    there = [str(c + 1) for c in range(CAUSES) if o.finding[c] > 0.0]
    absent = [str(c + 1) for c in range(CAUSES) if o.finding[c] < 0.0]
    titles = (
        "Tape on",
        "Repairs done",
        "Repairs begun",
        "Causes known to be in force",
        "Causes known not to be in force",
    )
    said += [
        f"{t}: {', '.join(items)}."
        for t, items in zip(titles, (tape, done, begun, there, absent), strict=True)
        if items
    ]
    left = round(o.left * p.limit)
    over = "The exercise is over." if action == SHIP else "The exercise is over: the job was not shipped."
    said.append(f"Steps left: {left}." if left else over)
    return " ".join(said)
