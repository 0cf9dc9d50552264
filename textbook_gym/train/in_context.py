"""Training of the student `in-context`: it acts, a teacher says what it should have done, cross-entropy.

    train("textbook/VocabularyCourse-v0", out="runs/vocabulary")       # writes runs/vocabulary.npz
    study(["runs/vocabulary.npz", "newcomer", "model"], ["Vocabulary"])

The teacher is the model student, which has seen the same steps as the network, whoever acted in them, or the oracle,
which knows the hidden world (decision pretraining). What the model student would do follows from the history, so the
network can learn it to the end; what the oracle would do it can only guess as far as the history tells. Courses are
walked by the network itself and, so that it knows good and odd histories too, by the model student and by mixtures of
oracle and chance. Only training editions are walked.

On `textbook/LibraryCourse-v0` one network is trained on many books, in which signals and buttons are permuted anew in
every window; it can then walk any book, also one that it was not trained on.

Windows begin at any exercise, as a memory that was wiped does. They are short at first: in many small updates the
network learns to look back a few exercises, and then it needs few updates on whole courses.
"""

import importlib.resources
import pathlib
import shlex
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
import yaml
from torch.nn.functional import cross_entropy

from textbook_gym.authoring.book import read
from textbook_gym.engine.chapter_plan import outline
from textbook_gym.engine.course import LAST_NUMBER
from textbook_gym.engine.labels import NO_LABEL, Label
from textbook_gym.envs.multibook import choose
from textbook_gym.errors import one_of
from textbook_gym.registry import LIBRARY, env_ids, find, id_of, name_of
from textbook_gym.students.in_context import ARRAYS, IN_CONTEXT, InContext
from textbook_gym.students.space_layouts import library_sizes, sizes_of
from textbook_gym.students.trajectories import Recorder
from textbook_gym.students.transformer import token_width
from textbook_gym.students.weights_file import Header, load_arrays, save_arrays, world_digest
from textbook_gym.train.dataset import Lot, Mixture, draw_windows
from textbook_gym.train.evaluation import examine, scores
from textbook_gym.train.network import Network
from textbook_gym.train.progress import ProgressListener

LABELLED_BY = {"model": Label.MODEL, "oracle": Label.ORACLE}
EDITIONS = 32  # training editions walked at every evaluation
LOOKS = 4
WARM = 0.1  # share of the training in which the student does not yet act itself;
OWNS = 0.6  # by this one it walks `OWN` of the courses
GROWS = (0.2, 0.6)  # shares of the training between which courses grow from one chapter, and windows, to all
OWN = 0.6  # share of the courses that the student itself walks in the end
HOT = 100  # updates until the rate of learning is reached
LEAST_RATE = 0.05  # of that at the end


class Plan(NamedTuple):
    """What a training is, besides course and seed.

    Attributes:
        label: the teacher, model or oracle.
        steps: steps in all updates together.
        width: of the network.
        layers: of attention.
        heads: of attention.
        rate: of learning.
        batch: steps in an update.
        shortest: steps of the first windows.
        longest: steps of the last ones, if courses are that long.
        courses: walked at a time.
        reuse: updates that a step is in, on average.
        sharpness: what logits are multiplied by where the student acts.
        held_out: of the library, the books that it is not trained on, with blanks between.
    """

    label: str = "model"
    steps: int = 6_000_000
    width: int = 64
    layers: int = 3
    heads: int = 4
    rate: float = 2e-3
    batch: int = 1024
    shortest: int = 64
    longest: int = 256
    courses: int = 128
    reuse: float = 4.0
    sharpness: float = 8.0
    held_out: str = ""


