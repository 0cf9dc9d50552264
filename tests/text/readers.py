"""Players that know a book by its words alone: they read pages with regular expressions and answer with names.

They import nothing of the package. What they know they have from preface and pages, as a person would; that they learn
shows that the pages hold what there is to learn, bound to what it is about.
"""

import random
import re
from collections import deque


class VocabularyReader:
    """Keeps the sentences that say what a word means; guesses among meanings that no other word of the lesson has."""

    FACT = re.compile(r"(At home|In the dialect), word w(\d) of lesson (\d) means m(\d)")
    FORWARDS = re.compile(r"Now the question: (at home|in the dialect), what does word w(\d) of lesson (\d) mean")
    BACKWARDS = re.compile(r"Now the question: (at home|in the dialect), which word of lesson (\d) means m(\d)")

    def __init__(self, seed):
        self.meanings = {}  # by context and lesson: meaning of each word
        self.rng = random.Random(seed)

    def read(self, text):
        for context, word, lesson, meaning in self.FACT.findall(text):
            self.meanings.setdefault((context.lower(), lesson), {})[word] = meaning
        if asked := self.FORWARDS.search(text):
            context, word, lesson = asked.groups()
            known = self.meanings.get((context, lesson), {})
        elif asked := self.BACKWARDS.search(text):
            context, lesson, word = asked.groups()
            known = {m: w for w, m in self.meanings.get((context, lesson), {}).items()}
        else:
            return "ANSWER_1"
        free = sorted(set("12345678") - set(known.values()))
        return f"ANSWER_{known[word] if word in known else self.rng.choice(free)}"


class BanditsReader:
    """Counts how often each arm paid in each season; tries what it knows little of while time is left to use it."""

    PULL = re.compile(r"You pulled arm (\w) in (season \d): it paid( nothing)?")
    CURIOSITY = 0.6

    def __init__(self, seed):
        self.pulls, self.paid, self.later = {}, {}, 0.0

    def read(self, text):
        for arm, season, nothing in self.PULL.findall(text):
            self.pulls[season, arm] = self.pulls.get((season, arm), 0) + 1
            self.paid[season, arm] = self.paid.get((season, arm), 0) + (not nothing)
        if "exercise is over" in text:
            return "PULL_A"
        seasons = re.findall(r"season \d", re.search(r"The cue is (.*?)\.", text).group(1))
        arms = re.search(r"Arms open: (.*?)\.", text).group(1).split(", ")
        left = int(re.search(r"Pulls left: (\d+)", text).group(1))
        place = re.search(r"exercise (\d+) of (\d+)", text)
        if place:
            self.later = 1.0 - int(place[1]) / int(place[2])

        def worth(arm):
            total = 0.0
            for season in seasons:
                pulls = self.pulls.get((season, arm), 0)
                known = [self.paid[s, arm] / n for (s, a), n in self.pulls.items() if a == arm and s != season]
                hope = sum(known) / len(known) if known else 0.5  # what it paid in other seasons
                total += (self.paid.get((season, arm), 0) + 2 * hope) / (pulls + 2)
                total += self.CURIOSITY * ((left > 1) + self.later) / (pulls + 2) ** 0.5
            return total

        return f"PULL_{max(arms, key=worth)}"


SIDES = {"north": (-1, 0), "east": (0, 1), "south": (1, 0), "west": (0, -1)}
CELLS = {(row, column) for row in range(7) for column in range(7)}


