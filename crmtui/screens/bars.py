"""A chart of upright bars, one a month: won, with the forecast on top, against the quota's line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from crmtui.i18n import N_, gettext
from crmtui.screens.along import Along
from crmtui.screens.charts import CHOSEN, Piece, cells_of, line, padded, scale, unit_for
from crmtui.screens.glyphs import g, glyphs, sparks
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind
from crmtui.text import width

MONTHS = (
    *(N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun")),
    *(N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec")),
)


def month_name(day: date) -> str:
    """The short name of the month of `day`, in the language in use."""
    return gettext(MONTHS[day.month - 1])


def _initial(label: str) -> str:
    """The shortest form of a label: its number, such as that of a Chinese month, else its first letter."""
    number = "".join(sign for sign in label if sign.isdecimal())
    return number or label[:1]


@dataclass(frozen=True)
class Bar:
    """One bar, in minor units: what was won, what is still expected, and the quota, None where there is none."""

    label: str
    won: int
    forecast: int = 0
    quota: int | None = None


@dataclass(frozen=True)
class _Plot:
    """Where everything stands: cells of the axis, of a bar and of its place, rows, and the value at the top."""

    axis: int
    slot: int
    bar: int
    rows: int
    top: float

    def height(self, value: float, steps: int = 1) -> int:
        """The height of `value` in rows, or in `steps` a row; more than nothing has at least one step."""
        if value <= 0:
            return 0
        return min(max(round(value * self.rows * steps / self.top), 1), self.rows * steps)


class Columns(Along, can_focus=True):
    """The bars; a click or Enter on one opens it, the arrows go from bar to bar."""

    DEFAULT_CSS = "Columns { height: 1fr; width: 1fr; background: $surface; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("chart", open=N_("Open"), hidden=("left", "right", "home", "end"))
    ]

    class Opened(Message):
        """The bar in place `index` was opened."""

        def __init__(self, chart: "Columns", index: int) -> None:
            super().__init__()
            self.chart, self.index = chart, index

        @property
        def control(self) -> "Columns":
            """The chart."""
            return self.chart

    def __init__(self, bars: Sequence[Bar] = (), currency: str = "USD", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._bars, self._currency = list(bars), currency

    def show(self, bars: Sequence[Bar], currency: str, current: int | None = None) -> None:
        """Draw these bars; `current` is the one under the cursor, else it stays where it is."""
        self._bars, self._currency = list(bars), currency
        self.go(self.current if current is None else current)
        self.refresh()

    def count(self) -> int:
        """How many bars there are."""
        return len(self._bars)

    @property
    def unit(self) -> str:
        """The letter of the unit of the axis, for the title: `M`; empty for whole ones."""
        return unit_for(self._largest, self._currency).letter

    @property
    def _largest(self) -> int:
        return max((max(one.won + one.forecast, one.quota or 0) for one in self._bars), default=0)

    # -- drawing

    def _plot(self) -> _Plot:
        rows = max(self.size.height - 2, 1)
        top, marks = scale(self._largest, max(min(4, rows // 2), 1))
        axis = max(width(self._mark(mark)) for mark in marks) + 1
        slot = max((self.size.width - axis) // max(len(self._bars), 1), 1)
        return _Plot(axis, slot, max(slot - 2, 1) if slot > 3 else max(slot - 1, 1), rows, top)

    def _mark(self, value: float) -> str:
        unit = unit_for(self._largest, self._currency)
        step = self._step()
        return unit.number(round(value), 1 if step < unit.size else 0)

    def _step(self) -> float:
        marks = scale(self._largest, max(min(4, (self.size.height - 2) // 2), 1))[1]
        return marks[1] if len(marks) > 1 else marks[0]

    def render_line(self, y: int) -> Strip:
        """Row `y`: the plot, then the names, then what the patterns mean."""
        colours = ink(self)
        plot = self._plot()
        if y < plot.rows:
            pieces = self._plot_row(plot, y)
        elif y == plot.rows:
            pieces = self._names(plot)
        else:
            pieces = self._legend()
        return line(pieces, colours, self.size.width, on="surface")

    def _plot_row(self, plot: _Plot, y: int) -> list[Piece]:
        level = plot.rows - y
        marks = scale(self._largest, max(min(4, plot.rows // 2), 1))[1]
        named = {max(plot.height(mark), 1): mark for mark in reversed(marks)}
        label = self._mark(named[level]) if level in named else ""
        pieces: list[Piece] = [(padded(label, plot.axis - 1, right=True) + " ", "muted")]
        for at, one in enumerate(self._bars):
            pieces += self._cell(plot, level, at, one)
        return pieces

    def _cell(self, plot: _Plot, level: int, at: int, one: Bar) -> list[Piece]:
        """What a bar and its surroundings look like `level` rows above the ground."""
        left = (plot.slot - plot.bar) // 2
        sides = left, plot.slot - plot.bar - left
        here = one.quota is not None and one.quota > 0 and plot.height(one.quota) == level
        drawn = self._block(plot, level, one)
        if not here:
            middle = drawn or (" " * plot.bar, "faint")
            return [(" " * sides[0], "faint"), middle, (" " * sides[1], "faint")]
        before, after = self._joins(plot, level, at - 1), self._joins(plot, level, at + 1)
        rule = g("rule")
        west = (rule if before else g("start")) + rule * (sides[0] - 1) if sides[0] else ""
        east = rule * (sides[1] - 1) + (rule if after else g("stop")) if sides[1] else ""
        return [(west, "accent"), drawn or (rule * plot.bar, "accent"), (east, "accent")]

    def _joins(self, plot: _Plot, level: int, at: int) -> bool:
        quota = self._bars[at].quota if 0 <= at < len(self._bars) else None
        return bool(quota) and plot.height(quota or 0) == level

    def _block(self, plot: _Plot, level: int, one: Bar) -> Piece | None:
        """The bar's part in this row; None above it."""
        total = plot.height(one.won + one.forecast)
        if one.forecast > 0:
            won = min(plot.height(one.won), max(total - 1, 0))
            if level <= total:
                return (g("full") * plot.bar, "success") if level <= won else (g("mid") * plot.bar, "warning")
            return None
        eighths = plot.height(one.won, 8) - (level - 1) * 8
        if eighths <= 0:
            return None
        sign = g("full") if eighths >= 8 or glyphs.ascii else sparks()[eighths - 1]
        return sign * plot.bar, "success"

    def _names(self, plot: _Plot) -> list[Piece]:
        pieces: list[Piece] = [(" " * plot.axis, "muted")]
        for at, one in enumerate(self._bars):
            name = one.label if width(one.label) < plot.slot else _initial(one.label)
            before = max((plot.slot - width(name)) // 2, 0)
            chosen = at == self.current and self.has_focus
            text = padded(" " * before + name, plot.slot)
            pieces.append((text, CHOSEN if chosen else "muted"))
        return pieces

    def _legend(self) -> list[Piece]:
        pieces: list[Piece] = [("  ", "muted")]
        kinds = [("full", "success", N_("won"))]
        if any(one.forecast > 0 for one in self._bars):
            kinds.append(("mid", "warning", N_("forecast")))
        for pattern, token, name in kinds:
            pieces += [(g(pattern) * 2, token), (f" {gettext(name)}  ", "foreground")]
        if any(one.quota for one in self._bars):
            pieces += [(g("rule") * 2, "accent"), (f" {gettext(N_('quota'))}", "foreground")]
        if self.has_focus and self._bars:
            told = self._told(self._bars[self.current])
            gap = self.size.width - cells_of(pieces) - cells_of(told)
            pieces = [*pieces, (" " * gap, "muted"), *told] if gap > 1 else told
        return pieces

    def _told(self, one: Bar) -> list[Piece]:
        """The chosen bar in figures."""
        unit = unit_for(self._largest, self._currency)
        pieces: list[Piece] = [(f"{one.label} ", "bold accent"), (unit.text(one.won), "bold success")]
        if one.forecast:
            pieces.append((f" + {unit.text(one.forecast)}", "bold warning"))
        if one.quota:
            pieces.append((f" / {unit.text(one.quota)}", "muted"))
        return pieces

    # -- keys and mouse

    def action_open(self) -> None:
        """Open what the chosen bar stands for."""
        if self._bars:
            self.post_message(self.Opened(self, self.current))

    def on_click(self, event: events.Click) -> None:
        """A click on a bar, or above or below it, opens it."""
        plot, at = self._plot(), event.get_content_offset(self)
        if at is None:
            return
        index = (at.x - plot.axis) // plot.slot
        if at.y <= plot.rows and 0 <= index < len(self._bars) and at.x >= plot.axis:
            self.current = index
            self.action_open()
