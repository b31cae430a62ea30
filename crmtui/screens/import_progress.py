"""How far a check or a load has come: a bar, rows, their rate, the time left; after ten seconds in the top bar too."""

from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual import events
from textual.timer import Timer
from textual.widget import Widget

from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens import charts
from crmtui.screens.frame import TopBar
from crmtui.screens.glyphs import g
from crmtui.screens.ink import ink
from crmtui.text import width

if TYPE_CHECKING:
    from crmtui.services.trial import Job

OFTEN = 0.25
"""Seconds between two looks at the work."""
LONG = 10.0
"""Seconds after which it shows in the top bar."""


class Progress(Widget):
    """Two lines while something is under way; a click stops it."""

    DEFAULT_CSS = "Progress { height: 3; display: none; } Progress.-on { display: block; }"
    job: "Job | None" = None
    loading = False
    _timer: Timer | None = None

    def recolour(self) -> None:
        """Draw again with the colours of the theme."""
        self.refresh()

    def begin(self, job: "Job", loading: bool) -> None:
        """Show how `job` comes on."""
        self.job, self.loading = job, loading
        self.add_class("-on")
        self._timer = self.set_interval(OFTEN, self._look)
        self.refresh()

    def end(self) -> None:
        """It is over."""
        if self._timer is not None:
            self._timer.stop()
        self.job = self._timer = None
        self.remove_class("-on")
        self._tell("")

    def _look(self) -> None:
        self.refresh()
        if self.job is not None and self.job.seconds > LONG:
            self._tell(f"{self.called} {round(self.job.share * 100)}%")

    def _tell(self, text: str) -> None:
        app: Any = self.app
        if app.running != text:
            app.running = text
            for bar in self.app.screen.query(TopBar):
                bar.refresh()

    @property
    def called(self) -> str:
        """What is done."""
        return gettext(N_("loading")) if self.loading else gettext(N_("checking"))

    def render(self) -> Text:
        """The bar, and the figures below it."""
        job, colours = self.job, ink(self)
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        if job is None:
            return text
        said = f"{self.called} "
        percent = f" {round(job.share * 100):>3}%"
        room = max(self.size.width - width(said) - len(percent) - 8, 8)
        text.append(said, colours.style("primary", bold=True))
        text.append(charts.as_text(charts.bar(job.share, 1.0, room), colours))
        text.append(percent + "\n")
        text.append(self._figures(job), colours.style("muted"))
        return text

    def _figures(self, job: "Job") -> str:
        parts = [ngettext("{count} row", "{count} rows", job.rows).format(count=f"{job.rows:,}")]
        if job.rows:
            parts.append(gettext(N_("{rate} a second")).format(rate=f"{job.rate:,.0f}"))
        if job.left is not None:
            parts.append(gettext(N_("{time} left")).format(time=_span(job.left)))
        if job.stopping:
            parts.append(gettext(N_("stopping after this batch")))
        else:
            parts.append(gettext(N_("Esc stops")))
        return f" {g('dot')} ".join(parts)

    async def on_click(self, event: events.Click) -> None:
        """Stop it."""
        event.stop()
        if self.job is not None:
            self.job.stop()
            self.refresh()


def _span(seconds: float) -> str:
    if seconds < 90:
        return gettext(N_("{seconds} s")).format(seconds=round(seconds))
    return gettext(N_("{minutes} min")).format(minutes=round(seconds / 60))
