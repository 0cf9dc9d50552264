"""What an author of a book imports: fields, signals, rules and random numbers; NumPy is all that it needs."""

from textbook_gym.authoring import belief, bitset, onehot
from textbook_gym.authoring.abilities import Ability
from textbook_gym.authoring.contract import rule
from textbook_gym.authoring.fields import Field
from textbook_gym.authoring.observation import Signal
from textbook_gym.authoring.parameters import Parameter
from textbook_gym.authoring.random import below, bits, categorical, chance, mix, normal, permute, shuffle, uniform
from textbook_gym.authoring.records import Record
from textbook_gym.errors import BookError

__all__ = [
    "Ability",
    "BookError",
    "Field",
    "Parameter",
    "Record",
    "Signal",
    "belief",
    "below",
    "bits",
    "bitset",
    "categorical",
    "chance",
    "mix",
    "normal",
    "onehot",
    "permute",
    "rule",
    "shuffle",
    "uniform",
]
