"""Sealed editions: who knows the public worlds gains nothing, honest students are as they were, and all is checked."""

import json

import numpy as np
import pytest

from textbook_gym.engine.lanes import Lanes
from textbook_gym.students.rollout import open_editions
from textbook_gym.study import study
from textbook_gym.study.edition_digests import edition_digests
from textbook_gym.study.files import write
from textbook_gym.study.run import settings_of
from textbook_gym.study.validate import validate

SALT = "a secret of this test, long enough"
GIVEN = {"students": ["random", "model"], "books": ["Vocabulary"], "editions": 64, "split": "test"}


class Replayer:
    """Walks the public editions 0, 1, ... beside its course and does what their oracle does."""

    name, remembers = "replayer", False

    def begin(self, book, lanes, seed):
        self.twin = Lanes(book.path, lanes, episode="book", split="test", interpreted=False)
        self.buffers = open_editions(self.twin, range(lanes))

    def act(self, observations, info):
        going = self.twin.records["clock"]["stage"] == 1
        actions = np.array([self.twin.hidden(i)["oracle"] if on else 0 for i, on in enumerate(going)])
        self.twin.advance(actions, *self.buffers)
        return actions

    def wipe(self, mask):
        pass


class Watcher(Replayer):
    """Writes down what it is told about the edition, and plays button 0."""

    def begin(self, book, lanes, seed):
        self.seeds = [*getattr(self, "seeds", []), seed]
        self.told = getattr(self, "told", set())

    def act(self, observations, info):
        self.told |= set(info["edition"].tolist())
        return np.zeros(len(observations), np.int64)


def test_who_replays_public_editions_falls_on_sealed_ones():
    one = {"books": ["Vocabulary"], "editions": 8, "controls": ["kept"]}
    public, sealed = study([Replayer()], **one), study([Replayer()], **one, sealed=SALT)
    assert public["mark"].min() == 1.0
    assert sealed["mark"].mean() < 0.6


def test_honest_students_are_as_they_were():
    public, sealed = study(**GIVEN), study(**GIVEN, sealed=SALT)
    assert not public.equals(sealed)
    for name in GIVEN["students"]:
        a, b = (t.filter(student=name, control="kept")["mark"].mean() for t in (public, sealed))
        assert abs(a - b) < 0.03


def test_a_student_is_told_no_number_of_an_edition():
    """Neither in `info` nor by its seed, which is the same wherever in a study its block begins."""
    watchers = [Watcher() for _ in range(2)]
    study([watchers[0]], ["Bandits"], editions=128, controls=["kept"])
    assert watchers[0].told == {0}
    assert watchers[0].seeds[0] == watchers[0].seeds[1]  # two blocks of 64
    study([watchers[1]], ["Bandits"], editions=3, controls=["kept"], lanes=1)
    assert len(set(watchers[1].seeds)) == 3


def sealed_study(folder):
    table = study(**GIVEN, controls=["kept"], sealed=SALT)
    write(table, folder, settings_of(**GIVEN, controls=["kept"], seed=0, sealed=SALT), SALT)
    return folder


def test_a_sealed_study_is_validated_with_its_salt(tmp_path):
    folder = sealed_study(tmp_path / "s")
    assert SALT not in (folder / "study.json").read_text()
    without = validate(folder)
    assert all(f.good for f in without)
    assert [f.text for f in without if "NOT" in f.text]
    assert not [f for f in without if f.text.startswith(("editions", "reference"))]
    (tmp_path / "salt").write_text(SALT + "\n")
    for salt in (SALT, f"@{tmp_path / 'salt'}"):
        found = validate(folder, salt)
        assert all(f.good for f in found)
        assert len([f for f in found if f.text.startswith(("editions", "reference"))]) == 2
    assert not all(f.good for f in validate(folder, SALT + "r"))
    stated = json.loads((folder / "study.json").read_text())
    (folder / "study.json").write_text(json.dumps({**stated, "salt": SALT}))
    assert all(f.good for f in validate(folder))
    (folder / "study.json").write_text(json.dumps({**stated, "salt": "@/etc/hostname"}))
    assert "as a string" in next(f.text for f in validate(folder) if not f.good)


def test_a_sealed_study_passed_off_as_public_is_found(tmp_path):
    folder = sealed_study(tmp_path / "s")
    stated = json.loads((folder / "study.json").read_text())
    del stated["sealed"]
    (folder / "study.json").write_text(json.dumps(stated))
    wrong = [f.text for f in validate(folder) if not f.good]
    assert len(wrong) == 2  # the worlds, and the rows of reference students


def test_salts_that_could_be_guessed_are_refused(tmp_path):
    with pytest.raises(ValueError, match="7 characters and could be guessed"):
        study(**GIVEN, sealed="hunter2")
    with pytest.raises(ValueError, match="cannot be read"):
        study(**GIVEN, sealed="@no-such-file")


def test_two_salts_are_other_worlds_and_none_are_the_public_ones():
    digests = {edition_digests(["Bandits"], "test", 4, None, salt)["Bandits"] for salt in (0, 1, 2)}
    assert len(digests) == 3
    assert edition_digests(["Bandits"], "test", 4) == edition_digests(["Bandits"], "test", 4, None, 0)


def test_a_command_line_is_not_published_and_no_reference_student_impersonated():
    told = settings_of(["mine=cmd:agent --key SECRET", "model"], ["Bandits"], 2, "test", ["kept"], 0)
    assert told["students"] == ["mine", "model"]
    with pytest.raises(ValueError, match="'model' is the name of a reference student"):
        study(["model=cmd:agent"], ["Bandits"], editions=2)
    with pytest.raises(ValueError, match=r"leave the parameters out: 'RL2Bandit'"):
        study(["random"], ["RL2Bandit?arms=3"], editions=2)
