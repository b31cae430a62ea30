"""The lines of a column of the board: its head, and cards of four lines, drawn into exactly so many cells."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.segment import Segment
from textual.strip import Strip

from crmtui.i18n import N_, gettext
from crmtui.screens import charts
from crmtui.screens.cells import day_text
from crmtui.screens.glyphs import g
from crmtui.screens.ink import Ink
from crmtui.text import clean, cut, pad, width

HEAD = 3
"""Lines of the head: the sums, the bar, and a blank one."""
CARD = 5
"""Lines of a card, and the blank one below it."""
SPACIOUS = 160
"""Columns of the screen from which on a card names its owner in full."""

FLAGS = {
    "late": ("late", N_("late"), "error"),
    "quiet": ("quiet", "", "muted"),
    "hot": ("hot", N_("hot"), "accent"),
    "new": ("new", N_("new"), "success"),
}
EDGES = {"late": "error", "hot": "warning", "quiet": "warning", "new": "primary", "": "primary"}


@dataclass(frozen=True)
class Head:
    """What stands over the cards: amount and weighted amount as text, and how full the bar is (0 to 1)."""

    amount: str = ""
    weighted: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class Look:
    """How a card is drawn: under the cursor of a column in focus, marked, its owner named in full; and what day it is."""

    chosen: bool
    marked: bool
    named: bool
    today: date


def blank(room: int, ink: Ink, text: str = "") -> Strip:
    """A line with nothing but a word, if anything."""
    ground = ink.style("muted", on="surface")
    said = pad(cut(text, max(room - 2, 0), ellipsis=g("cut")), max(room - 2, 0))
    return Strip([Segment(" ", ground), Segment(said, ground)]).adjust_cell_length(room, ground)


def head_line(head: Head, y: int, chosen: bool, room: int, ink: Ink) -> Strip:
    """Line `y` of the head; under the cursor in its colours."""
    inner, ground = max(room - 2, 1), "cursor" if chosen else "surface"
    plain = ink.style("cursor_text" if chosen else "foreground", on=ground)
    if y == 0:
        pieces = [Segment(" ", plain), *_sums(head, chosen, inner, ink, ground)]
    elif y == 1:
        full = max(round(head.share * inner), 1) if head.share else 0
        pieces = [
            Segment(" ", plain),
            Segment(g("thick") * full, ink.style("cursor_text" if chosen else "primary", on=ground)),
            Segment(g("rule") * (inner - full), ink.style("cursor_text" if chosen else "border", on=ground)),
        ]
    else:
        return blank(room, ink)
    return Strip(pieces).adjust_cell_length(room, plain)


def _sums(head: Head, chosen: bool, inner: int, ink: Ink, ground: str) -> list[Segment]:
    weighted = gettext(N_("w {amount}")).format(amount=head.weighted)
    if width(head.amount) + width(weighted) + 1 > inner:
        weighted = ""
    gap = " " * (inner - width(head.amount) - width(weighted))
    return [
        Segment(head.amount, ink.style("cursor_text" if chosen else "foreground", bold=True, on=ground)),
        Segment(gap, ink.style("foreground", on=ground)),
        Segment(weighted, ink.style("cursor_text" if chosen else "muted", on=ground)),
    ]


def card_line(card: Any, line: int, look: Look, room: int, ink: Ink) -> Strip:
    """Line `line` of a card: account, project, value, when and who; at most one flag, and an edge in its colour."""
    ground, inner = "cursor" if look.chosen else "panel", max(room - 3, 1)

    def style(token: str, bold: bool = False) -> Any:
        return ink.style("cursor_text" if look.chosen else token, bold=bold or look.chosen, on=ground)

    left, right, token, tail = _texts(card, line, look)
    right = cut(right, inner)
    left = cut(left, max(inner - width(right) - (1 if right else 0), 0), ellipsis=g("cut"))
    pieces = [
        Segment(g("edge"), ink.style(EDGES[card.flag], on="surface")),
        Segment(" ", style("foreground")),
        Segment(left, style(token, line == 0)),
        Segment(" " * (inner - width(left) - width(right)), style("foreground")),
        Segment(right, style(tail)),
        Segment(" ", style("foreground")),
    ]
    return Strip(pieces).adjust_cell_length(room, ink.style("foreground", on="surface"))


def _texts(card: Any, line: int, look: Look) -> tuple[str, str, str, str]:
    """Left and right text of a card's line, and their tokens."""
    if line == 0:
        return clean(card.account or card.name), g("mark") if look.marked else "", "foreground", "accent"
    if line == 1:
        return clean(card.name) if card.account else card.ref, "", "muted", "muted"
    if line == 2:
        amount = "".join(charts.short(card.amount)) if card.amount is not None else g("minus")
        chance = f"{card.probability}%" if card.probability is not None else ""
        return amount, chance, "foreground", "muted"
    close = day_text(card.close_on, look.today) if card.close_on else g("minus")
    glyph, word, token = FLAGS.get(card.flag, ("", "", "muted"))
    flag = f"{g(glyph)}{gettext(word) if word else f'{card.days}d'}" if glyph else ""
    return f"{close} {clean(card.owner if look.named else card.initials)}".rstrip(), flag, "muted", token
