"""What a list says to the screen that it stands in; a screen answers in `on_windowed_list_…`."""

from typing import TYPE_CHECKING

from textual.message import Message

from crmtui.errors import CrmError
from crmtui.screens.rows import Row

if TYPE_CHECKING:
    from crmtui.screens.listing import WindowedList


class Said(Message, namespace="windowed_list"):
    """Something that happened in the list `list`."""

    def __init__(self, of: "WindowedList") -> None:
        super().__init__()
        self.list = of

    @property
    def control(self) -> "WindowedList":
        """The list, for `@on(…, "#id")`."""
        return self.list


class Moved(Said, namespace="windowed_list"):
    """The cursor is on another row, or its row has been read; `row` is None while it is not there."""

    def __init__(self, of: "WindowedList", row: Row | None) -> None:
        super().__init__(of)
        self.row = row


class Opened(Said, namespace="windowed_list"):
    """Enter or a click on the cursor row; `column` is the cell's, empty without a cell cursor."""

    def __init__(self, of: "WindowedList", row: Row, column: str) -> None:
        super().__init__(of)
        self.row, self.column = row, column


class SortAsked(Said, namespace="windowed_list"):
    """The title of a column was clicked."""

    def __init__(self, of: "WindowedList", column: str) -> None:
        super().__init__(of)
        self.column = column


class MarkChanged(Said, namespace="windowed_list"):
    """`marked` are the keys of all marked rows."""

    def __init__(self, of: "WindowedList", marked: set[str]) -> None:
        super().__init__(of)
        self.marked = marked


class RightClicked(Said, namespace="windowed_list"):
    """The right button on a row, which now has the cursor."""

    def __init__(self, of: "WindowedList", row: Row) -> None:
        super().__init__(of)
        self.row = row


class Typed(Said, namespace="windowed_list"):
    """A wide character, which no key is bound to: it begins to find."""

    def __init__(self, of: "WindowedList", character: str) -> None:
        super().__init__(of)
        self.character = character


class Counted(Said, namespace="windowed_list"):
    """The rows of a source are there and `count` says how many; sent after each `show`."""

    def __init__(self, of: "WindowedList", count: int) -> None:
        super().__init__(of)
        self.count = count


class Widened(Said, namespace="windowed_list"):
    """The edge of a column was dragged; `widths` says how wide, in cells, each column is that ever was."""

    def __init__(self, of: "WindowedList", widths: dict[str, int]) -> None:
        super().__init__(of)
        self.widths = widths


class Failed(Said, namespace="windowed_list"):
    """Rows could not be read."""

    def __init__(self, of: "WindowedList", error: CrmError) -> None:
        super().__init__(of)
        self.error = error
