"""A training as one file, from which it goes on."""

import io
import json
import pathlib
import zipfile
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.utils import set_random_seed

from textbook_gym.files import beside
from textbook_gym.train.setup import algorithm, environment

# --- checkpoints ---------------------------------------------------------------------------

COURSES, MEMORY, TORCH, NUMPY, STATES = "courses.bin", "memory.bin", "torch.bin", "numpy.json", "states.npz"


def save_checkpoint(model: Any, path: pathlib.Path) -> None:
    """Write a model and all that training needs to go on, in one file: beside its place, then renamed."""
    envs = model.env
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002  # the generator that SB3 draws from
    entries = {
        COURSES: envs.save(),
        TORCH: torch.get_rng_state().numpy().tobytes(),
        NUMPY: json.dumps([kind, np.asarray(keys).tolist(), *rest]).encode(),
    }
    if envs.memory is not None:
        entries[MEMORY] = envs.memory.save()
    states = getattr(model, "_last_lstm_states", None)
    if states is not None:
        room = io.BytesIO()
        np.savez(room, *(tensor.numpy() for pair in states for tensor in pair))
        entries[STATES] = room.getvalue()
    with beside(path) as part:
        with part.open("wb") as file:
            model.save(file)
        with zipfile.ZipFile(part, "a") as archive:
            for name, data in entries.items():
                archive.writestr(name, data)


def load_checkpoint(path: pathlib.Path) -> Any:
    """Return a model that goes on where `save_checkpoint` left it, to the last bit.

    A replay buffer is not kept: "dqn" goes on with an empty one.

    Raises:
        ValueError: there is no file, or it is no checkpoint of ours.
    """
    if not path.is_file():
        raise ValueError(f"nothing to resume: no file {str(path)!r}; train without resume first")
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    spec = json.loads(entries["data"]).get("textbook") if "data" in entries else None
    if spec is None or COURSES not in entries:
        raise ValueError(f"{str(path)!r} is no checkpoint of `textbook-gym train`; train without resume")
    envs = environment(spec)
    envs.reset()
    envs.load(entries[COURSES])
    if envs.memory is not None:
        envs.memory.load(entries[MEMORY])
    model = algorithm(spec["algo"]).load(path, env=envs, device="cpu", force_reset=False)
    if STATES in entries:
        with np.load(io.BytesIO(entries[STATES])) as arrays:
            a, b, c, d = (torch.from_numpy(arrays[name]) for name in arrays.files)
        model._last_lstm_states = type(model._last_lstm_states)((a, b), (c, d))
    torch.set_rng_state(torch.from_numpy(np.frombuffer(entries[TORCH], np.uint8).copy()))
    np.random.set_state(tuple(json.loads(entries[NUMPY])))  # noqa: NPY002  # likewise
    return model


class Detached:
    """A model under training as a student sees it: it predicts, and seeding it leaves its environment alone."""

    def __init__(self, model: Any, spec: dict[str, Any]) -> None:
        self.predict, self.textbook = model.predict, spec

    def set_random_seed(self, seed: int) -> None:
        """Seed the generators that choices are drawn from."""
        set_random_seed(seed)
