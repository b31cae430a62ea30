"""The line below the board: what everything comes to, each figure a link, and the card under the cursor."""

from typing import Any, ClassVar

from textual.binding import BindingType

from crmtui.i18n import N_, gettext
from crmtui.screens import charts
from crmtui.screens.frame import Line
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind
from crmtui.text import width


class Totals(Line, can_focus=True):
    """Open, weighted, late, quota left and coverage; the arrows choose one and Enter opens it, as a click does."""

    DEFAULT_CSS = "Totals { background: $panel; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("totals", open=N_("Open"), hidden=("left", "right", "up", "home", "end"))
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.at = 0

    def figures(self) -> list[tuple[str, str, str, str]]:
        """(name, amount, word, token) of each figure there is."""
        board: Any = self.screen
        total = board.total
        if total is None:
            return []

        def money(name: str, word: str) -> tuple[str, str, str, str]:
            return name, "".join(charts.short(getattr(total, name).value)), gettext(word), "foreground"

        found = [money("open", N_("open")), money("weighted", N_("weighted"))]
        if total.late.value:
            found.append(("late", f"{total.late.value:,}", gettext(N_("late")), "error"))
        if total.left is not None:
            found.append(money("left", N_("quota left")))
        if total.coverage is not None:
            token = "success" if total.coverage >= 1 else "warning"
            found.append(("open", f"{total.coverage:.1f}{g('times')}", gettext(N_("coverage")), token))
        return found

    def draw(self, room: int) -> None:
        """The figures as far as they find room, then the chosen card."""
        figures = self.figures()
        self.put(" ")
        if not figures:
            self.put(g("cut"), "muted")
        self.at = min(self.at, max(len(figures) - 1, 0))
        for place, (name, amount, word, token) in enumerate(figures):
            action = f"screen.open_figure('{name}')"
            if place:
                self.put(f" {g('dot')} ", "muted")
            if self.used + width(amount) + width(word) + 1 > room:
                break
            chosen = self.has_focus and place == self.at
            ink, on = ("cursor_text", "cursor") if chosen else (token, "")
            self.put(amount, ink, bold=True, action=action, on=on)
            self.put(f" {word}", ink if chosen else "foreground", action=action, on=on)
        self._card(room)

    def _card(self, room: int) -> None:
        board: Any = self.screen
        card = board.here.current if board.here is not None else None
        if card is None or self.used + 24 > room:
            return
        self.put(f"    {card.account or card.name}", "accent")
        self.put(f" {g('dot')} {card.ref}" + (f" {card.name}" if card.account else ""), "muted")

    def _choose(self, place: int) -> None:
        self.at = min(max(place, 0), max(len(self.figures()) - 1, 0))
        self.refresh()

    def action_left(self) -> None:
        """The figure before."""
        self._choose(self.at - 1)

    def action_right(self) -> None:
        """The next figure."""
        self._choose(self.at + 1)

    def action_home(self) -> None:
        """The first figure."""
        self._choose(0)

    def action_end(self) -> None:
        """The last figure."""
        self._choose(99)

    def action_up(self) -> None:
        """Back to the cards."""
        board: Any = self.screen
        board.to_rows()

    async def action_open(self) -> None:
        """The records behind the chosen figure."""
        figures = self.figures()
        if figures:
            await self.run_action(f"screen.open_figure('{figures[self.at][0]}')")

    def on_focus(self) -> None:
        """The chosen figure gets the cursor's colours."""
        self.refresh()

    def on_blur(self) -> None:
        """And loses them."""
        self.refresh()
