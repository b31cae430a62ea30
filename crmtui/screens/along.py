"""What parts with several figures in a row have in common: one is under the cursor, and arrows go along them."""

from textual.reactive import reactive
from textual.widget import Widget


class Along(Widget):
    """Subclasses say how many there are; whatever moves the cursor, or shows it, draws them anew."""

    current: reactive[int] = reactive(0)
    """The place of the one under the cursor."""

    def count(self) -> int:
        """How many there are."""
        raise NotImplementedError

    def recolour(self) -> None:
        """Draw anew in the colours of another theme."""
        self.refresh()

    def go(self, place: int) -> None:
        """The cursor to this one, or to the nearest there is."""
        self.current = min(max(place, 0), max(self.count() - 1, 0))

    def watch_current(self) -> None:
        """The cursor went to another one."""
        self.recolour()

    def on_focus(self) -> None:
        """The cursor shows."""
        self.recolour()

    def on_blur(self) -> None:
        """It shows no longer."""
        self.recolour()

    def action_left(self) -> None:
        """The one before."""
        self.go(self.current - 1)

    def action_right(self) -> None:
        """The one after."""
        self.go(self.current + 1)

    def action_home(self) -> None:
        """The first one."""
        self.go(0)

    def action_end(self) -> None:
        """The last one."""
        self.go(self.count() - 1)
