"""What commands are made of: kinds of options, options that a function states, help, examples, the current folder."""

import inspect
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import cyclopts
import docstring_parser


def to_whole(kind: Any, tokens: Sequence[cyclopts.Token]) -> Any:
    """Return one whole number, or a tuple of them: what looks like another number is refused, never rounded.

    Raises:
        ValueError: a word is no whole number.
    """
    numbers = []
    for token in tokens:
        try:
            numbers.append(int(token.value))
        except ValueError:
            raise ValueError(f"{token.value!r} is no whole number") from None
    return tuple(numbers) if kind is not int else numbers[0]


Whole = Annotated[int, cyclopts.Parameter(converter=to_whole)]
"""A whole number."""
Wholes = Annotated[tuple[int, ...], cyclopts.Parameter(converter=to_whole)]
"""Whole numbers: the option is repeated."""
Texts = tuple[str, ...]
"""Texts, taken as they stand: the option is repeated."""

OWN_BOOK = "A book of your own is given by its module, such as my_package.lamps."
"""What is said of an option that takes a book."""


def takes(
    function: Callable[..., Any], options: Mapping[str, tuple[str, Any]], more: Mapping[str, str]
) -> Callable[[Any], Any]:
    """Give a command with `**asked` the parameters of a function that it hands them to.

    Default and words of a parameter are thus stated once, by that function.

    Args:
        function: the function; its docstring describes the parameters.
        options: parameter -> option, and the option's type.
        more: parameter -> what is said of the option besides.
    """
    theirs, words = inspect.signature(function).parameters, described(function)

    def wear(command: Any) -> Any:
        given = [
            inspect.Parameter(
                option,
                inspect.Parameter.KEYWORD_ONLY,
                default=theirs[name].default,
                annotation=Annotated[kind, cyclopts.Parameter(help=words[name] + more.get(name, ""))],
            )
            for name, (option, kind) in options.items()
        ]
        own = [p for p in inspect.signature(command).parameters.values() if p.kind is not p.VAR_KEYWORD]
        every = sorted((*given, *own), key=lambda p: p.kind)  # what is given by its place comes first
        command.__signature__ = inspect.Signature(every)
        command.__annotations__ = {p.name: p.annotation for p in every}
        return command

    return wear


def described(function: Callable[..., Any]) -> dict[str, str]:
    """Return what a docstring says of each parameter, in one line."""
    return {
        p.arg_name: " ".join((p.description or "").split())
        for p in docstring_parser.parse(function.__doc__ or "").params
    }


def parser_of(command: Callable[..., int]) -> cyclopts.App:
    """Return the parser of one command: all that it says comes from signature and docstring."""
    words, parameters = described(command), []
    for parameter in inspect.signature(command).parameters.values():
        how: dict[str, Any] = {"help": words[parameter.name]} if parameter.name in words else {}
        how["show_default"] = default_of(parameter) or False
        parameters.append(parameter.replace(annotation=Annotated[parameter.annotation, cyclopts.Parameter(**how)]))
    signature = inspect.Signature(parameters)

    def run(*positional: Any, **named: Any) -> int:
        bound = signature.bind(*positional, **named)
        bound.apply_defaults()
        return command(*bound.args, **bound.kwargs)

    run.__signature__ = signature  # type: ignore[attr-defined]  # what `inspect` looks for first
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    said = docstring_parser.parse(command.__doc__ or "").description or ""
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in said.split("\n\n"))
    lines = "\n".join(f"    {line}" for line in examples(command))
    return cyclopts.App(default_command=run, help=text, help_epilogue=f"\nExamples\n\n{lines}\n")


def default_of(parameter: inspect.Parameter) -> str:
    """Return a default as one would write it, or nothing where the words must say what it is."""
    default = parameter.default
    if default is parameter.empty or default is None or default is False:
        return ""
    if isinstance(default, tuple):
        return ", ".join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)


def examples(command: Callable[..., Any]) -> list[str]:
    """Return the command lines that a command's docstring shows."""
    lines = inspect.cleandoc(command.__doc__ or "").partition("Examples:\n")[2].splitlines()
    return [line.strip() for line in lines if line.startswith("    textbook-gym")]


def written_option(command: Callable[..., Any], chosen: Mapping[str, Any]) -> str:
    """Return the command line that asks for these options; those at their defaults are left out."""
    words = ["textbook-gym", command.__name__]
    for name, parameter in inspect.signature(command).parameters.items():
        value = chosen[name]
        if value is None or value == parameter.default:
            continue
        for each in value if isinstance(value, (list, tuple)) else [value]:
            option = f"--{name.replace('_', '-')}"
            if each is True:
                words.append(option)
            else:
                words += [f"{option}={each}"] if str(each).startswith("-") else [option, str(each)]
    return shlex.join(words)


def see_this_folder() -> None:
    """Look for modules in the current folder first, as `python -m textbook_gym` does."""
    here = os.getcwd()
    if here not in sys.path and not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, here)
