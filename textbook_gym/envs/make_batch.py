"""The batch behind an id, for faces that make their lanes themselves."""

from collections.abc import Mapping
from typing import Any

from textbook_gym.engine.batch import Batch
from textbook_gym.engine.course_options import keywords_of, refuse_unknown
from textbook_gym.engine.lanes import Lanes
from textbook_gym.envs.classic import parameters_of, parted
from textbook_gym.envs.multibook import MultiBookLanes


def batch_of(lanes: int, keywords: Mapping[str, Any]) -> Batch:
    """Return the batch that the keywords of an id ask for: of one book or classic (`book`), or of the library.

    Raises:
        TypeError: a keyword that such a batch does not take.
        ValueError: a value that is not allowed.
    """
    if "book" not in keywords:
        return MultiBookLanes(lanes, **keywords)
    refuse_unknown(keywords, [*parameters_of(keywords["book"]), *keywords_of(Lanes)])
    path, options = parted(keywords["book"], {k: v for k, v in keywords.items() if k != "book"})
    return Lanes(path, lanes, **options)
