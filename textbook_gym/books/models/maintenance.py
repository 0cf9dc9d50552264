"""The model student of `textbook_gym.books.maintenance`: what it assumes and does is told there."""

import itertools

import numpy as np

from textbook_gym.authoring import Ability, Field, Record, rule
from textbook_gym.books.maintenance import CAUSES, LOTS, MODULES, PROBE, REACH, REPAIR, SHIP, Chapter

FAULTS = 3  # own causes of a job, at most


PRIOR = sum(int(mask).bit_count() for mask in REACH) / (MODULES * len(REACH))  # chance that a cause reaches a module
DOUBT = 0.001  # no belief in a reach is firmer than this
MISREAD = 1e-6  # likelihood of what cannot happen
NEGLIGIBLE = 1e-6  # a set of causes believed in less is dropped
GIVE_UP = 0.2  # the student ships when it expects fewer causes than this to be left
NOBODY = -1

_SETS = [members for size in range(1, FAULTS + 1) for members in itertools.combinations(range(CAUSES), size)]
SETS = len(_SETS)
SIZE = np.array([len(members) for members in _SETS])
MEMBER = np.array([members + (NOBODY,) * (FAULTS - len(members)) for members in _SETS])
HOLDS = np.array([[c in members for c in range(CAUSES)] for members in _SETS], int)
FIRST = np.array([sum(len(members) < size for members in _SETS) for size in range(FAULTS + 2)])
"""All sets of one to FAULTS causes, by size: SIZE, MEMBER and who it HOLDS of each; FIRST one of each size."""

NOTES = (
    Field("reach", "f8", "chance that a cause reaches a module, less PRIOR", (CAUSES, MODULES)),
    Field("until", "i1", "this page: number of the first phase without the cause, 0 while it is in force", (CAUSES,),
          page=True),
    Field("phase", "i4", "this page: repairs that worked; each begins a new phase", page=True),
    Field("fit", "f8", "this page: likelihood of a phase's runs of a module, by the causes in force that reach it",
          (FAULTS + 1, MODULES, FAULTS + 1)),
    Field("prior", "f8", "this page: weight of every set of causes without the runs; 0 once it is ruled out", (SETS,)),
    Field("weight", "f8", "this page: belief in every set", (SETS,)),
    Field("odds", "f8", "this page: chance of every cause to be one of the job's", (CAUSES,)),
    Field("next", "f8", "this page: what `reach` becomes when it is closed", (CAUSES, MODULES)),
)  # fmt: skip


@rule
def reach_fit(n: Record, h: int, m: int, one: int) -> float:
    """Return how likely all runs of module `m` are with set `h`, and that its member `one` (if any) reaches it."""
    fit = 0.0
    knows = SIZE[h] == 1 or n.lacks != Ability.GENERALISATION
    for bits in range(1 << SIZE[h]):  # who reaches it
        likely = 1.0 if one == NOBODY or bits >> one & 1 else 0.0
        for i in range(SIZE[h]):
            reach = min(max(PRIOR + knows * n.reach[MEMBER[h, i], m], DOUBT), 1.0 - DOUBT)
            likely *= reach if bits >> i & 1 else 1.0 - reach
        for phase in range(n.phase + 1):
            failing = 0
            for i in range(SIZE[h]):
                until = n.until[MEMBER[h, i]]
                failing += bits >> i & 1 and (until == 0 or phase < until)
            likely *= n.fit[phase, m, failing]
        fit += likely
    return fit


@rule
def weigh(p: Chapter, n: Record) -> None:
    """Work out the belief in every set of causes, and from it the odds of every cause."""
    total = 0.0
    for h in range(FIRST[p.least], FIRST[p.most + 1]):
        n.weight[h] = n.prior[h]
        for m in range(MODULES):
            if n.weight[h] > 0.0:
                n.weight[h] *= reach_fit(n, h, m, NOBODY)
        total += n.weight[h]
    for c in range(CAUSES):
        n.odds[c] = 0.0
    for h in range(FIRST[p.least], FIRST[p.most + 1]):
        n.weight[h] = n.weight[h] / total if total > 0.0 else 0.0
        if n.weight[h] < NEGLIGIBLE:
            n.prior[h] = 0.0
        for i in range(SIZE[h]):
            n.odds[MEMBER[h, i]] += n.weight[h]


