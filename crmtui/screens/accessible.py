"""For screen readers: one pane at a time, and a last line that says where one is."""

from typing import TYPE_CHECKING, Any

from textual.widget import Widget

from crmtui.screens.frame import KeyBar, Pane
from crmtui.text import clean

if TYPE_CHECKING:
    from crmtui.screens.place import Place


def alone(place: "Place", focused: Widget) -> None:
    """Show only the pane that `focused` is in; the lines of the frame stay."""
    pane = next((parent for parent in focused.ancestors_with_self if isinstance(parent, Pane)), None)
    if pane is not None and place.maximized is not pane:
        place.maximize(pane, container=False)
        say(place, pane.title)


def move(place: "Place", step: int) -> Widget | None:
    """Give the focus to the part `step` further on; parts out of sight have no place, so their order is that of writing."""
    parts = [
        part
        for part in place.walk_children(Widget)
        if part.focusable
        and all(node.display for node in part.ancestors_with_self if isinstance(node, Widget))
    ]
    if parts:
        at = parts.index(place.focused) + step if place.focused in parts else 0
        place.set_focus(parts[at % len(parts)])
    return place.focused


def where(rows: Any) -> str:
    """Where the cursor of a list is and what stands there: `row 3 of 42: Acme, open`."""
    row = rows.current
    if row is None:
        return str(rows.position_text)
    cells = [clean(row.text(column.name)).strip() for column in rows.columns]
    return f"{rows.position_text}: {', '.join(filter(None, cells))}"


def say(screen: Any, text: str) -> None:
    """Put `text` into the last line."""
    for bar in screen.query(KeyBar):
        bar.say(text)