class NavigationReader:
    """Draws a map: what the buttons do, where it bumped, where the landmarks are; walks the shortest way on it."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.way, self.walls, self.spots, self.seen = {}, set(), {}, set()
        self.cell, self.stuck = None, set()

    def read(self, text):
        self.learn(text)
        if "exercise is over" in text:
            return "USE"
        errands, done = re.search(r"Errands: (.*?)(?:; done: (\d)|;)", text).groups()
        goal = errands.split(", then ")[int(done or 0)]
        if goal == "D" and "carry the key" not in text and "key" in self.spots:
            goal = "key"
        goals = {self.spots[goal]} if goal in self.spots else CELLS - self.seen
        if self.cell in goals:
            return "USE"
        step = self.first_step(goals)
        known = [b for b, way in self.way.items() if way == step and b not in self.stuck]
        free = [b for b in "1234" if b not in self.way and b not in self.stuck]
        return f"PRESS_{self.rng.choice(known or free or list('1234'))}"

    def learn(self, text):
        """Take in what the last button did and what is here."""
        here = tuple(map(int, re.search(r"You are in row (\d), column (\d)", text).groups()))
        if moved := re.search(r"Button (\d) moved you (\w+)", text):
            self.way[moved.group(1)] = moved.group(2)
            if len(self.way) == len(SIDES) - 1:
                (last,), (side,) = set("1234") - set(self.way), set(SIDES) - set(self.way.values())
                self.way[last] = side
        bumped = re.search(r"Button (\d): you bumped", text)
        self.stuck = self.stuck | {bumped.group(1)} if bumped else set()
        if bumped and bumped.group(1) in self.way:
            self.walls.add((here, self.way[bumped.group(1)]))
        self.cell = here
        self.seen.add(here)
        if landmark := re.search(r"Here: landmark (\w)", text):
            self.spots[landmark.group(1)] = here
        if "picked up the key" in text:
            self.spots["key"] = here
        self.spots.pop("lamp", None)
        if lamp := re.search(r"The lamp burns (.*?)\.", text):
            row, column = here
            for far, side in re.findall(r"(\d) (\w+)", lamp.group(1)):
                row += int(far) * SIDES[side][0]
                column += int(far) * SIDES[side][1]
            self.spots["lamp"] = row, column

    def first_step(self, goals):
        """Return the side on which a shortest way to the nearest goal begins (breadth-first), None if there is none."""
        queue, came = deque([self.cell]), {self.cell: None}
        while queue:
            cell = queue.popleft()
            if cell in goals:
                return came[cell]
            for side, (south, east) in SIDES.items():
                beside = cell[0] + south, cell[1] + east
                if beside in CELLS and beside not in came and (cell, side) not in self.walls:
                    came[beside] = came[cell] or side
                    queue.append(beside)
        return None


class TheoremsReader:
    """Notes where rules move the symbols, files each lemma, and takes the shortest proof from what it knows."""

    TOOLS = tuple(f"RULE_{k}" for k in range(1, 6)) + tuple(f"CITE_{k}" for k in range(1, 7))
    EASY = 3  # steps; a longer proof is put off while there is a tool to try

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.moves = {}  # by tool: from which place of the string every symbol comes
        self.claim, self.filed, self.refused = (), set(), set()

    def read(self, text):
        for tool, old, new in re.findall(r"(\w+) turned ([a-e ]+) into ([a-e ]+)\.", text):
            self.moves[tool] = self.order(old.split(), new.split())
        if filed := re.search(r"FILE_(\d): the lemma just proved", text):
            self.moves[f"CITE_{filed.group(1)}"] = self.claim
            self.filed.add(filed.group(1))
        self.refused |= set(re.findall(r"slot (\d) does not take", text))
        string, goal = (re.search(rf"The {what} ([a-e ]+)\.", text).group(1).split()
                        for what in ("string (?:is|at the start was)", "goal is"))  # fmt: skip
        steps = re.search(r"Steps so far: (.*?)\.", text)
        if not steps:
            self.open_page(text, string, goal)
        if "may file it" in text:
            return "FILE_" + next(slot for slot in "123456" if slot not in self.filed | self.refused)
        if "at the start was" in text and steps:  # nothing is shown: work out what stands there
            for tool in steps.group(1).split(", "):
                string = [string[i] for i in self.moves.get(tool, range(5))]
        unknown = [tool for tool in self.TOOLS if tool not in self.moves and (tool[0] == "R" or tool[-1] in self.filed)]
        proof = self.proof(tuple(string), tuple(goal))
        if proof and (len(proof) <= self.EASY or not unknown):
            return proof[0]
        return self.rng.choice(unknown or self.TOOLS)

    def open_page(self, text, string, goal):
        """Note what is claimed; if a lemma was struck, trust no rule before it is seen again."""
        self.claim = self.order(string, goal)
        slots = set(re.findall(r"\d", re.search(r"Slots filled(?: at the start)?: (.*?)\.", text).group(1)))
        if self.filed - slots:
            self.moves = {tool: moves for tool, moves in self.moves.items() if tool[0] == "C" and tool[-1] in slots}
        self.filed, self.refused = slots, set()

    def order(self, old, new):
        """Return where the symbols of a string come from."""
        return tuple(old.index(symbol) for symbol in new)

    def proof(self, string, goal):
        """Return a shortest list of known tools that makes the goal (breadth-first), empty if there is none."""
        queue, proofs = deque([string]), {string: []}
        while queue and goal not in proofs:
            here = queue.popleft()
            for tool, moves in self.moves.items():
                there = tuple(here[i] for i in moves)
                if there not in proofs:
                    proofs[there] = [*proofs[here], tool]
                    queue.append(there)
        return proofs.get(goal, [])


READERS = {
    "Bandits": BanditsReader,
    "Navigation": NavigationReader,
    "Theorems": TheoremsReader,
    "Vocabulary": VocabularyReader,
}
