"""Search everything: hits while one types, by group, opened, acted on, copied; and what there is for nothing found."""

from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui.screens.app import CrmApp
from crmtui.screens.choices import Choices
from crmtui.screens.forms import FormSheet
from crmtui.screens.hits import HitMenu
from crmtui.screens.record_page import RecordPage
from crmtui.screens.searching import Searching
from crmtui.services import records
from crmtui.services.context import Context
from crmtui.services.search import Hit
from crmtui.text import width
from tests.hostile import STRINGS
from tests.screens.conftest import NOW, drive, settled, text_of
from tests.screens.test_palette import pressed


def added(url: str, *names: str, noun: str = "account") -> list[str]:
    """Records of these names; their refs."""
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        rows = [records.add(ctx, noun, {"name": name}) for name in names]
        return [records.present(ctx, noun, row)["ref"] for row in rows]


def hits(app: CrmApp) -> list[Hit]:
    return [one.data for one in app.screen.query_one(Choices).choices if isinstance(one.data, Hit)]


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
def test_hits_stand_in_groups_and_enter_opens_the_first(maven: str, size: tuple[int, int]) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await pressed(app, pilot, "ctrl+o", "=zencorp")
        lines = text_of(app)
        assert lines.index("Customers ") < lines.index("Zencorporation") < lines.index("Opportunities")
        assert all(width(line) <= size[0] for line in lines.splitlines())
        assert f"{len(hits(app))} hits" in lines
        first = hits(app)[0]
        assert first.noun == "account"
        await pressed(app, pilot, "enter")
        assert isinstance(app.screen, RecordPage)
        assert app.screen.ref == first.ref
        await pressed(app, pilot, "ctrl+o")  # nothing typed: what was opened last
        assert hits(app)[0].ref == first.ref
        await pressed(app, pilot, "ctrl+o")
        assert isinstance(app.screen, RecordPage)

    drive(maven, script, size=size)


@pytest.mark.parametrize("typed", ["华东", "hdjg", "huadong", "華東精工"])
def test_chinese_is_found_in_both_its_forms_by_pinyin_and_initials(maven: str, typed: str) -> None:
    (ref,) = added(maven, "华东精工")

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await pressed(app, pilot, "ctrl+o", f"={typed}")
        assert hits(app)[0].ref == ref
        choice = app.screen.query_one(Choices).current
        assert choice is not None
        assert choice.cells[0].spans

    drive(maven, script)


def test_one_kind_only_by_tab(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await pressed(app, pilot, "ctrl+o", "=corp")
        assert {hit.noun for hit in hits(app)} >= {"account", "opp"}
        await pressed(app, pilot, "tab")
        assert {hit.noun for hit in hits(app)} == {"account"}
        assert "[customers]" in text_of(app)
        await pressed(app, pilot, "tab")
        assert {hit.noun for hit in hits(app)} == {"opp"}
        await pressed(app, pilot, "shift+tab", "shift+tab")
        assert "[all]" in text_of(app)

    drive(maven, script)


def test_a_hit_is_acted_on_without_being_opened(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await pressed(app, pilot, "ctrl+o", "=zencorp", "right")
        assert isinstance(app.screen, HitMenu)
        await pressed(app, pilot, "left")
        assert isinstance(app.screen, Searching)
        await pressed(app, pilot, "right", "=edit", "enter")
        await settled(app, pilot)
        assert isinstance(app.screen, FormSheet)
        assert app.screen.ref == "A-67"
        assert not any(isinstance(one, Searching) for one in app.screen_stack)

    drive(maven, script)


def test_a_hit_is_copied_and_a_click_opens_another(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await pressed(app, pilot, "ctrl+o", "=zencorp", "ctrl+y")
        assert app.clipboard == "A-67 Zencorporation"
        other = next(hit for hit in hits(app) if hit.noun == "opp")
        at = next(n for n, one in enumerate(app.screen.query_one(Choices).choices) if one.data is other)
        await pilot.click(Choices, offset=(8, at))
        await settled(app, pilot)
        assert app.screen.ref == other.ref  # type: ignore[attr-defined]

    drive(maven, script)


def test_a_groups_title_leads_to_the_whole_list(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> Any:
        await pressed(app, pilot, "ctrl+o", "=corp")
        found = sum(hit.noun == "account" for hit in hits(app))
        await pilot.click(Choices, offset=(3, 0))
        await settled(app, pilot)
        return found, app.screen.noun, app.screen.rows.count  # type: ignore[attr-defined]

    found, noun, count = drive(maven, script)
    assert (noun, count) == ("account", found)


def test_nothing_found_names_what_is_near_and_makes_a_new_one(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await pressed(app, pilot, "ctrl+o", "=zencorporatoin")
        assert 'Nothing for "zencorporatoin".' in text_of(app)
        await pressed(app, pilot, "enter")
        assert hits(app)[0].name == "Zencorporation"
        await pressed(app, pilot, "=Nobody Knows Us", "enter")
        assert isinstance(app.screen, FormSheet)
        await app.workers.wait_for_complete()  # the form has asked what its fields are
        assert app.screen.given()["name"] == "Nobody Knows Us"

    drive(maven, script)


def test_a_newer_text_drops_the_older_answer(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await pilot.press("ctrl+o", *"corporation")
        await pilot.press(*["backspace"] * 11, *"zenc")
        await settled(app, pilot)
        assert {hit.name for hit in hits(app) if hit.noun == "account"} == {"Zencorporation"}

    drive(maven, script)


def test_what_one_may_not_see_is_neither_found_nor_counted(maven: str) -> None:
    with Context.open(flags={"db": maven}, now=NOW) as ctx:
        users = records.find(ctx, "user", where="role = rep", limit=1).rows
        agent = str(next(iter(users))["login"])

    async def script(app: CrmApp, pilot: Pilot[Any]) -> set[str]:
        await pressed(app, pilot, "ctrl+o", "=corp")
        return {hit.ref for hit in hits(app) if hit.noun == "opp"}

    with Context.open(flags={"db": maven}, login=agent, now=NOW) as ctx:
        seen = {str(row["ref"]) for row in records.find(ctx, "opp").rows}
    assert drive(maven, script, login=agent) <= seen


def test_hostile_names_act_on_nothing_and_keep_the_lines(maven: str) -> None:
    names = [f"Zzq {text[:60]}" for text in STRINGS[::25] if text.strip() and text.isprintable()]
    added(maven, *dict.fromkeys(names))

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await pressed(app, pilot, "ctrl+o", "=zzq")
        assert hits(app)
        for line in text_of(app).splitlines():
            assert width(line) <= 120
            assert not [letter for letter in line if ord(letter) < 32]

    drive(maven, script)
