"""`crm demo`: a new store, whole or not at all; figures that hang together; nothing that exists is touched."""

import csv
import hashlib
import json
import shutil
import uuid
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from crmtui.services import demo
from crmtui.services.context import Context
from crmtui.text import width
from tests import postgres
from tests.commands.conftest import Crm
from tests.commands.test_schema import fits

NOW = "2026-11-20T09:00:00+00:00"
TODAY = date(2026, 11, 20)
QUARTER, NEXT = "2026Q4", "2027Q1"
LAST = date(2027, 3, 31)
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "crmtui" / "demo"
TRUTH: dict[str, Any] = json.loads((ROOT / "tests" / "fixtures" / "maven" / "truth.json").read_text("utf-8"))
PLACE = Path(".local/share/crmtui/demo.db")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo store, to be copied."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    demo.make(f"sqlite:///{path}", NOW)
    assert [each.name for each in path.parent.iterdir()] == ["demo.db"]
    return path


@pytest.fixture
def placed(made: Path, home: Path) -> Path:
    """A demo store at its default place."""
    place = home / PLACE
    place.parent.mkdir(parents=True, mode=0o700)
    shutil.copyfile(made, place)
    return place


@pytest.fixture
def crm_demo(bare: Crm, made: Path, monkeypatch: pytest.MonkeyPatch) -> Crm:
    """`crm` on a demo store that nobody changes."""
    monkeypatch.setenv("CRM_DB", f"sqlite:///{made}")
    monkeypatch.setenv("CRM_NOW", NOW)
    return bare


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sections(text: str) -> dict[str, list[list[str]]]:
    """Heading → lines, each taken apart at wide gaps."""
    found = {}
    for block in text.split("\n\n"):
        heading, *lines = block.splitlines()
        found[heading] = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
    return found


def test_the_first_time_and_the_second(bare: Crm, home: Path) -> None:
    first = bare("demo", "--now", NOW)
    assert first.code == 0, first.err
    shown = sections(first.out)
    read = {line[0]: line[2:] for line in shown["Import"][1:]}
    assert read["sales_pipeline.csv"] == ["8,800", "8,800", "0", "0"]
    assert read["accounts.csv"] == ["85", "85", "0", "0"]
    assert read["sales_teams.csv"] == ["35", "35", "0", "0"]
    said = [" ".join(line) for line in shown["Made up for this demo only, because the data lacks it"]]
    assert any("4,966,215" in line for line in said)
    before = checksum(home / PLACE)
    second = bare("demo", "--now", NOW)
    assert second.code == 0, second.err
    assert "2026-11-20" in second.err
    again = sections(second.out)
    assert {name: shown[name] for name in again} == again
    assert set(shown) - set(again) == {"Import", "Made up for this demo only, because the data lacks it"}
    assert checksum(home / PLACE) == before
    assert [each.name for each in (home / PLACE).parent.iterdir()] == ["demo.db"]


