"""The author guide, `textbook_gym/books/README.md`: its tables are those of the contract.

`python -m textbook_gym.authoring.guide` writes them anew; a test fails where that was forgotten.
"""

import importlib.resources
import pathlib
import re
from collections.abc import Iterable

from textbook_gym.authoring.contract import COLUMNS, LEGEND, RULES, TABLES, Rule

RETURNS: dict[type | None, str] = {
    None: "",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    list: "rows",
    str: "words",
}


def path() -> pathlib.Path:
    """Return where the guide stands."""
    return pathlib.Path(str(importlib.resources.files("textbook_gym.books").joinpath("README.md")))


def markdown_table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    lines = [list(headings), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def rules(chosen: Iterable[Rule]) -> str:
    """Return a table of rules in Markdown."""
    rows = ((f"`{r.name}({', '.join(r.arguments)})`", r.doc, RETURNS.get(r.returns, "")) for r in chosen)
    return markdown_table(("rule", "duty", "returns"), rows)


def sections() -> dict[str, str]:
    """Return the parts of the guide that come from the contract, by name."""
    required, optional = [r for r in RULES if r.required], [r for r in RULES if not r.required]
    return {
        "arguments": markdown_table(("argument", "what it is"), ((f"`{name}`", doc) for name, doc in LEGEND.items())),
        "tables": markdown_table(("table", "what it holds"), ((f"`{t.name}`", t.doc) for t in TABLES if t.required)),
        "columns": ", ".join(f"`{name}`" for name in COLUMNS),
        "rules": rules(required),
        "more tables": markdown_table(
            ("table", "what it holds"), ((f"`{t.name}`", t.doc) for t in TABLES if not t.required)
        ),
        "more rules": rules(optional),
    }


def refreshed(text: str) -> str:
    """Return the guide with its tables made anew.

    Raises:
        ValueError: the guide lacks the place of a table.
    """
    for name, made in sections().items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"the guide has no place for {name!r}; write '<!-- {name} -->', then '<!-- end -->'")
        text = place.sub(lambda found, made=made: found[1] + made + found[2], text)  # type: ignore[misc]  # bound now
    return text


if __name__ == "__main__":
    path().write_text(refreshed(path().read_text(encoding="utf-8")), encoding="utf-8")
