"""The page as text or as a picture: both come from the rows of characters that a book draws."""

import functools
from typing import Any

import numpy as np

from textbook_gym.authoring.records import Row
from textbook_gym.engine.lanes import Lanes

RENDER_MODES = ["ansi", "rgb_array"]
RENDER_FPS = 4
CELL = (20, 12)  # height and width of a character, in pixels
PAPER = (250, 248, 240)
INK = (40, 44, 52)
HUES = {
    **dict.fromkeys("$@*!", (200, 120, 0)),
    **dict.fromkeys("#=+|-", (120, 124, 135)),
    **dict.fromkeys("0123456789", (0, 110, 170)),
    **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (160, 40, 70)),
}


def page(lanes: Lanes, i: int) -> tuple[Row, Row, np.void]:
    """Return chapter row and observation of lane `i` as `draw` and `tell` want them, and its `OUT` record."""
    _, seen, out = lanes.shown([i])
    return Row(lanes.plan[int(lanes.records["clock"]["chapter"][i])]), Row(seen[0]), out[0]


def tell(lanes: Lanes, i: int) -> str:
    """Return the page of lane `i` in words."""
    p, seen, _ = page(lanes, i)
    return lanes.book.tell(p, seen)


def rows(lanes: Lanes, i: int) -> list[str]:
    """Return the page of lane `i` as rows of equal width: a title, the grade, then what the book draws."""
    p, seen, o = page(lanes, i)
    drawn = lanes.book.draw(p, seen)
    chapter = lanes.book.chapters[int(o["chapter"]) - 1]
    title = f"{lanes.book.name} {int(o['chapter'])}.{int(o['exercise'])} {chapter.name}"
    below = f"grade {float(o['grade']):.2f}" + (f"  mark {float(o['mark']):.2f}" if o["exercise_done"] else "")
    every = [title, below, "", *drawn]
    width = max(map(len, every))
    return [row.ljust(width) for row in every]


def render(lanes: Lanes, i: int, mode: str) -> Any:
    """Return the page of lane `i`: a string for "ansi", an uint8 array (height, width, 3) for "rgb_array"."""
    drawn = rows(lanes, i)
    return "\n".join(row.rstrip() for row in drawn) if mode == "ansi" else picture(drawn)


def picture(drawn: list[str]) -> np.ndarray:
    """Return rows of characters of equal width as an uint8 picture (height, width, 3)."""
    return np.concatenate([np.concatenate([glyph(character) for character in row], axis=1) for row in drawn], axis=0)


@functools.lru_cache(maxsize=1024)
def glyph(character: str) -> np.ndarray:
    """Return one character as an uint8 picture of `CELL` size."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = CELL
    image = Image.new("RGB", (width, height), PAPER)
    font = ImageFont.load_default(size=height - 5)
    ImageDraw.Draw(image).text((width / 2, height / 2), character, HUES.get(character, INK), font=font, anchor="mm")
    return np.asarray(image)
