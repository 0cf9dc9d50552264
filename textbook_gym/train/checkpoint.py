"""A training as one file, from which it goes on."""

import io
import json
import pathlib
import zipfile
from typing import Any

import numpy as np
import torch

from textbook_gym.atomic_write import beside
from textbook_gym.train.setup import algorithm, environment

# --- checkpoints ---------------------------------------------------------------------------

COURSES_ENTRY, MEMORY_ENTRY, TORCH_ENTRY, NUMPY_ENTRY, STATES_ENTRY = (
    "courses.bin",
    "memory.bin",
    "torch.bin",
    "numpy.json",
    "states.npz",
)


def save_checkpoint(model: Any, path: pathlib.Path) -> None:
    """Write a model and all that training needs to go on, in one file: beside its place, then renamed."""
    envs = model.env
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002  # the generator that SB3 draws from
    entries = {
        COURSES_ENTRY: envs.save(),
        TORCH_ENTRY: torch.get_rng_state().numpy().tobytes(),
        NUMPY_ENTRY: json.dumps([kind, np.asarray(keys).tolist(), *rest]).encode(),
    }
    if envs.memory is not None:
        entries[MEMORY_ENTRY] = envs.memory.save()
    states = getattr(model, "_last_lstm_states", None)
    if states is not None:
        buffer = io.BytesIO()
        np.savez(buffer, *(tensor.numpy() for pair in states for tensor in pair))
        entries[STATES_ENTRY] = buffer.getvalue()
    with beside(path) as part:
        with part.open("wb") as file:
            model.save(file)
        with zipfile.ZipFile(part, "a") as archive:
            for name, data in entries.items():
                archive.writestr(name, data)


def read_spec(path: pathlib.Path) -> dict[str, Any]:
    """Return what a checkpoint says of its training: the attribute `textbook` of the model in it.

    Raises:
        ValueError: there is no file, or it is no checkpoint of ours.
    """
    if not path.is_file():
        raise ValueError(f"nothing to resume: no file {str(path)!r}; train without resume first")
    try:
        with zipfile.ZipFile(path) as archive:
            spec = json.loads(archive.read("data")).get("textbook") if COURSES_ENTRY in archive.namelist() else None
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ValueError(f"{str(path)!r} is damaged: {error}; train without resume, to another file") from error
    if not isinstance(spec, dict):
        raise ValueError(f"{str(path)!r} is no checkpoint of `textbook-gym train`; train without resume")
    return spec


def load_checkpoint(path: pathlib.Path) -> Any:
    """Return a model that goes on where `save_checkpoint` left it, to the last bit.

    A replay buffer is not kept: "dqn" goes on with an empty one.

    Raises:
        ValueError: there is no file, or it is no checkpoint of ours.

    Example:
        model = load_checkpoint(pathlib.Path("runs/vocabulary.zip"))  # `train(..., resume=True)` begins with this
    """
    spec = read_spec(path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    envs = environment(spec)
    envs.reset()
    envs.load(entries[COURSES_ENTRY])
    if envs.memory is not None:
        envs.memory.load(entries[MEMORY_ENTRY])
    model = algorithm(spec["algo"]).load(path, env=envs, device="cpu", force_reset=False)
    if STATES_ENTRY in entries:
        with np.load(io.BytesIO(entries[STATES_ENTRY])) as arrays:
            a, b, c, d = (torch.from_numpy(arrays[name]) for name in arrays.files)
        model._last_lstm_states = type(model._last_lstm_states)((a, b), (c, d))
    torch.set_rng_state(torch.from_numpy(np.frombuffer(entries[TORCH_ENTRY], np.uint8).copy()))
    np.random.set_state(tuple(json.loads(entries[NUMPY_ENTRY])))  # noqa: NPY002  # likewise
    return model
