"""The command line: what it takes, what it says, and how it ends."""

import inspect
import json
import os
import pathlib
import shlex
import subprocess
import sys
import warnings

import polars as pl
import pytest

from textbook_gym import __version__
from textbook_gym.cli import study as commands
from textbook_gym.cli.main import COMMANDS, application, main
from textbook_gym.cli.options import examples, written_option
from textbook_gym.study.run import study

HARD = "cmd:while read -r l; do a=$((1%6)); echo $a; done # [/b] [red] $x$ a=b é"
"""A student whose name holds what markup, plots, shells and encodings may trip over."""


def functions():
    """Name of a command -> its function."""
    found = {}
    for name, (path, _) in COMMANDS.items():
        module, _, attribute = path.partition(":")
        found[name] = getattr(__import__(module, fromlist=[attribute]), attribute)
    return found


def installed(folder):
    """A script that is what `textbook-gym` is once the package is installed: it does not stand where it is run."""
    script = folder / "scripts" / "textbook-gym.py"
    script.parent.mkdir()
    script.write_text("import sys\nfrom textbook_gym.cli import main\nsys.exit(main())\n", encoding="utf-8")
    return script


# --- help ----------------------------------------------------------------------------------


def test_every_command_is_listed_with_what_it_does(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_names_every_option_and_shows_examples(name, capsys):
    assert main([name, "--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    command = functions()[name]
    for option, parameter in inspect.signature(command).parameters.items():
        positional = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL)
        shown = option.upper() if positional else f"--{option.replace('_', '-')}"
        assert shown in out
    lines = examples(command)
    assert 2 <= len(lines) <= 4
    assert all(line in out for line in lines)
    assert "[default: None]" not in out


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_understood(name):
    """Every example parses into arguments of its command."""
    for line in examples(functions()[name]):
        words = shlex.split(line.partition("|")[0])
        assert words[:2] == ["textbook-gym", name]
        application(name).parse_args(words[1:], exit_on_error=False, print_error=False)


@pytest.mark.parametrize("name", ["list", "show"])
def test_an_example_of_books_runs(name, capsys):
    line = examples(functions()[name])[0]
    assert main(shlex.split(line)[1:]) == 0
    assert "Bandits" in capsys.readouterr().out


def test_examples_of_studies_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    asked = shlex.split(examples(commands.study)[0])[1:]
    assert main([*asked, "--out", "study"]) == 0
    for folder in ("before", "after"):
        assert main([*asked, "--out", folder]) == 0
    for command in (commands.report, commands.compare, commands.validate):
        assert main(shlex.split(examples(command)[0])[1:]) == 0
    assert "WRONG" not in capsys.readouterr().out


def test_options_are_those_of_the_function_that_walks():
    """Names, defaults and words of what is handed on are stated by `study` alone."""
    theirs, ours = inspect.signature(study).parameters, inspect.signature(commands.study).parameters
    for name, (option, _) in commands.STUDY_OPTIONS.items():
        assert ours[option].default is theirs[name].default
    assert set(theirs) - set(commands.STUDY_OPTIONS) == {"threads", "folder", "runner", "progress"}


# --- what is refused -----------------------------------------------------------------------

USAGE = (
    ([], "give a command: list, show, train"),
    (["stduy"], "did you mean 'study'?"),
    (["--nope"], "--nope"),
    (["study", "--sede", "3"], "Did you mean --seed?"),
    (["study", "--editions", "1.5"], "'1.5' is no whole number"),
    (["study", "--seed", "x"], "'x' is no whole number"),
    (["study", "--timeout", "soon"], "soon"),
    (["study", "--student"], "--student requires an argument"),
    (["study", "--out", "a", "--out", "b"], "--out"),
    (["study", "--book", "Bandits", "stray"], "stray"),
    (["study", "--book", "Bandits", "--book", "textbook/Bandits-v1"], "none twice"),
    (["study", "--book", "Bandits", "--control", "kept", "--control", "kept"], "none twice"),
    (["study", "--split", "tset"], "did you mean 'test'?"),
    (["study", "--student", "mine=modle"], "did you mean 'model'?"),
    (["study", "--book", "Bandit"], "did you mean 'Bandits'?"),
    (["study", "--control", "wipd"], "did you mean 'wiped'?"),
    (["study", "--editions", "0"], "whole number >= 1"),
    (["study", "--workers", "0"], "workers=0: give a whole number >= 1"),
    (["study", "--lanes", "0"], "lanes=0: give a whole number >= 1"),
    (["study", "--seed", "-1"], "seed=-1: give a whole number from 0"),
    (["show", "Nothing"], "there are Alchemy, Automata"),
    (["show"], "BOOK requires an argument"),
    (["show", "Bandits", "--editions", "0"], "editions=0: give a whole number >= 1"),
    (["train"], "--book requires an argument"),
    (["train", "--book", "Bandits", "--threads", "0"], "threads=0: give a whole number >= 1"),
    (["report"], "give a folder"),
    (["compare", "one"], "holds no marks.csv"),
    (["compare"], "two or more"),
    (["validate", "nowhere"], "no file 'nowhere/study.json'"),
)  # fmt: skip


@pytest.mark.parametrize(("words", "message"), USAGE, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_bad_input_is_refused_in_one_line_with_status_2(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("textbook-gym: ")
    assert message in told.err
    assert told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_bytes(b"")
    assert main(["study", "--book", "Bandits", "--editions", "1", "--out", str(tmp_path / "file")]) == 2
    error = capsys.readouterr().err
    assert "Not a directory; make room or choose --out" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("option", ["steps", "lanes"])
def test_none_of_it_is_not_the_preset(option, capsys, tmp_path):
    pytest.importorskip("stable_baselines3")
    assert main(["train", "--book", "Bandits", "--short", f"--{option}", "0", "--out", str(tmp_path / "x")]) == 2
    assert f"{option}=0: give a whole number >= 1" in capsys.readouterr().err


@pytest.mark.parametrize("chosen", [{"books": []}, {"students": []}, {"controls": []}, {"books": ["Bandits"] * 2}])
def test_nothing_is_not_everything(chosen):
    with pytest.raises(ValueError, match="at least one"):
        study(**{"books": ["Bandits"], "editions": 1, **chosen})


def test_a_missing_library_is_named_with_the_extra_that_brings_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["study", "--book", "Bandits", "--editions", "1", "--ray"]) == 2
    assert capsys.readouterr().err == "textbook-gym: study needs 'ray': pip install 'textbook_gym[ray]'\n"


def test_an_interrupt_says_what_is_kept(capsys, monkeypatch, tmp_path):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands.run, "study", stop)
    assert main(["study", "--book", "Bandits", "--out", str(tmp_path)]) == 130
    assert "interrupted; what is done is kept" in capsys.readouterr().err


def test_a_book_is_written_checked_and_calibrated(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["new", "written_here"]) == 0
    assert "Next: textbook-gym check written_here" in capsys.readouterr().out
    before = pathlib.Path("written_here.py").read_bytes()
    assert main(["new", "written_here"]) == 2
    assert pathlib.Path("written_here.py").read_bytes() == before
    assert main(["check", "written_here", "--calibrate", "--editions", "256"]) == 0
    assert "CHAPTERS = (" in capsys.readouterr().out
    with monkeypatch.context() as undone:
        undone.setattr("textbook_gym.checks.LEAST_BENEFIT", 2.0)
        assert main(["check", "written_here", "--editions", "64"]) == 1
        assert "WrittenHere: chapter 1" in capsys.readouterr().out
    assert main(["check", "no_such_book"]) == 1
    assert main(["check", "written_here", "--editions", "0"]) == 2
    del sys.modules["written_here"]


def test_a_book_of_ones_own_is_named_by_its_module_in_every_command(tmp_path, monkeypatch, capsys):
    """Registration lasts as long as a process; each command here is one."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "own_book"]) == 0
    script, path = installed(tmp_path), os.pathsep.join(p for p in sys.path if p)
    for words, told in (
        (["show", "own_book", "--editions", "4"], "OwnBook"),
        (["study", "--book", "own_book", "--editions", "4", "--student", "random", "--out", "s"], "Written to s"),
        (["report", "s", "--book", "own_book"], "Written: s/report.html"),
        (["validate", "s", "--book", "own_book"], "walked anew, every row as stated"),
        (["compare", "s", "s", "--book", "own_book"], "Written: compare.csv"),
    ):
        run = subprocess.run(
            [sys.executable, script, *words], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr
        assert told in run.stdout
    (tmp_path / "folder").mkdir()
    for unknown in ("folder", "ownbook", "own_book.x", "./own_book", "OwnBook"):
        assert main(["show", unknown]) == 2
        assert "there are Alchemy" in capsys.readouterr().err


# --- names and paths are text --------------------------------------------------------------


def test_a_study_without_the_kept_memory_is_written_without_curves(tmp_path):
    asked = ["study", "--book", "Bandits", "--editions", "2", "--student", "model", "--control", "wiped"]
    assert main([*asked, "--out", str(tmp_path)]) == 0
    assert (tmp_path / "marks.csv").is_file()
    assert not (tmp_path / "curves.png").exists()


def test_names_are_printed_and_drawn_as_they_are(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "220")
    asked = ["study", "--book", "Bandits", "--editions", "2", "--control", "kept", "--student", HARD, "--out", "s[1]"]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert HARD in out
    assert main(["report", "s[1]"]) == 0
    assert main(["compare", "s[1]", "s[1]"]) == 0
    assert "s[1] 1" in capsys.readouterr().out


def test_the_command_that_is_printed_makes_the_same_study(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    asked = ["study", "--student", HARD, "--student", "a=model", "--book", "Bandits", "--editions", "2"]
    asked += ["--control", "foreign", "--control", "kept", "--split", "train", "--seed", "3", "--seed", "4"]
    assert main([*asked, "--timeout", "30", "--lanes", "2", "--out", "a"]) == 0
    told = capsys.readouterr().out.partition("Made by: ")[2].strip()
    pathlib.Path("a").rename("b")
    assert main(shlex.split(told)[1:]) == 0
    for name in ("marks.csv", "study.json"):
        assert pathlib.Path("a", name).read_bytes() == pathlib.Path("b", name).read_bytes()


def test_what_stands_at_its_default_is_not_written():
    defaults = {n: p.default for n, p in inspect.signature(commands.study).parameters.items()}
    assert written_option(commands.study, defaults) == "textbook-gym study"
    changed = {**defaults, "ray": True, "student": ("-x",), "seed": (0, 1)}
    assert written_option(commands.study, changed) == "textbook-gym study --student=-x --seed 0 --seed 1 --ray"


def test_a_path_is_no_pattern(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = ["study", "--book", "Bandits", "--editions", "2", "--control", "kept", "--student"]
    assert main([*asked, "x=oracle", "--out", "run1"]) == 0
    assert main([*asked, "x=random", "--out", "run[1]"]) == 0
    good, bad = (
        json.loads(pathlib.Path(f, "study.json").read_text(encoding="utf-8"))["metrics"] for f in ("run1", "run[1]")
    )
    assert bad[0]["gain"] < 0 < good[0]["gain"]
    assert main(["validate", "run[1]"]) == 0


def test_a_file_with_an_equal_sign_is_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("lr=0.001.zip").write_bytes(b"")
    assert main(["study", "--book", "Bandits", "--editions", "1", "--student", "lr=0.001.zip"]) == 2
    assert "student 'lr=0.001.zip'" in capsys.readouterr().err


def test_trainings_are_kept_apart_and_not_overwritten(tmp_path, monkeypatch, capsys):
    pytest.importorskip("stable_baselines3")
    monkeypatch.chdir(tmp_path)
    asked = ["train", "--book", "Bandits", "--short", "--lanes", "4", "--steps", "256", "--evaluations", "0", "--out"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SB3 on the last, smaller batch
        for out in ("runs/lr0.001", "runs/lr0.003", "runs/x.zip"):
            assert main([*asked, out]) == 0
    files = {p.name: p.read_bytes() for p in pathlib.Path("runs").glob("*.zip")}
    assert set(files) == {"lr0.001.zip", "lr0.003.zip", "x.zip"}
    capsys.readouterr()
    assert main([*asked, "runs/lr0.001"]) == 2
    assert "is there and is not overwritten" in capsys.readouterr().err
    assert pathlib.Path("runs/lr0.001.zip").read_bytes() == files["lr0.001.zip"]


# --- where it is run -----------------------------------------------------------------------


def test_students_are_found_in_the_current_folder_whatever_window_is_asked_for(tmp_path):
    (tmp_path / "own_agent.py").write_text(
        "import numpy as np\ndef act(o): return np.zeros(len(o), int)\n", encoding="utf-8"
    )
    words = ["study", "--book", "Bandits", "--editions", "2", "--student", "own_agent:act", "--out", "s"]
    done = subprocess.run(
        [sys.executable, str(installed(tmp_path)), *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "MPLBACKEND": "window of a notebook", "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "s" / "curves.png").is_file()
    assert set(pl.read_csv(tmp_path / "s" / "marks.csv")["student"]) == {"own_agent:act"}


def test_the_version_is_told_without_heavy_libraries(tmp_path):
    code = (
        "import sys; from textbook_gym.cli import main; status = main(['--version']); "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'numba', 'torch', 'polars', 'matplotlib', 'scipy'})); "
        "sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"textbook-gym {__version__}\n[]\n"
    again = subprocess.run([sys.executable, "-m", "textbook_gym", "--version"], capture_output=True, text=True)
    assert (again.returncode, again.stdout) == (0, f"textbook-gym {__version__}\n")


def test_a_reader_that_has_enough_ends_nothing(tmp_path):
    done = subprocess.run(
        f"{shlex.quote(sys.executable)} -m textbook_gym list | head -n 1; exit ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