def test_what_it_names_next_can_be_typed(bare: Crm, placed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shlex

    lines = bare("demo", "--now", NOW).out.split("What to type next\n")[1].splitlines()
    first, *commands = [shlex.split(line) for line in lines]
    assert first == ["export", f"CRM_DB=sqlite:///{placed}"]
    monkeypatch.setenv("CRM_DB", f"sqlite:///{placed}")
    monkeypatch.setenv("CRM_NOW", NOW)
    assert len(commands) == 6
    for program, *words in commands:
        result = bare(*words)
        assert (program, result.code, bool(result.out)) == ("crm", 0, True), result.err


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_into_80_columns(bare: Crm, placed: Path, language: str) -> None:
    result = bare("--lang", language, "demo", "--now", NOW)
    assert result.code == 0
    assert max(width(line) for line in result.lines if "export CRM_DB" not in line) <= 80
    assert ("需求分析" in result.out) == (language == "zh")


# Nothing that exists is touched


@pytest.mark.parametrize("content", [b"", b"not a store"])
def test_what_lies_at_its_place_stays(bare: Crm, home: Path, content: bytes) -> None:
    (home / PLACE).parent.mkdir(parents=True)
    (home / PLACE).write_bytes(content)
    result = bare("demo", "--json")
    assert result.code == 6
    assert result.error["code"] == "store.exists"
    assert (home / PLACE).read_bytes() == content


def test_another_store_at_its_place_stays(bare: Crm, home: Path, sqlite_template: Path) -> None:
    (home / PLACE).parent.mkdir(parents=True)
    shutil.copyfile(sqlite_template, home / PLACE)
    before = checksum(home / PLACE)
    assert bare("demo").code == 6
    assert checksum(home / PLACE) == before


def test_a_named_store_stays(crm_demo: Crm, made: Path) -> None:
    before = checksum(made)
    result = crm_demo("demo", "--json")
    assert result.code == 6
    assert str(made) in result.error["message"]
    assert "--db" in result.error["hint"]
    assert checksum(made) == before


def test_a_database_in_use_stays(bare: Crm, pg_url: str) -> None:
    assert bare("demo", "--db", pg_url).code == 6
    with Context.open(flags={"db": pg_url}, now=NOW) as ctx:
        assert ctx.company.name == "Test"


def test_no_place_for_it(bare: Crm, home: Path) -> None:
    assert bare("demo", "--db", "sqlite:////proc/demo.db").code == 4


# Figures


def figures(crm: Crm, **options: str) -> dict[str, Any]:
    """Group → figure of a list's totals, by their names."""
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    rows = crm("opp", "list", *words, "--json").json
    by, measure = options["by"], options["measure"]
    return {row[by]["name"] if isinstance(row[by], dict) else row[by]: row[measure] for row in rows}


def as_whole(found: dict[str, str]) -> dict[str, int]:
    assert all(value.endswith(".00") for value in found.values())
    return {name: int(value.removesuffix(".00")) for name, value in found.items()}


def test_open_pipeline_at_list_price(crm_demo: Crm) -> None:
    truth = TRUTH["open_pipeline"]

    def at_list(by: str) -> dict[str, int]:
        return as_whole(figures(crm_demo, where="state=open", by=by, measure="sum(amount)"))

    by_stage = truth["list_value_by_stage"]
    assert at_list("stage") == {
        "needs-analysis": by_stage["Engaging"],
        "prospecting": by_stage["Prospecting"],
    }
    assert at_list("owner.dept.parent") == truth["list_value_by_office"]
    teams = {f"Team {name.split()[-1]}": value for name, value in truth["list_value_by_manager"].items()}
    assert at_list("owner.dept") == teams
    assert at_list("owner.dept.parent.parent") == {"MavenTech": truth["list_value"]}


def test_won_is_what_it_was(crm_demo: Crm) -> None:
    won = as_whole(figures(crm_demo, where="state=won", by="owner.dept.parent", measure="sum(amount)"))
    assert won == TRUTH["won_value_by_regional_office"]
    days = figures(crm_demo, where="state=won", by="state", measure="avg(days_to_close)")
    assert days == {"won": round(TRUTH["days_to_close"]["won_mean"], 2)}


def moved(text: str, days: int) -> date:
    month, day, year = map(int, text.split("/"))
    return date(year, month, day) + timedelta(days)


def test_days(crm_demo: Crm) -> None:
    days = (TODAY - date(2017, 12, 31)).days
    with (FOLDER / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        raw = {row["opportunity_id"]: row for row in csv.DictReader(file)}
    names = "external_id,state,opened_on,closed_on,expected_close_on,probability,stage"
    kept = 0
    rows = crm_demo("opp", "list", "--fields", names, "--json").json
    assert len(rows) == len(raw) == 8800
    for row in rows:
        source = raw[row["external_id"]]
        for name, column in (("opened_on", "engage_date"), ("closed_on", "close_date")):
            assert row[name] == (moved(source[column], days).isoformat() if source[column] else None)
        expected = date.fromisoformat(row["expected_close_on"])
        if row["state"] == "open":
            assert TODAY <= expected <= LAST
            assert row["probability"] == {"prospecting": 10, "needs-analysis": 40}[row["stage"]]
            mean = round(TRUTH["days_to_close"]["all_mean"])
            due = moved(source["engage_date"], days + mean) if source["engage_date"] else None
            kept += due is not None and due >= TODAY and due == expected
            assert due is None or due < TODAY or due == expected
        else:
            assert row["expected_close_on"] == row["closed_on"]
    assert kept
    assert max(row["closed_on"] or "" for row in rows) == TODAY.isoformat()


def test_quotas(crm_demo: Crm) -> None:
    rows = crm_demo("quota", "list", "--fields", "of,period,amount", "--json").json
    found = {(row["of"]["name"], row["period"]): Decimal(row["amount"]) for row in rows}
    options = ("--by", "owner,quarter(closed_on)", "--measure", "sum(amount)", "--json")
    won = crm_demo("opp", "list", "--where", "state=won", *options).json
    after = {"2026Q1": "2026Q2", "2026Q2": "2026Q3", "2026Q3": QUARTER}
    wanted = {}
    for row in won:
        value = Decimal(row["sum(amount)"]) * Decimal("1.1") / 1000
        target = value.quantize(Decimal(1), ROUND_HALF_UP) * 1000
        if row["quarter(closed_on)"] in after:
            wanted[row["owner"]["name"], after[row["quarter(closed_on)"]]] = target
        if row["quarter(closed_on)"] == "2026Q3":
            wanted[row["owner"]["name"], NEXT] = target
    assert found == wanted


def test_the_report_hangs_together(bare: Crm, placed: Path) -> None:
    report = bare("demo", "--now", NOW, "--json").json
    assert fits(report, bare("schema", "demo").json)
    assert report["made"] is False
    rows = report["forecast"]
    assert [(row["depth"], row["of"]["name"]) for row in rows][:3] == [
        (0, "MavenTech"),
        (1, "Central"),
        (2, "Team Brinkmann"),
    ]
    assert len(rows) == 10
    for figure in ("quota", "won", "weighted", "forecast", "gap"):
        sums = [sum(Decimal(row[figure]) for row in rows if row["depth"] == depth) for depth in range(3)]
        assert sums[0] == sums[1] == sums[2] > 0
    assert all(row["period"] == QUARTER for row in rows)
    gaps = {row["of"]["name"]: Decimal(row["gap"]) for row in rows if row["depth"] == 2}
    assert Decimal(report["gap"]["gap"]) == gaps[report["gap"]["of"]["name"]] == max(gaps.values())
    covered = Decimal(0)
    for one in report["opportunities"]:
        remainder = Decimal(one["amount"]) - Decimal(one["counted"])
        covered += remainder
        assert (Decimal(one["remainder"]), Decimal(one["covers"])) == (remainder, covered)
        assert TODAY <= date.fromisoformat(one["expected_close_on"]) <= date(2026, 12, 31)
    assert (
        sum(Decimal(stage["amount"]) for stage in report["pipeline"]) == TRUTH["open_pipeline"]["list_value"]
    )


def test_rows_and_columns(bare: Crm, placed: Path) -> None:
    rows = list(csv.DictReader(bare("demo", "--now", NOW, "--format", "csv").lines))
    assert [row["path"] for row in rows][:2] == ["MavenTech", "MavenTech / Central"]


def test_postgresql_holds_the_same(pg_server: postgres.Server, made: Path) -> None:
    name = f"demo_{uuid.uuid4().hex}"
    pg_server.create_database(name)
    demo.make(pg_server.url(name), NOW)
    shown = []
    for url in (f"sqlite:///{made}", pg_server.url(name)):
        with Context.open(flags={"db": url}, now=NOW) as ctx:
            shown.append(demo.show(ctx))
    pg_server.drop_database(name)
    assert shown[0] == shown[1]


@pytest.mark.parametrize("day", ["2024-02-29", "2026-12-31", "2027-01-01", "2027-04-01"])
def test_any_day(day: str) -> None:
    from crmtui.services.demo_plan import plan

    made = plan(date.fromisoformat(day))
    ends = {row["expected_close"] for row in made.pipeline if not row["close_date"]}
    assert day <= min(ends) <= max(ends) <= made.last_day.isoformat()
    assert max(row["close_date"] for row in made.pipeline) == day
    assert made.list_value == TRUTH["open_pipeline"]["list_value"]
    assert {made.this_quarter.label} < {row["quarter"] for row in made.quotas}


# The mapping files, at the command line


def test_maven_by_hand(crm: Crm) -> None:
    def read(noun: str, name: str) -> dict[str, Any]:
        file, mapping = str(FOLDER / f"{name}.csv"), str(FOLDER / f"{name}.toml")
        summary: dict[str, Any] = crm(noun, "import", file, "--mapping", mapping, "--json").json
        return {part: summary[part] for part in ("read", "created", "updated", "rejected")}

    assert read("dept", "departments") == {"read": 10, "created": 10, "updated": 0, "rejected": 0}
    assert read("user", "managers") == {"read": 6, "created": 0, "updated": 6, "rejected": 0}
    for noun, name, rows in (
        ("user", "sales_teams", 35),
        ("product", "products", 7),
        ("account", "accounts", 85),
        ("opp", "sales_pipeline", 8800),
    ):
        assert read(noun, name) == {"read": rows, "created": rows, "updated": 0, "rejected": 0}
    won = as_whole(figures(crm, where="state=won", by="quarter(closed_on)", measure="sum(amount)"))
    assert won == TRUTH["won_value_by_quarter"]
    rates = figures(crm, where="state in (won, lost)", by="owner.dept.parent", measure="win_rate")
    assert rates == {
        name: pytest.approx(office["win_rate"] * 100, abs=0.0051)
        for name, office in TRUTH["by_office"].items()
    }
