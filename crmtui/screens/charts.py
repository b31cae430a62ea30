"""Charts as characters: bars, stacked bars, small trends, scales; readable without colour, never wider than told.

A chart comes as pieces, each a text with the token of its colour, so that it can be drawn in any theme: `line` makes a
strip of them, `as_text` a text. Series differ by pattern, and every sign has its twin for terminals without these.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.segment import Segment
from rich.text import Text
from textual.strip import Strip

from crmtui.i18n import language
from crmtui.money import Money, digits_of, half_up
from crmtui.screens.glyphs import g, glyphs, sparks
from crmtui.screens.ink import Ink
from crmtui.text import cut, pad, width

Piece = tuple[str, str]
"""A text, and the token of its colour; `bold TOKEN` is bold, and CHOSEN stands under the cursor."""
CHOSEN = "chosen"
_EIGHTHS = " ▏▎▍▌▋▊▉"


class Part(NamedTuple):
    """A stretch of a stacked bar: its value, its pattern (full, dark, mid or light) and its token."""

    value: float
    pattern: str
    token: str


# -- pieces -----------------------------------------------------------------------------------------------------


def line(pieces: Iterable[Piece], ink: Ink, cells: int, *, cursor: bool = False, on: str = "") -> Strip:
    """The pieces as a strip of exactly `cells`; under the `cursor` all of it has the cursor's colours alone."""
    segments: list[Segment] = []
    left = cells
    for text, token in pieces:
        shown = text if width(text) <= left else cut(text, left, ellipsis=g("cut"))
        chosen = cursor or token == CHOSEN
        style = ink.style("bold cursor_text", on="cursor") if chosen else ink.style(token, on=on)
        # Blanks at the front stand alone: pictures of the screen would leave them out.
        bare = shown.lstrip(" ")
        segments += [Segment(one, style) for one in (" " * (len(shown) - len(bare)), bare) if one]
        left -= width(shown)
    if left > 0:
        segments.append(
            Segment(
                " " * left,
                ink.style("cursor_text" if cursor else "foreground", on="cursor" if cursor else on),
            )
        )
    return Strip(segments, cells)


def as_text(pieces: Iterable[Piece], ink: Ink) -> Text:
    """The pieces as one text, which is data and no markup."""
    found = Text(no_wrap=True, end="")
    for text, token in pieces:
        chosen = token == CHOSEN
        found.append(text, ink.style("bold cursor_text", on="cursor") if chosen else ink.style(token))
    return found


def plain(pieces: Iterable[Piece]) -> str:
    """The pieces without their colours."""
    return "".join(text for text, _ in pieces)


def cells_of(pieces: Iterable[Piece]) -> int:
    """How many cells they take."""
    return sum(width(text) for text, _ in pieces)


# -- bars -------------------------------------------------------------------------------------------------------


