"""The model student of `textbook_gym.books.causality`: what it assumes and does is told there."""

import itertools

import numpy as np

from textbook_gym.authoring import Ability, Field, Record, categorical, chance, rule, uniform
from textbook_gym.books.causality import (
    ALL,
    AND,
    CAUSES_OF,
    CHOICES,
    FOLLOWS,
    FORMS,
    LEAST,
    LIGHTS,
    MOST_EXPERIMENTS,
    OPPOSES,
    OR,
    STAKE,
    STATE,
    STRENGTH,
    STRENGTHS,
    WATCH,
    WORLDS,
    Chapter,
    judge,
    measure,
    wire,
)

# A mechanism is a set of causes with a form, by lights: five single lights, no cause at all, then pairs for AND and OR.
_pairs = list(itertools.combinations(range(LIGHTS), 2))
_causes = [*((c,) for c in range(LIGHTS)), (), *_pairs, *_pairs]
NONE, PAIRS, MECHANISMS = LIGHTS, LIGHTS + 1, len(_causes)
USES = np.array([sum(1 << c for c in causes) for causes in _causes])
"""Causes of every mechanism, as bits by light."""
_form = np.arange(MECHANISMS) // (PAIRS + len(_pairs))
_lit = np.arange(WORLDS) & USES[:, None]
ACTS = np.where(_form[:, None] == AND, _lit == USES[:, None], _lit > 0).astype(np.int64)
"""Whether a mechanism acts, by the lights that are on, as bits."""
LIKELY = np.array([[1.0 - x, 1.0 + x] for x in STRENGTH])
"""Likelihood of what a light does, over that of a fair coin, by strength, and 1 if it is on just as its causes act."""
COUNT = np.array([lights.bit_count() for lights in range(WORLDS)])
OPTION = np.zeros((FORMS, WORLDS, max(CHOICES)), np.int64)
"""Mechanisms open to a light, by form and the set of lights before it; there are CHOICES of them by their number."""
for _f, _before in itertools.product(range(FORMS), range(ALL)):
    _fit = [m for m in range(MECHANISMS) if not USES[m] & ~_before and (m < PAIRS or _form[m] == _f)]
    _fit = [m for m in _fit if len(_causes[m]) in CAUSES_OF[_before.bit_count()]]
    OPTION[_f, _before, : len(_fit)] = _fit

STAGES = 3  # of wiring, by chapters; what a light did before its wires were in place tells nothing of them
STAGE = (0, 0, 0, 1, 2)  # by place
FIRST, AFTER = (0, PAIRS, 0), (PAIRS, MECHANISMS, MECHANISMS)  # mechanisms that occur, by stage: FIRST..AFTER - 1
DRAWN, DRAWN_MOST = 12, 64  # worlds to average over, and to draw from the posterior for that
LATER = 0.5  # share of what an experiment tells that an exercise to come is hoped to have of it
WORTH, ALL_WORTH = 0.5, 0.8  # share of what is still to be learned that one experiment, or all, are hoped to tell

WORLD = ("place", "kind", "one", "two", "moment", "effect", "wired", "subject", "backward", "held", "held_on")

NOTES = (
    Field("begun", "i1", "1 once `fit` holds anything"),
    Field("situation", "i1", "entry of `fit` in use: always 0, but by the number of lights without generalisation"),
    Field("fit", "f8", "likelihood of all earlier boards", (LIGHTS, STAGES, LIGHTS, MECHANISMS, STRENGTHS)),
    Field("page", "f8", "likelihood of this page's boards if no wires are loose", (LIGHTS, MECHANISMS, STRENGTHS)),
    Field("belief", "f8", "likelihood of all boards, by stage, light and mechanism", (STAGES, LIGHTS, MECHANISMS)),
    Field("reach", "f8", "sum over all worlds of a set of lights that comes first in the order", (FORMS, WORLDS)),
    Field("last", "f8", "the part of it in which a certain light is the last of the set", (FORMS, WORLDS, LIGHTS)),
    Field("mechanism", "i1", "mechanism at every place of the world drawn", (LIGHTS,)),
    *(field for field in STATE if field.name in WORLD),
    Field("mean", "f8", "this page: expected effect by light", (LIGHTS,)),
    Field("plan", "i1", "this page: experiment to make next, -1 to answer"),
)


