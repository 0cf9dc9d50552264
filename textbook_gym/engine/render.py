"""The page as text or as a picture: both come from the rows of characters that a book draws."""

import functools
from typing import Any

import numpy as np

from textbook_gym.engine.batch import Batch
from textbook_gym.errors import one_of

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


def checked_mode(mode: str | None) -> str | None:
    """Return a render mode that there is, or None.

    Raises:
        ValueError: it is none.
    """
    return None if mode is None else one_of("render_mode", mode, RENDER_MODES, ", or None")


def render(batch: Batch, i: int, mode: str) -> Any:
    """Return the page of lane `i`: a string for "ansi", an uint8 array (height, width, 3) for "rgb_array"."""
    drawn = batch.draw(i)
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
