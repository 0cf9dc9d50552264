"""Whether the calls that an example shows fit what they call, though the example is too dear to run."""

import ast
import builtins
import importlib
import inspect
import types
import typing

from helpers.sources import DEFINED

ADAPTERS = tuple(f"adapters.{name}" for name in ("mcp", "openenv", "tinker", "trl", "verifiers"))
"""Modules that can be imported only beside the library that they are for."""

NOT_MEANT = ("books", "classics", "cli.", *ADAPTERS)
"""Modules whose names an example means only where it stands in them, or imports them."""


class Instance(typing.NamedTuple):
    """What an example holds in a variable, of which no more is known than its class."""

    kind: type


class Caller(ast.NodeVisitor):
    """Reads an example in order and binds the arguments of every call to what it calls; nothing is evaluated.

    A name is that of a variable of the example, else of the example's module, else what the package calls so anywhere,
    else a built-in. What stands for something the reader has (`table`) may be unknown; what is called by its bare name
    may not.
    """

    def __init__(self, module):
        """Begin in a module, imported."""
        self.space, self.wrong = vars(module), []
        self.local = {}  # variable -> what it holds; None if that is not known

    def find(self, name):
        """Return what a bare name means where it stands."""
        if name in self.local:
            return self.local[name]
        return self.space.get(name, getattr(builtins, name, None))

    def find_called(self, name):
        """Return what a bare name means that is called: it may be of any module."""
        if name in self.local or self.find(name) is not None:
            return self.find(name)
        for module, names in DEFINED.items():
            if name in names and not name.startswith("_") and not module.startswith(NOT_MEANT):
                return getattr(importlib.import_module(f"textbook_gym.{module}".rstrip(".")), name)
        return None

    def held(self, node):
        """Return what an expression is: a thing of ours, an `Instance` of a class, or None for all else."""
        if isinstance(node, ast.Await):
            return self.held(node.value)
        if isinstance(node, ast.Name):
            return self.find(node.id)
        if isinstance(node, ast.Attribute):
            return self.attribute(self.held(node.value), node.attr)
        if isinstance(node, ast.Call):
            called = self.called(node)
            if isinstance(called, type):
                return Instance(called)
            return self.returned(called) if is_ours(called) else None
        return None

    def called(self, node):
        """Return what a call calls."""
        return self.find_called(node.func.id) if isinstance(node.func, ast.Name) else self.held(node.func)

    def attribute(self, owner, name):
        """Return an attribute of what is known; one that our own things lack is wrong."""
        if owner is None or not is_ours(getattr(owner, "kind", owner)):
            return getattr(owner, name, None) if inspect.ismodule(owner) else None
        if not isinstance(owner, Instance):
            if not hasattr(owner, name):
                self.wrong.append(f"{owner} has no {name}")
            return getattr(owner, name, None)
        kind = owner.kind
        if not hasattr(kind, name):
            if name not in typing.get_type_hints(kind) and f"self.{name}" not in inspect.getsource(kind):
                self.wrong.append(f"{kind.__name__} has no {name}")
            return None
        method = inspect.getattr_static(kind, name)
        return types.MethodType(method, kind) if inspect.isfunction(method) else None

    def returned(self, function):
        """Return what a function hands out, as far as its annotation says it."""
        kind = inspect.signature(function).return_annotation
        kind = self.find(kind) if isinstance(kind, str) else kind
        return Instance(kind) if isinstance(kind, type) else None

    def assign(self, target, value):
        """Enter variables; of several at once no more is known than that they are there."""
        if isinstance(target, ast.Name):
            self.local[target.id] = value
        else:
            self.local |= {n.id: None for n in ast.walk(target) if isinstance(n, ast.Name)}

    def visit_Assign(self, node):
        self.visit(node.value)
        for target in node.targets:
            self.assign(target, self.held(node.value))

    def visit_ImportFrom(self, node):
        for alias in node.names:
            if node.module.split(".")[0] == "textbook_gym":
                self.local[alias.asname or alias.name] = getattr(importlib.import_module(node.module), alias.name)
            else:
                self.local[alias.asname or alias.name] = None

    def visit_Import(self, node):
        self.local |= {(alias.asname or alias.name).split(".")[0]: None for alias in node.names}

    def visit_FunctionDef(self, node):
        self.local |= {node.name: None, **{a.arg: None for a in node.args.args}}
        self.generic_visit(node)

    def visit_ClassDef(self, node):
        self.local[node.name] = None
        self.generic_visit(node)

    def visit_With(self, node):
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, None)
        for statement in node.body:
            self.visit(statement)

    def visit_Call(self, node):
        called = self.called(node)
        if called is None and isinstance(node.func, ast.Name) and node.func.id not in self.local:
            self.wrong.append(f"{node.func.id} is not known")
        elif is_ours(called):
            self.bind(called, node)
        self.generic_visit(node)

    def bind(self, called, node):
        """Hold a call against a signature; `...` stands for further arguments."""
        signature = inspect.signature(called)
        whole = not any(isinstance(a, ast.Starred) or is_dots(a) for a in node.args)
        whole &= all(k.arg is not None for k in node.keywords)
        given = [a for a in node.args if not isinstance(a, ast.Starred) and not is_dots(a)]
        try:
            (signature.bind if whole else signature.bind_partial)(*given, **{k.arg: k for k in node.keywords if k.arg})
        except TypeError as error:
            self.wrong.append(f"{ast.unparse(node)}: {error}")


def is_dots(node):
    """Whether an argument is `...`."""
    return isinstance(node, ast.Constant) and node.value is ...


def is_ours(thing):
    """Whether a thing is a class, function or module of this package."""
    name = thing.__name__ if inspect.ismodule(thing) else getattr(thing, "__module__", None)
    return (callable(thing) or inspect.ismodule(thing)) and str(name).split(".")[0] == "textbook_gym"