@rule
def likelihood(p: Chapter, n: Record, stage: int, light: int, m: int, x: int) -> float:
    """Return the likelihood of a mechanism and bond of a light, given all boards; its wires may be loose this time."""
    firm = 1.0 if stage + STAGES > n.wired else p.loose + (1.0 - p.loose) * n.page[light, m, x]
    return n.fit[n.situation, stage, light, m, x] * firm


@rule
def weigh(p: Chapter, n: Record) -> None:
    """Sum the likelihood over bonds, then over all worlds: by sets of lights that come first in the order."""
    for stage in range(STAGES):
        for light in range(LIGHTS):
            for m in range(FIRST[stage], AFTER[stage]):
                if (USES[m] >> light) & 1 == 0:
                    total = 0.0
                    for x in range(STRENGTHS):
                        total += likelihood(p, n, stage, light, m, x)
                    n.belief[stage, light, m] = total / STRENGTHS
    for form in range(FORMS):
        n.reach[form, 0] = 1.0
        for lights in range(1, WORLDS):
            n.reach[form, lights] = 0.0
            for light in range(LIGHTS):
                n.last[form, lights, light] = 0.0
                if (lights >> light) & 1 == 1:
                    before = lights ^ (1 << light)
                    k, total = int(COUNT[before]), 0.0
                    for c in range(CHOICES[k]):
                        total += n.belief[STAGE[k], light, OPTION[form, before, c]]
                    n.last[form, lights, light] = n.reach[form, before] * total / CHOICES[k]
                    n.reach[form, lights] += n.last[form, lights, light]


@rule
def imagine(p: Chapter, n: Record) -> bool:
    """Draw a world from the posterior, from the last place to the first; give up if the subject moves nothing in it."""
    form = OR if chance(n, n.reach[OR, ALL] / (n.reach[OR, ALL] + n.reach[AND, ALL])) else AND
    lights = ALL
    for k in range(LIGHTS - 1, -1, -1):
        light, stage = categorical(n, n.last[form, lights], LIGHTS), STAGE[k]
        n.place[light] = k
        if light == n.subject and n.backward == 0 and k >= n.wired - 1:
            return False
        before = lights ^ (1 << light)
        c, m, x = 0, int(OPTION[form, before, 0]), 0
        rest = uniform(n) * CHOICES[k] * n.last[form, lights, light] / n.reach[form, before] - n.belief[stage, light, m]
        while rest >= 0.0 and c < CHOICES[k] - 1:
            c += 1
            m = int(OPTION[form, before, c])
            rest -= n.belief[stage, light, m]
        rest = uniform(n) * n.belief[stage, light, m] * STRENGTHS - likelihood(p, n, stage, light, m, x)
        while rest >= 0.0 and x < STRENGTHS - 1:
            x += 1
            rest -= likelihood(p, n, stage, light, m, x)
        loose = k >= n.wired or chance(
            n, p.loose * n.fit[n.situation, stage, light, m, x] / likelihood(p, n, stage, light, m, x)
        )
        n.mechanism[k] = NONE if loose else m
        n.kind[k] = x
        lights = before
    for k in range(LIGHTS):
        causes = 0
        for c in range(LIGHTS):
            causes |= ((USES[n.mechanism[k]] >> c) & 1) << n.place[c]
        wire(n, k, causes, n.kind[k], form)
    return True


