"""A figure, its bound, and how it is printed."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One figure; `bound` is the budget, None where there is none. With `least` the figure must not fall below it."""

    budget: str
    what: str
    figure: float
    unit: str
    bound: float | None = None
    least: bool = False

    @property
    def reached(self) -> bool:
        """Whether the figure keeps to its bound."""
        if self.bound is None:
            return True
        return self.figure >= self.bound if self.least else self.figure <= self.bound


def text(lines: Iterable[Line]) -> str:
    """The figures as a table."""
    rows = [("", "what", "figure", "", "budget", "")]
    for line in lines:
        bound = "" if line.bound is None else f"{'>=' if line.least else '<='} {line.bound:,.2f}"
        mark = "" if line.bound is None else "reached" if line.reached else "NOT REACHED"
        rows.append((line.budget, line.what, f"{line.figure:,.2f}", line.unit, bound, mark))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
