"""Parameters: keywords of a book that its tables depend on."""

import importlib
import types
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.errors import as_whole, one_of, whole


class Parameter(NamedTuple):
    """A keyword of a book whose tables depend on it.

    Its default gives its type: bool, int, float or str. Numbers lie within [low, high], strings are one of `choices`.

    Example:
        >>> Parameter("arms", 5, "how many arms there are", low=2, high=100).check(10)
        10
    """

    name: str
    default: bool | int | float | str
    doc: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()

    def check(self, value: Any) -> bool | int | float | str:
        """Return a value that is allowed.

        Raises:
            ValueError: it is not; the message names what is.
        """
        if isinstance(self.default, bool):
            if isinstance(value, (bool, np.bool_)):
                return bool(value)
            raise ValueError(f"{self.name}={value!r} ({self.doc}): give True or False")
        if isinstance(self.default, str):
            return one_of(self.name, value, self.choices, about=f" ({self.doc})")
        if isinstance(self.default, int):
            return whole(self.name, value, int(self.low), int(self.high), about=f" ({self.doc})")
        number = float(value) if isinstance(value, (float, np.floating)) else as_whole(value)
        if number is None or not self.low <= number <= self.high:
            raise ValueError(f"{self.name}={value!r} ({self.doc}): give a number from {self.low:g} to {self.high:g}")
        return float(number)

    def parse(self, text: str) -> bool | int | float | str:
        """Return the value that `str` wrote, checked."""
        if isinstance(self.default, bool):
            return self.check({"True": True, "False": False}.get(text, text))
        try:
            return self.check(type(self.default)(text))
        except (TypeError, ValueError):
            return self.check(text)


def address(path: str, parameters: Mapping[str, Any]) -> str:
    """Return the path of a book with some parameters set: the module's name, `?`, `name=value` joined by `&`.

    Raises:
        ValueError: a parameter that the book does not have, or a value that it does not allow.
    """
    name, _, _ = path.partition("?")
    known = {p.name: p for p in getattr(importlib.import_module(name), "PARAMETERS", ())}
    for key in parameters:
        if key not in known:
            raise ValueError(f"{name} has no parameter {key!r}; it has {', '.join(known) or 'none'}")
    values = [f"{k}={p.check(parameters[k])}" for k, p in known.items() if k in parameters]
    return f"{name}?{'&'.join(values)}" if values else name


def with_parameters(module: types.ModuleType, path: str, query: str) -> types.ModuleType:
    """Return a copy of a module, its tables made for the parameters of a query (see `address`), the rest defaults.

    Such a module has `PARAMETERS`, and `tables(**parameters)` that returns by name what depends on them.
    """
    known = {p.name: p for p in getattr(module, "PARAMETERS", ())}
    values = {p.name: p.default for p in known.values()}
    for part in query.split("&") if query else ():
        key, _, text = part.partition("=")
        if key not in known:
            raise ValueError(f"{module.__name__} has no parameter {key!r}; it has {', '.join(known) or 'none'}")
        values[key] = known[key].parse(text)
    made = types.ModuleType(path, module.__doc__)
    made.__dict__.update({**vars(module), **module.tables(**values), "VALUES": values})
    return made
