"""What a `Ledger` without settings keeps of each book: one list of tables a book; see `memories.Ledger`."""

from collections.abc import Sequence
from typing import Any

TABLES: dict[str, Sequence[dict[str, Any]]] = {}
