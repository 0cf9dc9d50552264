"""Asking for memory before it is needed.

With thousands of lanes side by side most of what a step reads lies outside the processor's nearest cache. A loop that
says some lanes ahead what it will read does not wait for it. That saves nothing where lanes are small, as in `Bandits`,
and most where they are large: two thirds of the time of a step on `RL2MDP`.
"""

import functools
from typing import Any

from textbook_gym.authoring.contract import rule
from textbook_gym.authoring.records import Record

FAR = 24  # lanes ahead: fetch where clock and state begin
NEAR = 12  # lanes ahead, when those have come: fetch what the state points at; see the optional rule `ahead` of a book
LINE = 8  # words of 64 bits in a line of the cache


@rule
def fetch(cells: Record, number: int) -> None:
    """Have cell `number` of an array, counted in memory order, fetched into the cache; nothing in plain Python."""


@rule
def fetch_lane(words: Record, lane: int, state: int) -> None:
    """Fetch clock and beginning of the state, which is so many words into the lane, of a lane seen as words."""
    first = lane * words.shape[1]
    fetch(words, first)
    fetch(words, first + LINE)
    fetch(words, first + state)


@functools.cache
def compile_fetch() -> None:
    """Let numba compile calls of `fetch`: to the processor's instruction for it."""
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.extending import intrinsic, overload

    @intrinsic
    def prefetch(context: Any, cells: Any, number: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            place = builder.bitcast(builder.gep(array.data, [arguments[1]]), cgutils.voidptr_t)
            word = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, word, word, word])
            instruction = builder.module.declare_intrinsic("llvm.prefetch", [cgutils.voidptr_t], kind)
            builder.call(instruction, [place, word(0), word(3), word(1)])  # to read, keep, data
            return context.get_dummy_value()

        return types.void(cells, types.int64), code

    @overload(fetch, jit_options={"forceinline": True})
    def call(cells: Any, number: Any) -> Any:
        def fetched(cells: Any, number: Any) -> None:
            prefetch(cells, number)  # type: ignore[call-arg]  # the compiler hands on its context by itself

        return fetched
