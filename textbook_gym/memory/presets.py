"""What a `Ledger` without settings keeps of each book: one list of tables a book; see `memories.Ledger`.

What every signal is to a memory is said here once: signals that name a situation stand in `situation`, what the world
answers in `outcome` (by action) and `told` (irrespective of action). Chosen so that a student that sees no more than
the present page and its ledger can do well; what cannot be looked up, such as a posterior over rules, is left to it.

    Alchemy      what a potion of each slot's colour did to stones
    Automata     what the machine says to an input, by where it started and what it said last
    Ballistics   where the ball fell, by notch; which notches reached as far as the target, nearly or roughly
    Bandits      what an arm paid, by cue, by arm alone, and by each season, in force or not
    Causality    what the board shows when the subject is set, and by experiment
    Concepts     the bin, by rule in force and by each feature of the card, alone and in pairs
    Crafting     what joining does to the two on the bench; what stood there when the item ordered was made
    Induction    what tests and probes came out, by rule and by the digit in each place
    Maintenance  which repair helps, by failing checks; which causes are in force, by failing module
    Navigation   what the buttons do; walls, by cell; where the landmark of each errand is
    Theorems     which places of the string a rule or a lemma moves
    Vocabulary   the right answer and how answers did, by question
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

FEATURES = [f"card[{k}:{k + 3}]" for k in (0, 3, 6, 9)]  # number, colour, figure, borders
RULE_IN_FORCE = ["question_a", "question_b", "join", "cross", "exception"]
RULE_FAMILY = ["families", "broad", "join", "exception"]
PLACES = ("[0:5]", "[5:10]", "[10:15]")  # a digit in each
PRESSES = [0, 1, 2, 3]

TABLES: dict[str, Sequence[dict[str, Any]]] = {
    "Alchemy": [
        {
            "under": ["used:potions"],
            "situation": [[f"potions[{slot}:{slot + 2}]"] for slot in range(0, 24, 2)],
            "outcome": [],
            "told": ["push:stones"],
            "silent": "known",
            "rows": 8,
        }
    ],
    "Automata": [
        {"situation": ["start", "asked", "first"], "outcome": [], "told": ["output"], "silent": "skip"},
        {"situation": ["start", "asked", "output"], "outcome": [], "told": ["output"], "silent": "skip", "rows": 128},
        {"situation": ["start", "output", "first"], "outcome": ["output"], "actions": [0, 1, 2], "silent": "skip"},
    ],
    "Ballistics": [
        {"situation": ["ball", "wind"], "outcome": ["fall"], "actions": [*range(21)], "silent": "skip", "rows": 4},
        *(
            {
                "under": ["fall", "ball", "wind"],
                "situation": ["target", "ball", "wind"],
                "outcome": [],
                "told": ["fall", "action"],
                "grain": grain,
                "silent": "skip",
            }
            for grain in (0.015, 0.03, 0.06, 0.12)
        ),
    ],
    "Bandits": [
        {"situation": ["cue"], "outcome": ["payoff"], "silent": "skip", "rows": 16, "rate": 0.1},
        {"situation": [], "outcome": ["payoff"], "silent": "skip"},
        *(
            {"situation": [f"is:cue[{k}:{k + 1}]"], "outcome": ["payoff"], "silent": "skip", "rows": 2, "rate": 0.05}
            for k in range(4)
        ),
    ],
    "Causality": [
        {"under": ["set"], "situation": ["subject"], "outcome": [], "told": ["board"], "rows": 16},
        {"under": ["minus:set"], "situation": ["subject"], "outcome": [], "told": ["board"], "rows": 16},
        {"situation": [], "outcome": ["board"], "actions": [*range(11)], "silent": "skip"},
    ],
    "Concepts": [
        {"situation": [*RULE_IN_FORCE, *some], "outcome": [], "told": ["right_bin"], "silent": "skip", "rows": rows}
        for some, rows in (*(([f], 16) for f in FEATURES), *(([*pair], 48) for pair in combinations(FEATURES, 2)))
    ],
    "Crafting": [
        {
            "situation": ["is:bench"],
            "outcome": ["spark", "grew:stock"],
            "actions": ["JOIN_1", "JOIN_2", "JOIN_3"],
            "silent": "known",
            "rows": 128,
        },
        {
            "under": ["half:stock"],
            "situation": ["order"],
            "outcome": [],
            "told": ["was:bench"],
            "rows": 16,
            "rate": 1.0,
        },
    ],
    "Induction": [
        {"situation": [*RULE_FAMILY, f"{signal}{place}"], "outcome": [], "told": [answer], "silent": "skip"}
        for signal, answer in (("board", "result"), ("probe", "verdict"))
        for place in PLACES
    ],
    "Maintenance": [
        {
            "situation": situation,
            "outcome": ["outcome"],
            "actions": [[f"REPAIR_{cause}", f"PROBE_{cause}"] for cause in range(1, 9)],
            "silent": "skip",
            "rows": rows,
        }
        for situation, rows in ((["failures"], 64), *(([f"is:failures[{m}:{m + 1}]"], 2) for m in range(6)))
    ],
    "Navigation": [
        {"situation": [], "outcome": ["shift:row", "shift:column"], "actions": PRESSES, "silent": "skip"},
        {"situation": ["row", "column"], "outcome": ["bump"], "actions": PRESSES, "rows": 49},
        {
            "under": ["here"],
            "situation": [["errands[0:5]"], ["errands[6:11]"]],
            "outcome": [],
            "told": ["centre:row", "centre:column"],
            "rows": 8,
        },
    ],
    "Theorems": [{"situation": [], "outcome": ["moved:string"], "actions": [*range(9)], "silent": "skip", "rate": 1.0}],
    "Vocabulary": [
        {
            "situation": ["lesson", "context", "direction", "cue"],
            "outcome": ["result"],
            "told": ["correct"],
            "silent": "skip",
            "rows": 128,
        }
    ],
}
"""Name of a book -> the tables of its ledger."""