def preset(env_id: str, **settings: Any) -> Plan:
    """Return the plan that was tried for a course, with settings in its place.

    Raises:
        ValueError: there is no such setting, or its value is not allowed.
    """
    table = importlib.resources.files("textbook_gym.train").joinpath("hyperparams/in-context.yml")
    rows = yaml.safe_load(table.read_text(encoding="utf-8"))
    for name, value in settings.items():
        one_of("setting", name, list(Plan._fields))
        if name == "label":
            one_of("label", value, list(LABELLED_BY))
        elif name == "held_out":
            choose(None, str(value).split())
        elif not isinstance(value, (int, float)) or value <= 0:
            raise ValueError(f"{name}={value!r}: give a number above 0")
    plan = Plan(**{**rows["default"], **(rows.get(env_id.rpartition("-v")[0]) or {}), **settings})
    if plan.width % plan.heads:
        raise ValueError(f"width={plan.width}: give a multiple of heads={plan.heads}")
    return plan


class Training:
    """A training between two lots of courses; all that it needs to go on is in `arrays` and the numbers beside.

    Args:
        env_id: the course.
        plan: what it is.
        seed: of weights, editions and choices.
        settings: those that were asked for instead of the preset's.
    """

    def __init__(self, env_id: str, plan: Plan, seed: int, settings: Mapping[str, Any]) -> None:
        keywords = gymnasium.spec(env_id).kwargs
        self.env_id, self.plan, self.seed, self.settings = env_id, plan, seed, dict(settings)
        self.permuted, self.course = name_of(env_id) == LIBRARY, keywords.get("course")
        if self.permuted:
            self.books = [find(name) for name in choose(None, plan.held_out.split())]
            self.sizes = library_sizes()
            self.world = " ".join(f"{book.name}:{world_digest(book)}" for book in self.books)
        else:
            self.books = [read(keywords["book"])]
            self.sizes = sizes_of(self.books[0])
            self.world = world_digest(self.books[0])
        self.lots, self.updates, self.done, self.owed, self.longest = 0, 0, 0, 0.0, plan.shortest
        self.seconds, self.loss = 0.0, 0.0
        self.curve: list[dict[str, float]] = []
        generator = torch.get_rng_state()
        torch.manual_seed(seed)
        self.network = Network(
            token_width(self.sizes), self.sizes.buttons, int(plan.width), int(plan.layers), int(plan.heads)
        )
        torch.set_rng_state(generator)
        self.adam = torch.optim.AdamW(self.network.parameters(), plan.rate, betas=(0.9, 0.98))

    @property
    def share(self) -> float:
        """How much of the training is done, 0 to 1."""
        return self.done / self.plan.steps

    @property
    def grown(self) -> float:
        """How far courses and windows have grown, 0 to 1."""
        return float(np.clip((self.share - GROWS[0]) / (GROWS[1] - GROWS[0]), 0.0, 1.0))

    def extend(self, steps: int | None) -> None:
        """Train for so many steps in all, None for as many as planned; the rate of learning rises again to fit."""
        if steps is not None and steps != self.plan.steps:
            self.settings["steps"] = steps
            self.plan = self.plan._replace(steps=steps)

    def header(self) -> Header:
        """Return what the file of arrays says of itself."""
        architecture = {
            "heads": int(self.plan.heads),
            "sharpness": self.plan.sharpness,
            "sizes": list(self.sizes),
            "permuted": self.permuted,
        }
        return Header(
            student=IN_CONTEXT,
            book=self.env_id,
            world=self.world,
            architecture=architecture,
            command=command_for(self.env_id, self.seed, self.settings),
            seed=self.seed,
            curve=self.curve,
        )

    def player(self) -> InContext:
        """Return the student as it is now."""
        header, arrays = self.header(), self.network.arrays()
        return InContext(lambda book: (header, arrays))

    def lot(self) -> None:
        """Walk one lot of courses; train on it until each of its steps was in as many updates as planned."""
        begun, plan = time.monotonic(), self.plan
        rng = np.random.default_rng([self.seed, self.lots])
        lots = []
        for book in self.books:
            own = OWN * float(np.clip((self.share - WARM) / (OWNS - WARM), 0.0, 1.0))
            walker = Mixture(self.player(), own, int(rng.integers(1 << 63)))
            count = max(int(plan.courses) // len(self.books), 1)
            editions = rng.integers(0, LAST_NUMBER, count, endpoint=True).tolist()
            stream = int(rng.integers(1 << 32))
            chapters = 1 + int(self.grown * (len(outline(book, self.course)) - 1))
            histories = Recorder(walker).walk(
                book, editions, split="train", course=self.course, chapters=chapters, seed=stream
            )
            lots.append(Lot(book, histories))
            self.longest = min(max(self.longest, int(histories.length.max())), int(plan.longest))
            self.owed += plan.reuse * int(histories.length.sum())
        while self.owed > 0 and self.share < 1.0:
            steps = round(plan.shortest * (self.longest / plan.shortest) ** self.grown)
            count = max(int(plan.batch) // steps, 1)
            tokens, labels = draw_windows(lots, LABELLED_BY[plan.label], count, steps, rng, self.sizes, self.permuted)
            self.update(tokens, labels)
            self.done += count * steps
            self.owed -= count * steps
        self.lots += 1
        self.seconds += time.monotonic() - begun

    def update(self, tokens: torch.Tensor, labels: torch.Tensor) -> None:
        """Take one step towards the labels."""
        self.updates += 1
        slope = LEAST_RATE + (1.0 - LEAST_RATE) * 0.5 * (1.0 + np.cos(np.pi * min(self.share, 1.0)))
        for group in self.adam.param_groups:
            group["lr"] = self.plan.rate * min(1.0, self.updates / HOT) * slope
        logits = self.network(tokens).flatten(0, 1)
        loss = cross_entropy(logits, labels.flatten(), ignore_index=NO_LABEL)
        self.adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own has no types
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.adam.step()
        self.loss = loss.item()

    def look(self) -> dict[str, float]:
        """Evaluate on training editions that no training draws; return the figures, which the curve keeps."""
        editions = max(EDITIONS // len(self.books), 4)
        courses = [env_ids(book.name)[1] for book in self.books] if self.permuted else [self.env_id]
        every = [scores(examine(self.player(), course, editions=editions, split="train")) for course in courses]
        means = {name: float(np.mean([found[name] for found in every])) for name in every[0]}
        found = {"steps": self.done, "loss": round(self.loss, 4), "seconds": round(self.seconds, 1), **means}
        self.curve.append(found)
        return found

    # --- checkpoints ---------------------------------------------------------------------------

    STATE = ("lots", "updates", "done", "owed", "longest", "seconds", "loss")

    def save(self, path: pathlib.Path) -> None:
        """Write a checkpoint."""
        state = {
            "plan": self.plan._asdict(),
            "settings": self.settings,
            **{name: getattr(self, name) for name in self.STATE},
        }
        arrays = dict(self.network.arrays())
        for k, moments in self.adam.state_dict()["state"].items():
            arrays |= {f"adam.{k}.{name}": np.asarray(tensor) for name, tensor in moments.items()}
        header = self.header()
        save_arrays(path, header._replace(training=state), arrays, np.float32)

    @classmethod
    def load(cls, path: pathlib.Path) -> "Training":
        """Return a training that goes on where its checkpoint was written.

        Raises:
            ValueError: there is no checkpoint, or the book is another one by now.
        """
        if not path.is_file():
            raise ValueError(f"nothing to resume: no file {str(path)!r}; train without resume first")
        header, arrays = load_arrays(path.read_bytes(), str(path))
        state = header.training
        if state is None:
            raise ValueError(f"{str(path)!r} is no checkpoint; train without resume first")
        made = cls(header.book, Plan(**state["plan"]), header.seed, state["settings"])
        if header.world != made.world:
            raise ValueError(
                f"{path} was trained on another {name_of(header.book)}; train without resume, to another file"
            )
        for name in cls.STATE:
            setattr(made, name, state[name])
        made.curve = header.curve
        weights = made.network.state_dict()
        made.network.load_state_dict({name: torch.from_numpy(arrays[name]) for name in weights})
        adam = made.adam.state_dict()
        for name, array in arrays.items():
            if name.startswith("adam."):
                _, k, moment = name.split(".")
                adam["state"].setdefault(int(k), {})[moment] = torch.from_numpy(array)
        made.adam.load_state_dict(adam)
        return made


def command_for(env_id: str, seed: int, settings: Mapping[str, Any]) -> str:
    """Return the command line that trains a student on a course."""
    settings = dict(settings)
    steps = f" --steps {settings.pop('steps')}" if "steps" in settings else ""
    short = " --short" if gymnasium.spec(env_id).kwargs.get("course") else ""
    given = "".join(f" --set {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    return f"textbook-gym train --book {name_of(env_id)}{short} --algo {IN_CONTEXT} --seed {seed}{steps}{given}"


def arrays_path(out: str | pathlib.Path) -> pathlib.Path:
    """Return the file that a training writes: `out` with `.npz` behind it, unless that is there already.

    Example:
        >>> arrays_path("runs/vocabulary").name
        'vocabulary.npz'
    """
    path = pathlib.Path(out)
    return path if path.suffix == ARRAYS else path.with_name(path.name + ARRAYS)


def checkpoint_of(path: pathlib.Path) -> pathlib.Path:
    """Return where the checkpoint beside a file of arrays stands.

    Example:
        >>> checkpoint_of(pathlib.Path("runs/vocabulary.npz")).name
        'vocabulary.checkpoint.npz'
    """
    return path.with_suffix(f".checkpoint{ARRAYS}")


def train(
    env_id: str,
    *,
    out: str | pathlib.Path,
    steps: int | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    resume: bool = False,
    evaluations: int = LOOKS,
    progress: ProgressListener | None = None,
) -> Training:
    """Train the student `in-context` on a course; write it to `<out>.npz`, and its checkpoint beside.

    A file that is there is not overwritten. The checkpoint is written after every lot of courses, so a stop at any
    moment loses a few seconds; what comes out is the same.

    Args:
        env_id: a registered id, `textbook/<Book>Course-v*` or `textbook/<Book>Short-v*`.
        out: where to write, with or without `.npz`.
        steps: steps in all updates together, those before a resume included; None for the preset's.
        seed: of weights, editions and choices; None for 0.
        settings: fields of `Plan` in the place of the preset's.
        resume: go on with the checkpoint of `out`; everything but `steps` is then as it was.
        evaluations: so many times, evenly, the student walks training editions that no training draws, memory kept
            and wiped; 0 for none.
        progress: see `ProgressListener`.

    Raises:
        ValueError: an unknown value, nothing to resume, or a file that is there and is not to be resumed.

    Example:
        train("textbook/VocabularyCourse-v0", out="runs/vocabulary")  # then study --student runs/vocabulary.npz
    """
    path = arrays_path(out)
    if gymnasium.spec(env_id).kwargs.get("episode") != "book":
        raise ValueError(f"env_id={env_id!r}: its episode is no course; give {id_of(name_of(env_id), 'Course')}")
    asked = dict(settings or {})
    if resume:
        training = Training.load(checkpoint_of(path))
        was = {**training.plan._asdict(), "env_id": training.env_id, "seed": training.seed}
        for name, value in {**asked, "env_id": env_id, **({} if seed is None else {"seed": seed})}.items():
            if was.get(name) != value:
                raise ValueError(f"{path} is trained with {name}={was.get(name)!r}, not {value!r}; leave it out")
        training.extend(steps)
    else:
        for file in (path, checkpoint_of(path)):
            if file.exists():
                raise ValueError(f"{file} is there and is not overwritten: resume it, or choose another out")
        asked |= {} if steps is None else {"steps": steps}
        training = Training(env_id, preset(env_id, **asked), seed or 0, asked)
    path.parent.mkdir(parents=True, exist_ok=True)
    latest: dict[str, float] = training.curve[-1] if training.curve else {}
    while training.share < 1.0:
        training.lot()
        if training.share >= (len(training.curve) + 1) / evaluations if evaluations else False:
            latest = training.look()
        training.save(checkpoint_of(path))
        if progress:
            progress(min(training.done, int(training.plan.steps)), int(training.plan.steps), latest)
    save_arrays(path, training.header(), training.network.arrays())
    return training
