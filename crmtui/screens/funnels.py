"""A funnel on a screen: its rows, what is slow in it, and what each of its figures opens."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crmtui.i18n import N_, gettext
from crmtui.screens.funnelrows import FunnelRow
from crmtui.screens.glyphs import g
from crmtui.screens.links import Link
from crmtui.screens.popup import open_figure

if TYPE_CHECKING:
    from crmtui.services.funnel import Row
    from crmtui.services.whose import Figure


def stages(rows: "Sequence[Row]") -> list["Row"]:
    """The rows that are stages: all but what was won."""
    return [row for row in rows if row.stage]


def here(rows: "Sequence[Row]") -> list[FunnelRow]:
    """What stands in each stage now, and how many of those of the period went on."""
    return [
        FunnelRow(
            row.name,
            row.here.value if row.here else 0,
            row.here_value.value.minor if row.here_value else 0,
            row.passed,
            row.days,
            row.slowest,
        )
        for row in stages(rows)
    ]


def came(rows: "Sequence[Row]") -> list[FunnelRow]:
    """How many of those of the period came as far as each stage, and were won."""
    return [
        FunnelRow(
            row.name if row.stage else gettext(N_("Won")),
            row.came.value,
            row.value.value.minor,
            row.passed,
            row.days,
            row.slowest,
        )
        for row in rows
    ]


def slowest(rows: "Sequence[Row]") -> list[list[Link]]:
    """Two lines on the slowest stage: its days, what is usual, how many are stuck; none where nobody waits."""
    row = next((one for one in rows if one.slowest), None)
    if row is None or row.days is None:
        return []
    days = gettext(N_("{stage}, {days} d")).format(stage=row.name, days=f"{row.days:.0f}")
    lines = [
        [
            Link(f"{g('late')} ", "warning"),
            Link(gettext(N_("slowest: ")), "muted"),
            Link(days, "foreground", _named(row.here, N_("open"))),
        ]
    ]
    if row.usual is not None and row.stuck is not None:
        usual = gettext(N_("usually {days} d")).format(days=row.usual)
        stuck = gettext(N_("{count} stuck")).format(count=f"{row.stuck.value:,}")
        lines.append(
            [
                Link(f"  {usual}, ", "muted"),
                Link(stuck, "foreground", _named(row.stuck, N_("stuck")) if row.stuck.value else None),
            ]
        )
    return lines


def _named(figure: "Figure | None", name: str) -> "Figure | None":
    return None if figure is None else replace(figure, name=name)


async def open_here(screen: Any, row: "Row", which: str) -> None:
    """What a figure of `here` stands for: who stands there, who is stuck, or who of the period went on."""
    if which == "passed":
        await _open_passed(screen, row)
    elif row.here is not None and row.here_value is not None:
        figure = row.here_value if which == "value" else row.here
        await open_figure(screen, replace(figure, name=N_("open")), row.name)


async def open_came(screen: Any, row: "Row", which: str) -> None:
    """What a figure of `came` stands for."""
    if which == "passed" and row.on is not None:
        await _open_passed(screen, row)
    elif which == "days" and row.here is not None:
        await open_figure(screen, replace(row.here, name=N_("open")), row.name)
    else:
        figure = row.value if which == "value" else row.came
        await open_figure(screen, replace(figure, name=N_("came this far")), row.name or gettext(N_("Won")))


async def _open_passed(screen: Any, row: "Row") -> None:
    """A rate is two lists: who went on, and who did not."""
    from crmtui.screens.ask import Choose, Way

    if row.on is None or row.stayed is None:
        return
    ways = {
        "on": (replace(row.on, name=N_("went on")), N_("{count} went on")),
        "stayed": (replace(row.stayed, name=N_("did not go on")), N_("{count} did not")),
    }
    found = await screen.program.push_screen_wait_safe(
        Choose(
            row.name,
            [
                Way(name, gettext(text).format(count=f"{figure.value:,}"))
                for name, (figure, text) in ways.items()
            ],
        )
    )
    if found:
        await open_figure(screen, ways[found][0], row.name)
