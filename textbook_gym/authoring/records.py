"""Records as interpreted rules see them: the same names, storage and arithmetic as in the compiled form."""

from typing import Any, TypeAlias

import numpy as np

Record: TypeAlias = Any
"""One learner's record inside a rule: a compiled struct, or a `Row`; its fields are read and set by name."""


class Cells:
    """An array as interpreted rules see it: items come out as Python numbers and go in range-checked."""

    __slots__ = ("_array",)

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __getitem__(self, index: Any) -> Any:
        return shown(self._array[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._array[index] = value._void if isinstance(value, Row) else value

    def __len__(self) -> int:
        return len(self._array)

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return self._array.shape


class Row:
    """A record as interpreted rules see it: the same names, storage and arithmetic as in the compiled form."""

    __slots__ = ("_void",)

    def __init__(self, void: np.void) -> None:
        object.__setattr__(self, "_void", void)

    def __getattr__(self, name: str) -> Any:
        try:
            return shown(self._void[name])
        except ValueError as error:
            raise AttributeError(f"no field {name!r}; there are {', '.join(self._void.dtype.names or ())}") from error

    def __setattr__(self, name: str, value: Any) -> None:
        self._void[name] = value


def shown(value: Any) -> Any:
    """Return a NumPy value as interpreted rules see it: `Row`, `Cells` or a Python number."""
    if isinstance(value, np.void):
        return Row(value)
    return Cells(value) if isinstance(value, np.ndarray) else value.item()
