"""The environments in words, `view="text"`: observations and actions are strings, one conversation a learner.

    env = gym.make("textbook/BanditsCourse-v1", view="text")
    page, info = env.reset(seed=0)
    page, reward, terminated, truncated, info = env.step("I try <action>PULL_B</action>")

`AsyncVectorEnv` with its default shared memory cannot hold texts (Gymnasium reads them once, before there are any, and
returns "000..." for ever); here it is refused, and works with `vector_kwargs={"shared_memory": False}`.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import CustomSpaceError
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.vector.utils import create_shared_memory
from gymnasium.wrappers import TimeLimit

from textbook_gym.envs.classic import ClassicEnv, ClassicVectorEnv
from textbook_gym.envs.library import LibraryEnv, LibraryVectorEnv
from textbook_gym.envs.single import BookEnv, LaneEnv
from textbook_gym.envs.vector import BookVectorEnv, autoreset
from textbook_gym.text.course_view import spare_button
from textbook_gym.text.desk import Desk, Message
from textbook_gym.text.settings import Settings, chosen_of

VIEWS = ("flat", "text")
CHARACTERS = frozenset("\n" + "".join(map(chr, range(32, 127))))
PAGE_CHARS = 16_000  # most characters of the new messages of a turn, without the notebook
LISTED = ("edition", "state", "book")  # options of a reset that may have an entry a lane


class Words(spaces.Text):
    """Texts of printable ASCII. Unlike `spaces.Text` it is refused where shared memory would lose it."""

    def __init__(self, max_length: int) -> None:
        super().__init__(max_length, min_length=0, charset=CHARACTERS)

    def __repr__(self) -> str:
        return f"Words({self.max_length})"


@create_shared_memory.register(Words)
def refuse_shared_memory(space: Words, n: int = 1, ctx: Any = None) -> Any:
    """Refuse, so that `AsyncVectorEnv` says what to do."""
    raise CustomSpaceError("Gymnasium loses texts in shared memory; give shared_memory=False")


class TextEnv(gymnasium.Env[str, str]):
    """A book, a classic or the library in words.

    Observation and action are texts: the new messages of the conversation, and the student's reply, whole, as
    `textbook_gym.text.Desk.reply` takes it. What steps, resets, episodes and rewards are follows the flat environment
    with one difference: within an episode pages are turned without a step, so that every reply is an action. With
    memory="notebook" the end of an exercise is followed by one more step, for notes.

    `info` is the flat environment's (without `action_mask`), and besides `invalid`, `invalid_empty`,
    `invalid_truncated`, `invalid_unknown`, `note_cut` (see `Turn`), `messages` (the observation as a list of messages)
    and `fresh` (whether a new context begins with them).

    Args:
        flat: class of the flat environment.
        render_mode: as in `BookEnv`.
        keywords: memory, preface, answer, notebook_chars and reply_chars of `Desk`, and those of the flat environment.

    Raises:
        TypeError: a keyword is not known.
        ValueError: a value is not known.

    Example:
        >>> env = gymnasium.make("textbook/ConceptsSeminar-v1", view="text", memory="notebook")
        >>> page, info = env.reset(seed=0)
        >>> page, reward, terminated, truncated, info = env.step("I guess. <action>BIN_1</action>")
        >>> info["invalid"]
        ''
    """

    metadata = BookEnv.metadata

    def __init__(self, flat: type[LaneEnv], *, render_mode: str | None = None, **keywords: Any) -> None:
        own = {k: keywords.pop(k) for k in Settings._fields if k in keywords}
        keywords |= spare_button() if issubclass(flat, LibraryEnv) else {}
        try:
            self.flat = flat(render_mode=render_mode, **keywords)
        except TypeError as error:
            raise TypeError(f"{error}; with view='text' also {', '.join(Settings._fields)}") from error
        self.render_mode = render_mode
        self.desk = Desk(self.flat, **own)
        self.observation_space = Words(PAGE_CHARS + self.desk.settings.notebook_chars)
        self.action_space = Words(self.desk.settings.reply_chars)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Turn the page, start a fresh learner (`seed`), or go to a place (`options`), as the flat environment does.

        Returns:
            the first messages of the exercise, after a system message where a context begins; and info.

        Raises:
            ValueError: an unknown option, edition or chapter; the course is as it was.
        """
        super().reset(seed=seed)
        return self._told(self.desk.open(seed, **(options or {})))

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Take a reply of the student.

        Raises:
            TypeError: it is no string.
            RuntimeError: the episode is over, or not begun: call `reset()`.
        """
        turn = self.desk.reply(action)
        observation = shown_info(turn.messages)
        info = {**turn.info, "messages": turn.messages, "fresh": turn.fresh}
        return observation, turn.reward, turn.terminated, turn.truncated, info

    def render(self) -> Any:
        """Return the page as the flat environment draws it."""
        return self.flat.render()

    def save(self) -> bytes:
        """Return course and conversation as bytes; see `Desk.save`."""
        return self.desk.save()

    def load(self, data: bytes) -> tuple[str, dict[str, Any]]:
        """Go on with what `save` returned; see `Desk.load`.

        Returns:
            the messages that wait for a reply, and info.
        """
        return self._told(self.desk.load(data))

    def _told(self, messages: list[Message]) -> tuple[str, dict[str, Any]]:
        fresh = len(messages) == len(self.desk.context)
        return shown_info(messages), {**self.desk.info, "messages": messages, "fresh": fresh}


def shown_info(messages: list[Message]) -> str:
    """Return messages as one text of the observation space; what a student wrote in other letters is shown as `?`."""
    text = "\n\n".join(message["content"] for message in messages)
    return text if CHARACTERS.issuperset(text) else "".join(c if c in CHARACTERS else "?" for c in text)


class TextVectorEnv(SyncVectorEnv):
    """Conversations side by side, each a `TextEnv`; `gym.make_vec(id, num_envs=n, view="text")` returns one.

    Lane i is seeded with seed + i. Of `reset`'s options `edition`, `state` and `book` may be lists, one entry a lane.

    Args:
        flat: class of the flat environment of one lane.
        num_envs: how many lanes.
        autoreset_mode: as in `BookVectorEnv`.
        max_episode_steps: truncate episodes after so many steps; None for never.
        keywords: those of `TextEnv`.

    Example:
        >>> envs = gymnasium.make_vec("textbook/ConceptsSeminar-v1", num_envs=2, view="text")
        >>> pages, info = envs.reset(seed=0)
        >>> replies = ["<action>BIN_1</action>", "<action>BIN_2</action>"]
        >>> pages, rewards, terminated, truncated, info = envs.step(replies)
        >>> rewards.shape
        (2,)
    """

    def __init__(
        self,
        flat: type[LaneEnv],
        num_envs: int = 1,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        **keywords: Any,
    ) -> None:
        def lane() -> gymnasium.Env[str, str]:
            env = TextEnv(flat, **keywords)
            return env if max_episode_steps is None else TimeLimit(env, max_episode_steps)

        super().__init__([lane] * num_envs, autoreset_mode=autoreset(autoreset_mode))

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset all lanes, or those of `options["reset_mask"]`; see the class."""
        options = dict(options or {})
        listed = {k: v for k, v in options.items() if k in LISTED and isinstance(v, (list, tuple, np.ndarray))}
        if not listed:
            return super().reset(seed=seed, options=options)
        mask = np.asarray(options.get("reset_mask", np.ones(self.num_envs, np.bool_)))
        for key, entries in listed.items():
            if len(entries) != mask.sum():
                raise ValueError(f"options={{{key!r}: ...}} lists {len(entries)} for {mask.sum()} lanes")
        infos: dict[str, Any] = {}
        for place, i in enumerate(np.flatnonzero(mask).tolist()):
            alone = np.arange(self.num_envs) == i
            one = {**options, **{k: v[place] for k, v in listed.items()}, "reset_mask": alone}
            pages, info = super().reset(seed=seed, options=one)
            for key, values in info.items():
                infos.setdefault(key, values)[i] = values[i]
        return pages, infos


