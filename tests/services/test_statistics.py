"""What SQLite knows about a table is counted anew after it grew, and then it does not sort most of a table to show fifty rows."""

from contextlib import closing
from pathlib import Path

from bench import make
from crmtui.services import derived, transfer
from crmtui.services.context import Context
from crmtui.store import statistics
from crmtui.store.session import sqlite_module
from tests.conftest import NOW

OPEN = "SELECT * FROM opp WHERE archived_at IS NULL AND state = 'open' AND amount >= 9000000 ORDER BY id DESC LIMIT 50"


def opportunities(url: str, rows: int) -> None:
    with closing(sqlite_module().connect(url.removeprefix("sqlite:///"), isolation_level=None)) as database:
        if not database.execute("SELECT 1 FROM user WHERE id = 100").fetchone():
            make.company(database, 5, 2)
        make.opportunities(database, rows, 5)


def way(url: str) -> str:
    with closing(sqlite_module().connect(url.removeprefix("sqlite:///"))) as database:
        return str(database.execute(f"EXPLAIN QUERY PLAN {OPEN}").fetchall())


def test_a_table_that_grew_is_counted_once_and_its_lists_then_begin_at_the_newest(sqlite_url: str) -> None:
    opportunities(sqlite_url, 12_000)
    assert "TEMP B-TREE" in way(sqlite_url)
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        assert statistics.count_again(ctx.store, ["opp", "lead"]) == ["opp"]
        assert statistics.count_again(ctx.store, ["opp", "lead"]) == []
        assert "TEMP B-TREE" not in way(sqlite_url)
        opportunities(sqlite_url, 7_000)
        assert statistics.count_again(ctx.store, ["opp"]) == ["opp"]


def test_the_repair_of_what_is_derived_counts_too(sqlite_url: str) -> None:
    opportunities(sqlite_url, 12_000)
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        derived.check(ctx, repair=True)
        assert statistics.count_again(ctx.store, ["opp"]) == []


def test_an_import_leaves_its_table_counted(sqlite_url: str, tmp_path: Path) -> None:
    source = tmp_path / "leads.csv"
    make.leads(source, 11_000)
    make.mapping(tmp_path / "leads.toml")
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        transfer.run(ctx, "lead", str(source), mapping=str(tmp_path / "leads.toml"))
        assert statistics.count_again(ctx.store, ["lead"]) == []


def test_other_stores_count_by_themselves(pg_url: str) -> None:
    with Context.open(flags={"db": pg_url}, now=NOW) as ctx:
        assert statistics.count_again(ctx.store, ["lead"]) == []


def test_a_small_table_needs_no_counting(sqlite_url: str) -> None:
    opportunities(sqlite_url, 50)
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        assert statistics.count_again(ctx.store, ["opp"]) == []
