"""What commands print, declared once: their output and its schema come from the same columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmtui.services.records import Field as Column

Schema = Mapping[str, Any]
NOTHING: Schema = {"type": "null"}
ANY = "*"
"""In place of a noun: whichever the line names."""


@dataclass(frozen=True)
class Prints:
    """One object, or `many` rows: a record of `noun`, else the columns that `shape` gives.

    `more` are further keys of each object in JSON; `also` is what may stand in place of all this, under other options
    for instance. Both are Prints of their own, or JSON Schemas.
    """

    many: bool
    noun: str = ""
    shape: "Callable[[], Sequence[Column]]" = tuple
    more: "Mapping[str, Prints | Schema]" = field(default_factory=dict)
    also: "tuple[Prints | Schema, ...]" = ()

    @property
    def columns(self) -> "list[Column]":
        """The columns, for `Call.rows` and `Call.one`."""
        return list(self.shape())


def one_of(noun: str, *also: Prints) -> Prints:
    """One record of `noun`."""
    return Prints(False, noun, also=also)


def many_of(noun: str) -> Prints:
    """Many records of `noun`."""
    return Prints(True, noun)


def rows(**kinds: str) -> Prints:
    """Many rows of the columns name → kind."""
    return Prints(True, shape=partial(_columns, kinds))


def rows_as(shape: "Callable[[], Sequence[Column]]") -> Prints:
    """Many rows of the columns that `shape` gives when asked."""
    return Prints(True, shape=shape)


def one(more: Mapping[str, Prints | Schema] | None = None, **kinds: str) -> Prints:
    """One object of the columns name → kind, and of the keys of `more`."""
    return Prints(False, shape=partial(_columns, kinds), more=more or {})


def _columns(kinds: Mapping[str, str]) -> "Sequence[Column]":
    from crmtui.commands.output import columns

    return columns(**kinds)