class Views:
    """The entry point of an id: calls the flat environment, or, with view="text", the one in words."""

    def __init__(self, flat: Any, words: Any, alone: type[LaneEnv]) -> None:
        self._flat, self._words, self._alone = flat, words, alone
        self.metadata = flat.metadata  # Gymnasium asks the entry point for render modes

    def __call__(self, *, view: str = "flat", **keywords: Any) -> Any:
        """Make an environment: `view` is "flat" or "text", keywords are that environment's."""
        if chosen_of("view", view, VIEWS) == "flat":
            for keyword in keywords.keys() & set(Settings._fields):
                raise TypeError(f"keyword {keyword!r} belongs to view='text'; give that too")
            return self._flat(**keywords)
        return self._words(self._alone, **keywords)


BOOK, BOOK_VECTOR = Views(BookEnv, TextEnv, BookEnv), Views(BookVectorEnv, TextVectorEnv, BookEnv)
CLASSIC, CLASSIC_VECTOR = Views(ClassicEnv, TextEnv, ClassicEnv), Views(ClassicVectorEnv, TextVectorEnv, ClassicEnv)
LIBRARY_SINGLE, LIBRARY_VECTOR = (
    Views(LibraryEnv, TextEnv, LibraryEnv),
    Views(LibraryVectorEnv, TextVectorEnv, LibraryEnv),
)
