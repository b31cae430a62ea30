"""The top of a forecast: quota and what there is of it, as a line of figures over one stacked bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from crmtui.i18n import N_, gettext
from crmtui.screens.charts import CHOSEN, Part, Piece, cells_of, line, stacked, unit_for
from crmtui.screens.glyphs import g
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind
from crmtui.text import width

_GAP = 4
_TIGHT = 2


@dataclass(frozen=True)
class Stretch:
    """A part of the forecast: what a message calls it, its label, minor units, its pattern (full, dark, mid) and token."""

    key: str
    label: str
    value: int
    pattern: str
    token: str


@dataclass(frozen=True)
class _Said:
    """A figure of the line: what it opens, and how it is drawn."""

    key: str
    pieces: list[Piece]


class QuotaBar(Widget, can_focus=True):
    """Quota, the parts of the forecast, the forecast in percent and the gap; under them the bar, with the quota's mark.

    Three rows high. A click on a figure, or on a stretch of the bar, opens it; the arrows choose one and Enter opens it.
    """

    DEFAULT_CSS = "QuotaBar { height: 3; width: 1fr; padding: 0 1; background: $background; }"
    BINDINGS: ClassVar[list[BindingType]] = [*bind("quotabar", open=N_("Open"), hidden=("left", "right"))]

    class Opened(Message):
        """The figure `key` was opened: that of a part, or quota, forecast or gap."""

        def __init__(self, of: "QuotaBar", key: str) -> None:
            super().__init__()
            self.bar, self.key = of, key

        @property
        def control(self) -> "QuotaBar":
            """The bar."""
            return self.bar

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._parts: list[Stretch] = []
        self._quota: int | None = None
        self._currency = "USD"
        self._told = ""
        self._without = ""
        self._at = "forecast"

    def show(
        self, parts: Sequence[Stretch], quota: int | None, currency: str, told: str = "", without: str = ""
    ) -> None:
        """Draw these parts, whose sum is the forecast, against the quota; `told` is said under the bar.

        `without` stands in place of the quota where there is none.
        """
        self._without = without
        self._parts, self._quota, self._currency, self._told = list(parts), quota, currency, told
        self.refresh()

    def recolour(self) -> None:
        """Draw anew in the colours of another theme."""
        self.refresh()

    def value_of(self, key: str) -> int:
        """The minor units of the part `key`; 0 where there is none."""
        return next((part.value for part in self._parts if part.key == key), 0)

    # -- drawing

    def _drawn(self, key: str, pieces: list[Piece]) -> list[Piece]:
        """The figure that the arrows chose has the cursor's colours while the bar has the focus."""
        if not self.has_focus or key != self._at:
            return pieces
        return [(text, CHOSEN if text.strip() else token) for text, token in pieces]

    @property
    def _forecast(self) -> int:
        return sum(part.value for part in self._parts)

    def render_line(self, y: int) -> Strip:
        """The figures, the bar, and what stands under it."""
        colours, room = ink(self), self.size.width
        if y == 0:
            pieces = [piece for key, said in self._placed() for piece in self._drawn(key, said)]
        elif y == 1:
            pieces = self._bar(room)
        else:
            pieces = self._below(room)
        return line(pieces, colours, room, on="background")

    def _figures(self) -> list[_Said]:
        unit = unit_for(self._whole(), self._currency)

        def said(key: str, label: str, minor: int, token: str = "bold foreground") -> _Said:
            return _Said(key, [(label + " ", "muted"), (unit.text(minor), token)])

        quota = self._quota
        found = [said("quota", gettext(N_("quota")), quota)] if quota is not None else []
        for part in self._parts:
            drawn = said(part.key, part.label, part.value)
            found.append(_Said(part.key, [(g(part.pattern) + " ", part.token), *drawn.pieces]))
        forecast = said("forecast", gettext(N_("forecast")), self._forecast)
        if quota:
            forecast.pieces.append((f" {self._forecast * 100 / quota:.0f}%", "foreground"))
        found.append(forecast)
        if quota is None:
            return [*found, _Said("quota", [(self._without or gettext(N_("no quota")), "muted")])]
        short = quota - self._forecast
        sign, token = (g("down"), "bold error") if short > 0 else (g("up"), "bold success")
        gap = (f"{sign} {unit.text(abs(short))}", token) if short else (unit.text(0), "bold foreground")
        return [*found, _Said("gap", [(gettext(N_("gap")) + " ", "muted"), gap])]

    def _placed(self) -> list[tuple[str, list[Piece]]]:
        """The figures with the gaps between them; where they find no room the quota, which then stands under the bar,
        goes first, then the forecast, then the parts from the last on."""
        figures, room = self._figures(), self.size.width
        parts = [part.key for part in self._parts]
        for key in ("", "quota", "forecast", *reversed(parts)):
            figures = [one for one in figures if one.key != key or self._quota is None]
            for gap in (_GAP, _TIGHT):
                if self._needed(figures, gap) <= room:
                    apart = [[(" " * gap, "muted")]] * (len(figures) - 1) + [[]]
                    return [(one.key, [*one.pieces, *rest]) for one, rest in zip(figures, apart, strict=True)]
        return [(one.key, one.pieces) for one in figures]

    @staticmethod
    def _needed(figures: Sequence[_Said], gap: int) -> int:
        return sum(cells_of(one.pieces) + gap for one in figures) - gap

    def _whole(self) -> int:
        return max(self._forecast, self._quota or 0)

    def _bar(self, room: int) -> list[Piece]:
        parts = [Part(one.value, one.pattern, one.token) for one in self._parts]
        beyond = self._quota is not None and self._forecast > self._quota
        return stacked(parts, self._whole(), room, mark=self._quota if beyond else None)

    def _below(self, room: int) -> list[Piece]:
        if not self._quota:
            return [(self._told, "muted")]
        place = min(max(round(self._quota * room / self._whole()) - 1, 0), room - 1)
        told = any(key == "quota" for key, _ in self._placed())
        figure = "" if told else unit_for(self._whole(), self._currency).text(self._quota) + " "
        label = f"{gettext(N_('quota'))} {figure}"
        start = place - width(label)
        if width(self._told) + 2 > start:
            return [(" " * place, "muted"), (g("sort_up"), "accent")]
        return [
            (self._told, "muted"),
            (" " * (start - width(self._told)), "muted"),
            (label, "muted"),
            (g("sort_up"), "accent"),
        ]

    # -- keys and mouse

    def action_open(self) -> None:
        """Open the chosen figure."""
        self.post_message(self.Opened(self, self._at))

    def action_left(self) -> None:
        """The figure before."""
        self._choose(-1)

    def action_right(self) -> None:
        """The next figure."""
        self._choose(1)

    def _choose(self, step: int) -> None:
        keys = [key for key, _ in self._placed()]
        at = keys.index(self._at) + step if self._at in keys else 0
        self._at = keys[min(max(at, 0), len(keys) - 1)]
        self.refresh()

    def on_focus(self) -> None:
        """The chosen figure gets the cursor's colours."""
        self.refresh()

    def on_blur(self) -> None:
        """And loses them."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click on a figure or a stretch opens it."""
        at = event.get_content_offset(self)
        if at is None:
            return
        key = self._figure_at(at.x) if at.y == 0 else self._stretch_at(at.x) if at.y == 1 else ""
        if key:
            self.post_message(self.Opened(self, key))

    def _figure_at(self, x: int) -> str:
        start = 0
        for key, pieces in self._placed():
            start += cells_of(pieces)
            if x < start:
                return key
        return ""

    def _stretch_at(self, x: int) -> str:
        whole, start = self._whole(), 0
        for part in self._parts:
            start += part.value
            if whole and x < round(start * self.size.width / whole):
                return part.key
        return "gap"
