"""Scroll bars for terminals that draw only ASCII signs."""

from typing import ClassVar

from textual.scrollbar import ScrollBarRender


class Blocks(ScrollBarRender):
    """A bar of coloured blanks: it moves by whole cells."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8
