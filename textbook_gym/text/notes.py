"""The notebook of a student: all that crosses from one exercise to the next if nothing else is kept."""


class Notes:
    """A text of at most `budget` characters that a student writes itself. What does not fit is cut off at the end.

    Attributes:
        text: what stands in it.
        budget: the most characters.
    """

    def __init__(self, budget: int) -> None:
        self.text = ""
        self.budget = budget

    def write(self, kind: str, text: str) -> int:
        """Add a "note" on a line of its own, or replace the whole "notebook"; return how many characters were cut."""
        whole = "\n".join(filter(None, (self.text, text))) if kind == "note" else text
        self.text = whole[: self.budget]
        return len(whole) - len(self.text)
