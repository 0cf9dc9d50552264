"""Records as interpreted rules see them: the same names, storage and arithmetic as in the compiled form."""

from typing import Any, TypeAlias

import numpy as np

from textbook_gym.errors import did_you_mean

Record: TypeAlias = Any
"""One learner's record inside a rule: a compiled struct, or a `Row`; its fields are read and set by name."""


class FieldError(AttributeError):
    """A rule asks a record for a field that it does not have, or gives one what it cannot hold.

    Attributes:
        record: the record's type.
        text: the message, with `{table}` where the name of the table that the type comes from may stand.
    """

    def __init__(self, record: np.dtype, text: str) -> None:
        super().__init__(text.replace(" in {table}", "").replace("{table}.", ""))
        self.record, self.text = record, text


class Cells:
    """An array as interpreted rules see it: items come out as Python numbers and go in range-checked."""

    __slots__ = ("_array",)

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __getitem__(self, index: Any) -> Any:
        return shown_value(self._array[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        try:
            self._array[index] = value._void if isinstance(value, Row) else value
        except (ValueError, TypeError, OverflowError) as error:
            raise type(error)(f"an array of {record_told(self._array.dtype)} cannot hold {value!r}") from error

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
            return shown_value(self._void[name])
        except ValueError:
            raise self._unknown(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            self._void[name] = value
        except (ValueError, TypeError, OverflowError, KeyError):
            if name not in (self._void.dtype.names or ()):
                raise self._unknown(name) from None
            kind = self._void.dtype[name]
            raise FieldError(
                self._void.dtype, f"{{table}}.{name}, {record_told(kind)}, cannot hold {value!r}"
            ) from None

    def __reduce__(self) -> tuple[type["Row"], tuple[np.void]]:
        return Row, (self._void,)  # of the storage: attributes are the record's, not those that copies ask for

    def _unknown(self, name: str) -> FieldError:
        names = [n for n in self._void.dtype.names or () if n != "rng"]
        hint = did_you_mean(name, names)
        return FieldError(self._void.dtype, f"no field {name!r} in {{table}}{hint}; there are {', '.join(names)}")


def record_told(kind: np.dtype) -> str:
    """Return the type of a field in words, such as `a whole number (i1)`."""
    base, shape = kind.base, kind.shape
    number = f"{'a number' if base.kind == 'f' else 'a whole number'} ({base.str[1:]})"
    return f"an array {shape} of {number.removeprefix('a ')}s" if shape else number


def shown_value(value: Any) -> Any:
    """Return a NumPy value as interpreted rules see it: `Row`, `Cells` or a Python number."""
    if isinstance(value, np.void):
        return Row(value)
    return Cells(value) if isinstance(value, np.ndarray) else value.item()
