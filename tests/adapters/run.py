"""Run adapters against the real libraries, each in an environment of its own.

    python tests/adapters/run.py tinker
    python tests/adapters/run.py                # all of them, one after the other
    python tests/adapters/run.py trl --into ~/envs  # keeps the environments there, for the next time

An environment is made in a temporary folder, this package is installed in it with the extra of that name, the tests of
that adapter are run, and its examples are checked. Which version was tried, and when, is written into
textbook_gym/adapters/README.md. Installing fetches packages; the tests themselves talk to this machine alone.
"""

import argparse
import datetime
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "textbook_gym" / "adapters" / "README.md"
PACKAGES = {
    "tinker": ("tinker-cookbook", "tinker", "torch"),
    "mcp": ("mcp",),
    "openenv": ("openenv",),
    "trl": ("trl", "transformers", "torch"),
    "verifiers": ("verifiers",),
}
"""Adapter -> packages whose versions are told, the library first. torch is installed ahead of all else, so that no
build of it with CUDA is fetched."""
TESTING = ("pytest>=8,<9.2", "pytest-xdist>=3.6", "hypothesis>=6.100")
FORBIDDEN = {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "DO_NOT_TRACK": "1"}


def run(*command: str | pathlib.Path, **environment: str) -> None:
    """Run a command in the root; what it prints is shown."""
    print("+", *command, flush=True)
    subprocess.run(list(map(str, command)), cwd=ROOT, env={**os.environ, **environment}, check=True)


def pinned(package: str) -> str:
    """Return a package as the file of constraints has it."""
    lines = (ROOT / ".constraints.txt").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"{package}=="))


def try_out(name: str, folder: pathlib.Path) -> dict[str, str]:
    """Install an adapter's library and run its tests; return the versions of its packages."""
    home = folder / name
    if not (home / "pyvenv.cfg").exists():
        venv.create(home, with_pip=True)
    binaries = home / ("Scripts" if os.name == "nt" else "bin")
    pip = (binaries / "python", "-m", "pip", "--disable-pip-version-check", "install", "-q")
    if "torch" in PACKAGES[name]:
        run(*pip, pinned("torch"))
    run(*pip, f"{ROOT}[{name}]", *TESTING)
    tests = (f"tests/adapters/test_{name}.py", "tests/test_examples.py", "-k", name)
    run(binaries / "pytest", "-q", "-n0", "-m", "adapters", *tests, **FORBIDDEN)
    ask = "import importlib.metadata as m, sys; print(*(m.version(p) for p in sys.argv[1:]), sys.version.split()[0])"
    told = subprocess.run(
        [binaries / "python", "-c", ask, *PACKAGES[name]], check=True, capture_output=True, text=True
    ).stdout.split()
    return dict(zip([*PACKAGES[name], "Python"], told, strict=True))


def write_down(name: str, versions: dict[str, str]) -> None:
    """Enter what was tried into the table of the README."""
    tried = ", ".join(f"{package} {version}" for package, version in versions.items())
    text = README.read_text(encoding="utf-8")
    row = f"| `{name}` | {tried} | {datetime.date.today()} |"
    text, found = re.subn(rf"^\| `{name}` \| .*$", row, text, flags=re.MULTILINE)
    if not found:
        text = text.replace("<!-- end -->", f"{row}\n<!-- end -->")
    README.write_text(text, encoding="utf-8")


def main() -> None:
    """Read the command line and run what it names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", help=f"of {', '.join(PACKAGES)}; all without")
    parser.add_argument("--into", type=pathlib.Path, help="folder that keeps the environments")
    asked = parser.parse_args()
    for name in asked.name:
        if name not in PACKAGES:
            parser.error(f"no adapter {name!r}; there are {', '.join(PACKAGES)}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in asked.name or PACKAGES:
            try:
                write_down(name, try_out(name, asked.into or pathlib.Path(scratch)))
            except subprocess.CalledProcessError as error:
                sys.exit(f"{name}: failed at {' '.join(map(str, error.cmd))}")


if __name__ == "__main__":
    main()