def bar(value: float, whole: float, cells: int, *, token: str = "primary", rest: str = "rule") -> list[Piece]:
    """`value` of `whole` as a bar in exactly `cells`: full blocks to an eighth, then `rest`, a sign by its name, or blank.

    What is more than the whole fills it; what is more than nothing shows.
    """
    eighths = _share(value, whole, cells * 8)
    if glyphs.ascii:
        full, part = -(-eighths // 8), ""
    else:
        full, part = eighths // 8, _EIGHTHS[eighths % 8].strip()
    drawn = g("full") * full + part
    left = cells - full - len(part)
    sign = g(rest) if rest else " "
    # Beside a part of a block a blank sets the rule off, which would look like its continuation.
    gap = " " if rest and left and eighths else ""
    return _kept([(drawn, token), (gap + sign * (left - len(gap)), "faint")])


def _share(value: float, whole: float, steps: int) -> int:
    """`value` / `whole` in `steps`; at least 1 for more than nothing, never more than all."""
    if whole <= 0 or value <= 0 or steps <= 0:
        return 0
    return min(max(round(value * steps / whole), 1), steps)


def stacked(
    parts: Sequence[Part], whole: float, cells: int, *, mark: float | None = None, rest: str = "light"
) -> list[Piece]:
    """The parts one after another in exactly `cells` which stand for `whole`; a `mark` stands where that value ends.

    Every part that is more than nothing has a cell, as far as there are cells; then comes `rest`, a sign by its name.
    """
    signs = [
        (g(part.pattern), part.token)
        for part, size in zip(parts, spread([part.value for part in parts], whole, cells), strict=True)
        for _ in range(size)
    ]
    signs += [(g(rest) if rest else " ", "faint")] * (cells - len(signs))
    if mark is not None and cells and whole > 0:
        signs[min(max(round(mark * cells / whole) - 1, 0), cells - 1)] = (g("pipe"), "bold accent")
    return _merged(signs)


def spread(values: Sequence[float], whole: float, cells: int) -> list[int]:
    """How many cells each value has of the `cells` that stand for `whole`: the ends are rounded, so the sum is right."""
    ends, sizes, total = 0, [], 0.0
    for value in values:
        total += max(value, 0)
        end = min(round(total * cells / whole), cells) if whole > 0 else 0
        sizes.append(end - ends)
        ends = end
    for at, value in enumerate(values):
        largest = max(range(len(sizes)), key=lambda place: sizes[place], default=at)
        if value > 0 and not sizes[at] and whole > 0 and (sum(sizes) < cells or sizes[largest] > 1):
            sizes[at] = 1
            sizes[largest] -= sum(sizes) > cells
    return sizes


def tree_bar(
    won: float, forecast: float, quota: float | None, cells: int, *, top: float = 0, token: str = "warning"
) -> list[Piece]:
    """Won and forecast (which includes it) in exactly `cells`, with the quota's mark in the same cell of every row.

    The mark stands at five sixths; what comes beyond it stands beyond it. Without a quota `top` (else the forecast)
    fills what would lie before the mark.
    """
    place = _mark(cells)
    if cells < 4:
        return stacked([Part(won, "full", "success")], quota or top or won, cells, rest="")
    signs: list[Piece] = [(" ", "faint")] * cells
    unit = (quota or top or forecast) / place if place else 0
    ends = [min(round(value / unit), cells - 1) if unit > 0 else 0 for value in (won, max(forecast, won))]
    for at in range(cells - 1):
        cell: Piece = (" ", "faint")
        if at < ends[0]:
            cell = g("full"), "success"
        elif at < ends[1]:
            cell = g("mid"), token
        elif quota and at < place:
            cell = g("dot"), "faint"
        signs[at if at < place else at + 1] = cell
    if quota:
        signs[place] = (g("pipe"), "accent")
    if unit > 0 and max(forecast, won) / unit > cells and place < cells - 1:
        signs[-1] = (g("right"), token)
    return _merged(signs)


def _mark(cells: int) -> int:
    return cells * 5 // 6


def quota_place(cells: int) -> int:
    """The cell of the mark that `tree_bar` draws, for a heading above it."""
    return _mark(cells)


def spark(values: Sequence[float], cells: int, *, token: str = "primary") -> list[Piece]:
    """A small trend in exactly `cells`, oldest left: the lowest value is one eighth high, the highest is full.

    Fewer values than cells are made wider, of more the means of neighbours are shown. Equal ones are half high.
    """
    if not values or cells <= 0:
        return [(" " * max(cells, 0), token)]
    count, steps = min(len(values), cells), sparks()
    groups = [values[len(values) * at // count : len(values) * (at + 1) // count] for at in range(count)]
    means = [sum(group) / len(group) for group in groups]
    low, span = min(means), max(means) - min(means)
    heights = [round((mean - low) / span * (len(steps) - 1)) if span else 3 for mean in means]
    return [("".join(steps[heights[at * count // cells]] for at in range(cells)), token)]


def _merged(signs: Iterable[Piece]) -> list[Piece]:
    found: list[Piece] = []
    for text, token in signs:
        if found and found[-1][1] == token:
            found[-1] = (found[-1][0] + text, token)
        else:
            found.append((text, token))
    return found


def _kept(pieces: Iterable[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece[0]]


# -- units and scales -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unit:
    """A unit for several amounts: `size` minor units, called `letter`, which is empty for whole ones."""

    size: int
    letter: str

    def number(self, minor: int, decimals: int = 1) -> str:
        """The amount in this unit, rounded half-up, without the letter: `9.3`, `1,240`; whole units have no decimals."""
        if not self.letter:
            return f"{half_up(minor, self.size):,}".replace("-", g("minus"))
        rounded = half_up(minor * 10**decimals, self.size)
        whole, part = divmod(abs(rounded), 10**decimals)
        sign = g("minus") if rounded < 0 else ""
        return f"{sign}{whole:,}" + (f".{part:0{decimals}d}" if decimals else "")

    def text(self, minor: int, decimals: int = 1) -> str:
        """The same with the letter: `9.3M`."""
        return self.number(minor, decimals) + self.letter


_UNITS = {"en": ((3, "k"), (6, "M"), (9, "B")), "zh": ((4, "万"), (8, "亿"))}


def unit_for(largest: int, currency: str) -> Unit:
    """The unit in which `largest`, in minor units, has one to three digits before the point, or more if there is none."""
    one = int(10 ** digits_of(currency))
    found = Unit(one, "")
    for power, letter in _UNITS[language()]:
        if abs(largest) * 2000 >= 1999 * 10**power * one:  # what would round to 1,000 of the unit before
            found = Unit(one * 10**power, letter)
    return found


def short(amount: Money) -> tuple[str, str]:
    """An amount as a number of at most one decimal and its letter, for large figures and headings: ("9.3", "M")."""
    unit = unit_for(amount.minor, amount.currency)
    number = unit.number(amount.minor, 0 if abs(amount.minor) >= 100 * unit.size else 1)
    return number, unit.letter


def scale(largest: float, most: int = 4) -> tuple[float, list[float]]:
    """A scale for values up to `largest`: where it ends, and its marks from 0 on, `most` steps of 1, 2 or 5 × 10^n."""
    if largest <= 0:
        return 1, [0]
    power = 1.0
    while power * 10 <= largest / most:
        power *= 10
    while power > largest / most:
        power /= 10
    step = next(power * size for size in (1, 2, 5, 10) if power * size * most >= largest)
    marks = [step * at for at in range(most + 1)]
    kept = [mark for at, mark in enumerate(marks) if at == 0 or marks[at - 1] < largest]
    return kept[-1], kept


def padded(text: str, cells: int, *, right: bool = False) -> str:
    """`text` in exactly `cells`, cut if need be."""
    return pad(cut(text, cells, ellipsis=g("cut")), cells, right)
