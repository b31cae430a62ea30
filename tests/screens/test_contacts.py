"""Contacts: the conditions beside the list change it as they are made, and follow what is changed elsewhere."""

from typing import Any

from textual.pilot import Pilot

from crmtui.screens.app import CrmApp
from crmtui.screens.conditions import Builder, FilterBuilder
from crmtui.screens.contacts import ContactList
from crmtui.services import records
from crmtui.services.context import Context
from tests.screens.conftest import NOW, drive, settled, text_of


def fill(url: str) -> None:
    """Five people at two customers in two cities."""
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        for account in ("Halden", "Kestrel"):
            records.add(ctx, "account", {"name": account})
        for number, (name, title) in enumerate(
            (("Ann", "Buyer"), ("Bo", "Buyer"), ("Cy", "Head of buying"), ("Di", "Engineer"), ("Ed", ""))
        ):
            at = ("Halden", "Kestrel")[number % 2]
            records.add(ctx, "contact", {"name": name, "account": at, "title": title})


def here(app: CrmApp) -> ContactList:
    assert isinstance(app.screen, ContactList)
    return app.screen


def names(app: CrmApp) -> list[str]:
    rows = here(app).rows
    return sorted(row.text("name") for n in range(rows.count) if (row := rows.row_at(n)))


async def press(app: CrmApp, pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


async def at_contacts(app: CrmApp, pilot: Pilot[Any]) -> None:
    app.action_whose("all")
    await press(app, pilot, "3", "3")


def test_a_condition_that_is_made_beside_the_list_changes_it(sqlite_url: str) -> None:
    fill(sqlite_url)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await at_contacts(app, pilot)
        assert app.focused is here(app).rows
        assert len(names(app)) == 5
        await press(app, pilot, "f", "n", *"Title", "enter", *"contains", "enter", *"buy", "enter")
        assert here(app).conditions == ["title ~ buy"]
        assert names(app) == ["Ann", "Bo", "Cy"]
        assert "matches 3" in text_of(app)
        assert "title ~ buy" in text_of(app)
        await press(app, pilot, "exclamation_mark")
        assert "Di" in names(app)
        assert "Ann" not in names(app)
        await press(app, pilot, "d")
        assert len(names(app)) == 5
        await press(app, pilot, "escape")
        assert app.focused is here(app).rows

    drive(sqlite_url, script)


def test_a_chip_that_goes_goes_in_the_tree_too(sqlite_url: str) -> None:
    fill(sqlite_url)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await at_contacts(app, pilot)
        here(app).query_one(Builder).read_text("title ~ buy and account = Halden", typed=False)
        await settled(app, pilot)
        assert names(app) == ["Ann", "Cy"]
        here(app).action_drop_chip(0)
        await settled(app, pilot)
        assert here(app).query_one(Builder).text == "account = Halden"
        assert names(app) == ["Ann", "Cy", "Ed"]
        here(app).query_one(Builder).read_text("title ~", typed=True)
        await settled(app, pilot)
        assert names(app) == ["Ann", "Cy", "Ed"]

    drive(sqlite_url, script)


def test_where_there_is_no_room_it_is_the_drawer(sqlite_url: str) -> None:
    fill(sqlite_url)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await at_contacts(app, pilot)
        assert "All of" not in text_of(app)
        await press(app, pilot, "f")
        assert isinstance(app.screen, FilterBuilder)

    drive(sqlite_url, script, size=(80, 24))


def test_views_are_saved_for_everybody_or_for_oneself(sqlite_url: str) -> None:
    fill(sqlite_url)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await at_contacts(app, pilot)
        here(app).query_one(Builder).read_text("title ~ buy", typed=False)
        await press(app, pilot, "b", *"ours", "enter", "enter")
        await press(app, pilot, "f", "b", *"mine", "enter", "down", "enter")
        assert "[mine]" in text_of(app) or "[ours]" in text_of(app)
        await press(app, pilot, "escape", "b", *"none", "enter", "escape")
        saved = await app.desk.read(
            lambda ctx: [(row["name"], row["shared"]) for row in records.find(ctx, "query", sort="name").rows]
        )
        assert saved == [("mine", False), ("ours", True)]

    drive(sqlite_url, script)