@rule
def absorb(p: Chapter, n: Record, o: Record) -> None:
    """Take in one run of the checks."""
    shows = p.shows / LOTS
    for m in range(MODULES):
        failures = round(o.failures[m] * CAUSES)
        for failing in range(FAULTS + 1):
            likely = shows if failures == failing else 0.0
            if failures == 0:
                likely = 1.0 if failing == 0 else 1.0 - shows
            n.fit[n.phase, m, failing] *= max(likely, MISREAD)


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Weigh all sets of causes by the first run."""
    for phase in range(FAULTS + 1):
        for m in range(MODULES):
            for failing in range(FAULTS + 1):
                n.fit[phase, m, failing] = 1.0
    for h in range(FIRST[p.least], FIRST[p.most + 1]):
        n.prior[h] = 1.0 / (FIRST[SIZE[h] + 1] - FIRST[SIZE[h]])  # all sizes are as likely, and all sets of a size
    absorb(p, n, o)
    weigh(p, n)


@rule
def close_page(p: Chapter, n: Record) -> None:
    """After a job: believe of every reach what the sets say of it, by their weight."""
    for c in range(CAUSES):
        for m in range(MODULES):
            n.next[c, m] = (1.0 - n.odds[c]) * n.reach[c, m]
    for h in range(FIRST[p.least], FIRST[p.most + 1]):
        if n.weight[h] > NEGLIGIBLE:
            for m in range(MODULES):
                fit = reach_fit(n, h, m, NOBODY)
                for i in range(SIZE[h]):
                    n.next[MEMBER[h, i], m] += n.weight[h] * (reach_fit(n, h, m, i) / fit - PRIOR)
    for c in range(CAUSES):
        for m in range(MODULES):
            n.reach[c, m] = n.next[c, m]


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from one step; the exam teaches nothing."""
    if p.told == 0:
        return
    repaired = False
    if o.outcome != 0.0:
        c = (action - REPAIR) % CAUSES  # probes come in the order of the repairs
        for h in range(SETS):
            n.prior[h] *= (HOLDS[h, c] == 1) == (o.outcome > 0.0)
        repaired = o.outcome > 0.0 and action < PROBE and n.phase < FAULTS
        if repaired:
            n.phase += 1
            n.until[c] = n.phase
    if repaired or p.shows < LOTS:  # else the run shows what the one before showed
        absorb(p, n, o)
    if o.outcome != 0.0 or p.shows < LOTS:
        weigh(p, n)
    if o.left == 0.0:
        close_page(p, n)


@rule
def tape(p: Chapter, o: Record, odds: float) -> int:
    """Return the patch or shipment that is marked better than a repair with these odds, -1 if none is."""
    failing, taped, first = 0, 0, -1
    for m in range(MODULES):
        taped += o.tape[m] > 0.0
        if o.failures[m] > 0.0:
            failing += 1
            first = m if first < 0 else first
    if p.tape * min(1.0, (p.effort + 1) / (failing + taped + 1)) <= odds:
        return -1
    return first if failing > 0 else SHIP


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Repair the likeliest cause if it is likely enough, else probe for it; ship when no repair is worth its time."""
    left = round(o.left * p.limit)
    best, done, rest = -1, 0, 0.0
    for c in range(CAUSES):
        if o.work[c] == 1.0:
            done += 1
        else:
            rest += n.odds[c]
            if best < 0 or n.odds[c] > n.odds[best]:
                best = c
    if p.told == 0:
        return REPAIR + best if done < p.most else SHIP
    if best < 0 or rest < GIVE_UP:
        return SHIP
    if n.lacks == Ability.FORESIGHT:
        taping = tape(p, o, n.odds[best])
        if taping >= 0:
            return taping
    presses = p.effort - round(o.work[best] * p.effort)
    if left <= presses:  # too late for a mark, not for learning
        return SHIP if n.phase > 0 else PROBE + best
    if left == presses + 1 or n.odds[best] > 1.0 - 1.0 / presses:  # a probe costs more than it saves
        return REPAIR + best
    return PROBE + best
