"""A screen of panes that come on several pages where there is no room for all; Tab goes through them, page after page."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from textual.widget import Widget

from crmtui.i18n import N_, gettext
from crmtui.screens.frame import Pane
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind
from crmtui.screens.links import LinkTile
from crmtui.screens.place import Part, Place

Page = tuple[str, Sequence[str]]
"""Name of a page, a marked text, and the ids of what is on it."""


class Paged(Place):
    """Subclasses name their panes and tiles (PARTS), what holds them (GROUPS), and which are on what page (`pages`)."""

    PARTS: ClassVar[tuple[str, ...]] = ()
    """Ids of tiles and panes, in the order of Tab."""
    GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Ids of containers, which go when all that they hold goes."""
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[Any]] = bind("panes", zoom=N_("Full size"), hidden=("next", "prev"))
    DEFAULT_CSS = "Paged .-off { display: none; }"

    at_page = 0

    def pages(self) -> list[Page]:
        """The pages there are at this size; a single one where everything has room."""
        raise NotImplementedError

    def part(self, name: str) -> Widget:
        """The tile or pane of that name."""
        return self.query_one(f"#{name}")

    def lay_out(self) -> None:
        """Show the parts of this page."""
        if not self.is_mounted:
            return
        pages = self.pages()
        self.at_page = min(self.at_page, len(pages) - 1)
        there = set(pages[self.at_page][1])
        for name in self.PARTS:
            self.part(name).set_class(name not in there, "-off")
        for name, members in self.GROUPS.items():
            self.query_one(f"#{name}").set_class(not there & set(members), "-off")

    def on_resize(self, event: Any) -> None:
        """Another size may have other pages."""
        self.lay_out()
        self.redraw_frame()

    # -- focus

    def stops(self) -> list[tuple[int, Widget]]:
        """Page and widget of everything that Tab stops at; the tiles of a page are one stop."""
        found: list[tuple[int, Widget]] = []
        for number, (_, names) in enumerate(self.pages()):
            parts = [self.part(name) for name in self.PARTS if name in names]
            tiles = [one for one in parts if isinstance(one, LinkTile) and not _says(one.parent)]
            found += [(number, one) for one in tiles[:1]]
            for part in parts:
                if not isinstance(part, LinkTile) and not _says(part):
                    found += [(number, one) for one in part.children if one.can_focus]
        return found

    def stop_at(self, number: int, widget: Widget) -> None:
        """Put the focus on `widget`, which is on the page of that number."""
        if self.maximized:
            self.minimize()
        if number != self.at_page:
            self.at_page = number
            self.lay_out()
            self.redraw_frame()
        self.call_after_refresh(widget.focus)

    def focus_first(self) -> None:
        """On the first pane with something in it, else on the tiles; where nothing has the focus yet."""
        if self.focused is None:
            stops = self.stops()
            panes = [stop for stop in stops if not isinstance(stop[1], LinkTile)]
            for stop in (panes or stops)[:1]:
                self.stop_at(*stop)

    def _step(self, by: int) -> None:
        stops = self.stops()
        here = self.focused
        if isinstance(here, LinkTile):
            here = next((one for number, one in stops if number == self.at_page), here)
        widgets = [widget for _, widget in stops]
        if here in widgets:
            self.stop_at(*stops[(widgets.index(here) + by) % len(stops)])
        elif stops:
            self.stop_at(*stops[0])

    def action_next(self) -> None:
        """The next pane, on the next page when need be."""
        self._step(1)

    def action_prev(self) -> None:
        """The pane before."""
        self._step(-1)

    def action_page(self, number: int) -> None:
        """The page of that number, and the focus on the first thing there."""
        stop = next((stop for stop in self.stops() if stop[0] == number), None)
        if stop is not None:
            self.stop_at(*stop)
        else:
            self.at_page = number
            self.lay_out()
            self.redraw_frame()

    @property
    def here(self) -> str:
        """The name of the pane in focus; empty on tiles, and before there is any."""
        found = self.focused.ancestors_with_self if self.focused is not None else ()
        return next((str(one.id) for one in found if isinstance(one, Pane) and one.id in self.PARTS), "")

    def on_descendant_focus(self, event: Any) -> None:
        """What can be done differs from pane to pane."""
        self.refresh_bindings()

    def action_zoom(self) -> None:
        """The pane at full size, and back."""
        if self.maximized:
            self.minimize()
        elif self.here:
            self.maximize(self.part(self.here), container=False)

    def why_not(self, action: str) -> str | None:
        """Only panes have another size."""
        if action == "zoom" and self.is_mounted and not self.here:
            return gettext(N_("Tiles have one size."))
        return super().why_not(action)

    # -- the frame

    def crumb_left(self) -> Iterator[Part]:
        """Also the pages, where there are several; the department only where there is room."""
        pages, parts = self.pages(), list(super().crumb_left())
        if len(pages) < 2:
            yield from parts
            return
        whose = next((at for at, part in enumerate(parts) if part[2].startswith("app.whose")), len(parts))
        path = f"   {self.program.dept_path}"
        yield from (part for part in parts[: whose - 1] if part[0] != path)
        for number, (name, _) in enumerate(pages):
            yield f" {g('dot') if number else g('into')} ", "faint", ""
            here = number == self.at_page
            yield gettext(name), "bold accent" if here else "muted", f"screen.page({number})"
        yield from parts[whose - 1 :]

    def crumb_right(self) -> str:
        """The period; how far it is gone only where there is room."""
        period = super().crumb_right()
        return period.split(" ")[0] if self.size.width < 100 else period


def _says(widget: Any) -> bool:
    """Whether it shows a sentence in place of what it holds."""
    return isinstance(widget, Pane) and widget.has_class("-said")
