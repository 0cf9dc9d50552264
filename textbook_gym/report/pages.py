"""What all pages share: colours for light and dark, and how a template is filled in."""

import jinja2

LIGHT = {
    "ink": "#1f2329",
    "muted": "#69717b",
    "line": "#d5dae0",
    "paper": "#fffffe",
    "grey": "#8c8d8e",
    "orange": "#c9701f",
    "blue": "#2f6db3",
    "green": "#2e8556",
    "violet": "#8a4fb1",
    "rose": "#c0416a",
    "teal": "#15828c",
    "olive": "#7a6a2e",
}
DARK = {
    "ink": "#e6e9ee",
    "muted": "#9aa4b0",
    "line": "#343b45",
    "paper": "#14171c",
    "grey": "#a2a5a9",
    "orange": "#f0a45d",
    "blue": "#6ca9f1",
    "green": "#5fc58e",
    "violet": "#c295e8",
    "rose": "#f083a5",
    "teal": "#4cc3cd",
    "olive": "#cdb965",
}
"""Name of a colour -> the colour, on light and on dark paper; a page has them as CSS variables."""


def template(name: str) -> jinja2.Template:
    """Return a template of this package; all that is put into it is set as text, unless it is marked as markup."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("textbook_gym.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"light": LIGHT, "dark": DARK}
    return environment.get_template(name)