@rule
def think(p: Chapter, n: Record, o: Record) -> None:
    """Average the effects over worlds drawn from the posterior; plan an experiment if doubt is worth one."""
    weigh(p, n)
    for light in range(LIGHTS):
        n.mean[light] = 0.0
    worlds, known, gain = 0, 0.0, 0.0
    for _ in range(DRAWN_MOST):
        best = measure(n) if worlds < DRAWN and imagine(p, n) else 0.0
        if best >= LEAST:  # else the question would not have been asked
            worlds += 1
            known += best
            for light in range(LIGHTS):
                n.mean[light] += n.effect[light]
    for light in range(LIGHTS):
        n.mean[light] /= max(worlds, 1)
        gain += max(abs(n.mean[light]) - STAKE, 0.0)
    n.plan = -1
    doubt = 1.0 - gain * worlds / max(known, LEAST)  # share of the gain that only who knew the world could have
    later = LATER * (1.0 - o.exercise) * p.exercises  # to know more pays in the exercises to come, too
    if n.lacks == Ability.FORESIGHT:
        later = 0.0
    tells = WORTH if o.fee == 0.0 else ALL_WORTH  # once the fee is paid, there is no reason to stop at one
    worth = doubt * tells * (1.0 - o.fee + later) - o.fee * (1.0 - doubt) - p.price / p.budget
    if o.experiments > 0.0 and worth > 0.0 and n.lacks != Ability.EXPLORATION:
        on = round(o.experiments * MOST_EXPERIMENTS) & 1  # by turns
        n.plan = WATCH if p.locked == 1 or n.backward == 1 else n.subject + LIGHTS * on


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Read the question, and think before the first experiment."""
    if n.begun == 0:
        n.begun = 1
        for situation in range(LIGHTS):
            for stage in range(STAGES):
                for light in range(LIGHTS):
                    for m in range(MECHANISMS):
                        for x in range(STRENGTHS):
                            n.fit[situation, stage, light, m, x] = 1.0
    for light in range(LIGHTS):
        for m in range(MECHANISMS):
            for x in range(STRENGTHS):
                n.page[light, m, x] = 1.0
    n.held = -1
    for light in range(LIGHTS):
        if o.subject[light] > 0.0:
            n.subject = light
        if o.held[light] != 0.0:
            n.held = light
            n.held_on = o.held[light] > 0.0
    n.backward = o.backward > 0.0
    n.wired = round(o.wired * LIGHTS)
    n.situation = n.wired - 1 if n.lacks == Ability.GENERALISATION else 0
    think(p, n, o)


@rule
def keep(p: Chapter, n: Record) -> None:
    """Enter this page's boards into what is kept, with loose wires summed out; the likeliest gets 1."""
    for light in range(LIGHTS):
        highest = 0.0
        for stage in range(STAGES):
            for m in range(MECHANISMS):
                for x in range(STRENGTHS):
                    n.fit[n.situation, stage, light, m, x] = likelihood(p, n, stage, light, m, x)
                    highest = max(highest, n.fit[n.situation, stage, light, m, x])
        for stage in range(STAGES):
            for m in range(MECHANISMS):
                for x in range(STRENGTHS):
                    n.fit[n.situation, stage, light, m, x] /= highest


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from one experiment; at the end of the page, keep what was learned."""
    if o.board[0] != 0.0:
        on = 0
        for light in range(LIGHTS):
            on |= int(o.board[light] > 0.0) << light
        for light in range(LIGHTS):
            if o.set[light] == 0.0:
                for m in range(MECHANISMS):
                    if m != NONE and (USES[m] >> light) & 1 == 0:
                        agrees = int(ACTS[m, on] == (on >> light) & 1)
                        for x in range(STRENGTHS):
                            n.page[light, m, x] *= LIKELY[x, agrees]
        think(p, n, o)
    if o.left == 0.0:
        keep(p, n)


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Make the experiment planned, else judge the light asked about."""
    if n.plan >= 0:
        return int(n.plan)
    asked, most = 0, 0
    for light in range(LIGHTS):
        if o.asked[light] > 0.0:
            asked = light
        if abs(n.mean[light]) > abs(n.mean[most]):
            most = light
    if asked == most:  # some light moves, and a mark cannot fall below 0
        return FOLLOWS if n.mean[asked] > 0.0 else OPPOSES
    return judge(n.mean[asked])
