"""A pane whose way out, in its border at the bottom right, leads somewhere: by a click, or by the key that stands there."""

from textual import events
from textual.widget import Widget

from crmtui.screens.frame import Pane
from crmtui.text import width


class LeadingPane(Pane):
    """A pane with an action, such as `screen.view`, behind its way out; both can change, and without an action the words are only words."""

    def __init__(self, *children: Widget, id: str | None = None) -> None:
        super().__init__(*children, id=id)
        self.action = ""
        self._way = ""

    def lead(self, text: str, action: str) -> None:
        """What stands in the border, and the action behind it."""
        self._way, self.action = text, action
        self.say_out(text)

    async def on_click(self, event: events.Click) -> None:
        """A click on the way out goes there."""
        region = self.region
        start = region.right - width(self._way) - 4
        if self.action and event.screen_y == region.bottom - 1 and start <= event.screen_x < region.right - 1:
            event.stop()
            await self.run_action(self.action)
