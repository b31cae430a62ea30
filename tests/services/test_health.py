"""`crm doctor`: a new store is well, and every fault that is planted is found."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from crmtui.services import health, records
from crmtui.services.context import Context
from crmtui.services.soundness import Finding
from crmtui.store import files, session
from crmtui.store.session import sqlite_module
from tests.conftest import NOW


def look(url: str, **options: str) -> dict[str, Finding]:
    with Context.open(flags={"db": url}, now=NOW, **options) as ctx:
        return {each.check: each for each in health.examine(ctx)}


def not_well(url: str, **options: str) -> dict[str, str]:
    """The checks that are neither ok nor only told, with their state."""
    return {
        name: each.state for name, each in look(url, **options).items() if each.state in ("warning", "error")
    }


def run_sql(url: str, *statements: str) -> None:
    """Change the store past the program, on SQLite without a look at references."""
    store = session.connect(url)
    with closing(store), store.engine.connect() as connection:
        if store.sqlite:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN")
        for statement in statements:
            connection.execute(text(statement))
        connection.commit()


@pytest.fixture
def settled(store_url: str) -> str:
    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        for name in ("North", "South"):
            records.add(ctx, "dept", {"name": name})
        records.add(ctx, "user", {"name": "Li", "login": "li", "role": "rep", "dept": "North"})
        records.add(ctx, "product", {"name": "Desk"})
        records.add(ctx, "account", {"name": "ACME", "phone": "+86 138 0013 8000"})
        records.add(ctx, "lead", {"company": "Bolt", "owner": "li"})
        given = {"account": "ACME", "expected_close_on": "2027-01-31", "products": "Desk", "owner": "li"}
        records.add(ctx, "opp", given)
    return store_url


def test_a_new_store_is_well(store_url: str) -> None:
    assert not_well(store_url) == {}
    found = look(store_url)
    assert found["protection"].state == "info"
    assert ("whoever can open it" in found["protection"].finding) == store_url.startswith("sqlite")
    assert ("does not enforce" in found["protection"].finding) != store_url.startswith("sqlite")


def test_a_store_at_work_is_well(settled: str) -> None:
    assert not_well(settled) == {}


PLANTED = {
    "direct writes": ("INSERT INTO competitor (name, version, name_key) VALUES ('X', 1, 'x')",),
    "trees": ("UPDATE dept SET parent_id = 2 WHERE id = 1", "UPDATE dept SET parent_id = 1 WHERE id = 2"),
    "references": ("UPDATE opp SET products = '[1,77]'",),
    "owners": ('UPDATE "user" SET active = {no} WHERE id = 2',),
    "administrators": (
        'UPDATE "user" SET active = {no} WHERE id = 2',
        'UPDATE "user" SET role_id = 2 WHERE id = 1',
    ),
    "search keys": ("UPDATE account SET name_key = 'other'",),
    "clock": (
        "INSERT INTO tx (at, login, verb, note) VALUES ('2027-01-01T00:00:00.000000Z', 'x', 'x.y', '')",
    ),
    "schema": ("ALTER TABLE lead ADD COLUMN colour text",),
}
STATES = {"direct writes": "warning", "owners": "warning", "search keys": "warning", "clock": "warning"}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(settled: str, name: str) -> None:
    no = "0" if settled.startswith("sqlite") else "false"
    run_sql(settled, *(statement.format(no=no) for statement in PLANTED[name]))
    assert not_well(settled).get(name) == STATES.get(name, "error")
    assert look(settled)[name].todo or name == "administrators"


def test_a_reference_to_nothing_is_found(sqlite_url: str) -> None:
    run_sql(sqlite_url, 'UPDATE "user" SET dept_id = 99')
    assert not_well(sqlite_url)["references"] == "error"


@pytest.mark.parametrize(
    ("sqlite", "postgres"),
    [
        ('DROP TRIGGER "lead_update"', "ALTER TABLE lead DISABLE TRIGGER lead_journal"),
        ('DROP TRIGGER "journal_DELETE"', "DROP TRIGGER journal_append_only ON journal"),
    ],
)
def test_a_missing_trigger_is_found(settled: str, sqlite: str, postgres: str) -> None:
    run_sql(settled, sqlite if settled.startswith("sqlite") else postgres)
    assert not_well(settled) == {"journal": "error"}


def test_a_trigger_without_a_column_is_found(sqlite_url: str) -> None:
    with closing(sqlite_module().connect(sqlite_url.removeprefix("sqlite:///"))) as raw:
        statement = raw.execute("SELECT sql FROM sqlite_schema WHERE name = 'lead_update'").fetchone()[0]
        raw.execute("DROP TRIGGER lead_update")
        raw.execute(statement.replace('OLD."city" IS NOT NEW."city" OR', "").replace("city", "note"))
        raw.commit()
    assert not_well(sqlite_url) == {"journal": "error"}


def test_a_damaged_file_is_found(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite_module().connect(path)) as raw:
        page = raw.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'lead_company'").fetchone()[0]
        size = raw.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\x0d" + b"\xff" * 100)
    assert not_well(sqlite_url)["integrity"] == "error"


def test_records_are_named_only_to_those_who_may(settled: str) -> None:
    run_sql(settled, "UPDATE account SET name_key = 'other'")
    assert "(A-1)" in look(settled)["search keys"].finding
    with Context.open(flags={"db": settled}, now=NOW, login="li") as ctx:
        found = {each.check: each for each in health.examine(ctx)}
    assert found["search keys"].finding.count("A-1") == 0
    assert "1" in found["search keys"].finding


@pytest.mark.parametrize(
    ("file", "folder", "state"),
    [
        (0o600, 0o700, "ok"),
        (0o600, 0o755, "ok"),
        (0o600, 0o1777, "ok"),
        (0o660, 0o2770, "info"),
        (0o644, 0o700, "warning"),
        (0o640, 0o750, "warning"),
        (0o600, 0o777, "warning"),
    ],
)
def test_who_can_open_the_files(sqlite_url: str, file: int, folder: int, state: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.chmod(file)
    path.parent.chmod(folder)
    found = look(sqlite_url)["files"]
    assert found.state == state
    assert ("bypass the rules" in found.finding) == (state == "info")


MOUNTS = """\
22 1 0:20 / / rw - ext4 /dev/vda rw
30 22 0:30 / /home rw,relatime shared:1 - nfs4 server:/home rw
31 30 0:31 / /home/my\\040disk rw - ext4 /dev/vdb rw
32 22 0:32 / /srv rw - cifs //server/srv rw
33 22 0:33 / /homes rw - xfs /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/crm.db", "ext4"),
        ("/home/ann/crm.db", "nfs4"),
        ("/home/my disk/crm.db", "ext4"),
        ("/srv/crm.db", "cifs"),
        ("/homes/crm.db", "xfs"),
    ],
)
def test_a_network_disk_is_known(path: str, kind: str) -> None:
    assert files.file_system(Path(path), MOUNTS) == kind
    assert (kind in files.NETWORK) == (kind in ("nfs4", "cifs"))
