"""A file before its import: what is proposed, what would happen, and that the load then does just that."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crmtui.errors import CrmError, Invalid, Refused
from crmtui.services import mapping_text, preview, proposals, records, sampling, transfer, trial
from crmtui.services.columns import with_points
from crmtui.services.context import Context
from crmtui.services.mapping import Mapping, load
from crmtui.services.trial import Job, Order
from crmtui.store.record import table
from tests.conftest import NOW

FAIR = (
    "公司;Name;手机;E-Mail;Branche;Preis;quoted;next contact\n"
    "华东精工;Chen Wei;138 0000 0142;chen@hdjg.example;Maschinenbau;;1.200,50;18.11.2026\n"
    "Nordwind AG;Uwe;+49 40 123456;uwe@nordwind.example;Maschinenbau;;900,00;01.12.2026\n"
    "Bad;Row;138 0000 0143;nomail;;;x;31.02.2026\n"
)


@pytest.fixture
def open_at(sqlite_url: str) -> Callable[..., Context]:
    def made(**options: Any) -> Context:
        return Context.open(flags={"db": sqlite_url, "import.batch": 2}, now=NOW, **options)

    return made


def _file(folder: Path, text: str, name: str = "fair.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def _order(ctx: Context, path: str, **more: Any) -> Order:
    file = sampling.sample(path)
    noun = sampling.likely_noun(ctx, file.header)
    return Order(path, noun, preview.propose(ctx, file, noun), file.header, **more)


def _leads(ctx: Context) -> list[tuple[Any, ...]]:
    lead = table("lead")
    with ctx.reading() as tx:
        return [tuple(row) for row in tx.session.execute(select(lead.company, lead.quoted).order_by(lead.id))]


def test_columns_are_proposed_by_header_and_data(open_at: Callable[..., Context], tmp_path: Path) -> None:
    with open_at() as ctx:
        file = sampling.sample(_file(tmp_path, FAIR))
        assert (sampling.likely_noun(ctx, file.header), file.more, file.delimiter) == ("lead", False, ";")
        plan = preview.propose(ctx, file, "lead")
        assert plan.columns == {
            "company": ("公司",),
            "contact_name": ("Name",),
            "phone": ("手机",),
            "email": ("E-Mail",),
            "quoted": ("quoted",),
            "next_contact_on": ("next contact",),
        }
        assert (plan.date_formats, plan.decimal, plan.ignore) == (("%d.%m.%Y",), ",", ("Branche", "Preis"))
        seen = preview.picture(ctx, file, "lead", plan)
        assert [(match.field, match.wrong) for match in seen.matches if match.wrong] == [
            ("email", 1),
            ("quoted", 1),
            ("next_contact_on", 1),
        ]
        first = seen.incoming.rows[0]
        assert (first["company"], first["quoted"].minor) == ("华东精工", 120050)
        assert first["next_contact_on"] == date(2026, 11, 18)
        assert set(seen.incoming.faults) == {2}


def test_unknown_words_are_counted(open_at: Callable[..., Context], tmp_path: Path) -> None:
    path = _file(tmp_path, "name,industry\nA,Maschinenbau\nB,Maschinenbau\nC,medical\n")
    with open_at() as ctx:
        file = sampling.sample(path)
        plan = preview.propose(ctx, file, "account")
        match = preview.picture(ctx, file, "account", plan).matches[1]
        assert (match.field, match.new, match.makes) == ("industry", (("Maschinenbau", 2),), "type")
        plan = replace(plan, values={"industry": {"Maschinenbau": "medical"}})
        assert preview.picture(ctx, file, "account", plan).matches[1].new == ()


def test_a_mapping_file_that_fits_is_found(open_at: Callable[..., Context], tmp_path: Path) -> None:
    path = _file(tmp_path, "firm,place\nA,Ulm\n")
    _file(tmp_path, 'noun = "lead"\n[columns]\ncompany = "firm"\n', "fits.toml")
    _file(tmp_path, 'noun = "lead"\n[columns]\ncompany = "other"\n', "other.toml")
    _file(tmp_path, "no mapping [", "broken.toml")
    found = sampling.mappings(path, (), ["firm", "place"])
    assert [Path(name).name for name, _ in found] == ["fits.toml"]
    with open_at() as ctx:
        plan = preview.propose(ctx, sampling.sample(path), "lead", found[0][1])
        assert (plan.columns, plan.ignore) == ({"company": ("firm",)}, ("place",))


def test_a_check_writes_nothing_and_the_load_does_what_it_said(
    open_at: Callable[..., Context], tmp_path: Path
) -> None:
    path = _file(tmp_path, FAIR)
    with open_at() as ctx:
        order = _order(ctx, path, rejects=str(tmp_path / "rejects.csv"))
    with open_at(dry_run=True) as ctx:
        said = trial.check(ctx, order, Job())
    with open_at() as ctx:
        assert _leads(ctx) == []
        assert not (tmp_path / "rejects.csv").exists()
        done = trial.load(ctx, order, Job())
    assert (
        said.counts
        == done.counts
        == {"created": 2, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 1}
    )
    assert [fate.line for fate in done.rows["rejected"]] == [4]
    with open_at(dry_run=True) as ctx:
        plan = tmp_path / "plan.toml"
        mapping_text.save(order.plan, str(plan))
        summary = transfer.run(ctx, "lead", path, mapping=str(plan))
    assert (summary.unchanged, summary.rejected) == (2, 1)
    with open_at() as ctx:
        assert _leads(ctx) == [("华东精工", 120050), ("Nordwind AG", 90000)]
        assert trial.condition(ctx, "lead", [done.tx or ""], "insert") == "id in (1, 2)"
        assert trial.take_back(ctx, [done.tx or ""]) == 1
        assert _leads(ctx) == []


def test_a_mended_row_comes_in_with_the_others_under_one_undo(
    open_at: Callable[..., Context], tmp_path: Path
) -> None:
    with open_at() as ctx:
        order = _order(ctx, _file(tmp_path, FAIR), rejects=str(tmp_path / "rejects.csv"))
    wrong = ["Bad", "Row", "0", "still", "", "", "5,00", "01.03.2027"]
    right = ["Good", "Row", "0", "a@b.example", "", "", "5,00", "01.03.2027"]
    with open_at(dry_run=True) as ctx:
        again = trial.mend(ctx, order, 4, wrong)
        assert again is not None
        assert (again.what, again.line, again.error and again.error.field) == ("rejected", 4, "email")
    with open_at(dry_run=True) as ctx:
        mended = trial.mend(ctx, order, 4, right)
        assert mended is not None
        assert mended.what == "created"
    with open_at() as ctx:
        done = trial.load(ctx, replace(order, mended={4: right}), Job())
        assert done.counts["created"] == 3
        assert (done.read, done.rejects_path) == (3, None)
        assert _leads(ctx)[2] == ("Good", 500)
        trial.take_back(ctx, [done.tx or ""])
        assert _leads(ctx) == []


def test_rejected_rows_import_again_once_their_file_is_mended(
    open_at: Callable[..., Context], tmp_path: Path
) -> None:
    with open_at() as ctx:
        order = _order(ctx, _file(tmp_path, FAIR), rejects=str(tmp_path / "rejects.csv"))
        trial.load(ctx, order, Job())
    rejects = tmp_path / "rejects.csv"
    text = (
        rejects.read_text().replace("nomail", "a@b.example").replace(",x,", ",7,").replace("31.02", "01.02")
    )
    rejects.write_text(text)
    with open_at() as ctx:
        assert trial.load(ctx, replace(order, path=str(rejects), rejects=""), Job()).counts["created"] == 1
        assert ("Bad", 700) in _leads(ctx)


class Stopping(Job):
    """Stops after so many rows."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def tell(self, read: int, total: int, rows: int) -> None:
        if rows >= self.after:
            self.stop()
        super().tell(read, total, rows)


def test_a_stopped_load_keeps_whole_batches_and_goes_on(
    open_at: Callable[..., Context], tmp_path: Path
) -> None:
    path = _file(tmp_path, "company\n" + "".join(f"Firm {number}\n" for number in range(10)))
    with open_at() as ctx:
        order = _order(ctx, path)
        first = trial.load(ctx, order, Stopping(4))
        assert (first.stopped, first.counts["created"], len(_leads(ctx))) == (True, 4, 4)
    with open_at() as ctx:
        rest = trial.load(ctx, order, Job())
        both = rest.after(first)
        assert (rest.counts["created"], rest.counts["unchanged"]) == (6, 4)
        assert (both.counts["created"], both.counts["unchanged"], both.read) == (10, 0, 10)
        trial.take_back(ctx, [first.tx or "", rest.tx or ""])
        assert _leads(ctx) == []


def test_a_stopped_check_says_so(open_at: Callable[..., Context], tmp_path: Path) -> None:
    path = _file(tmp_path, "company\n" + "".join(f"Firm {number}\n" for number in range(10)))
    with open_at(dry_run=True) as ctx:
        order = _order(ctx, path)
        with pytest.raises(Refused) as caught:
            trial.check(ctx, order, Stopping(2))
        assert caught.value.code == "import.stopped"


def test_nothing_is_overwritten(open_at: Callable[..., Context], tmp_path: Path) -> None:
    taken = _file(tmp_path, "mine", "taken.csv")
    with open_at() as ctx:
        order = _order(ctx, _file(tmp_path, FAIR), rejects=taken)
        with pytest.raises(Refused):
            trial.load(ctx, order, Job())
        assert _leads(ctx) == []
    with pytest.raises(Refused):
        mapping_text.save(order.plan, taken)
    assert Path(taken).read_text() == "mine"
    assert mapping_text.unused(taken) == str(tmp_path / "taken-2.csv")


def test_what_cannot_be_imported_is_told(open_at: Callable[..., Context], tmp_path: Path) -> None:
    path = _file(tmp_path, "colour,size\nred,5\n")
    with open_at() as ctx:
        file = sampling.sample(path)
        plan = preview.propose(ctx, file, "lead")
        problem = preview.picture(ctx, file, "lead", plan).problem
        assert isinstance(problem, Invalid)
        assert problem.code == "import.no_key"


@pytest.mark.parametrize(
    ("amounts", "decimal"),
    [(["1.200,50", "3"], ","), (["1,200.50"], "."), (["1.005"], "."), (["12,5 EUR"], ".")],
)
def test_the_decimal_sign_is_found_only_where_it_is_clear(
    open_at: Callable[..., Context], tmp_path: Path, amounts: list[str], decimal: str
) -> None:
    rows = "".join(f'Firm {at},"{amount}"\n' for at, amount in enumerate(amounts))
    with open_at() as ctx:
        file = sampling.sample(_file(tmp_path, "company,quoted\n" + rows))
        assert preview.propose(ctx, file, "lead").decimal == decimal


def test_a_header_alone_is_no_trouble(open_at: Callable[..., Context], tmp_path: Path) -> None:
    with open_at() as ctx:
        file = sampling.sample(_file(tmp_path, "company,note\n"))
        seen = preview.picture(ctx, file, "lead", preview.propose(ctx, file, "lead"))
        assert ([match.field for match in seen.matches], seen.incoming.rows) == (["company", "note"], [])


TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("texts", "forms"),
    [
        (["2026-11-18", "2026-01-02"], []),
        (["18.11.2026"], ["%d.%m.%Y"]),
        (["3/1/2017", "10/20/2016"], ["%m/%d/%Y"]),
        (["20/10/2016", "1/3/2017"], ["%d/%m/%Y"]),
        (["2026年11月18日"], ["%Y年%m月%d日"]),
        (["2026/11/18", ""], ["%Y/%m/%d"]),
        (["soon", "never"], []),
    ],
)
def test_date_forms(texts: list[str], forms: list[str]) -> None:
    assert proposals.date_forms([text for text in texts if text], TODAY) == forms


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1.200,50", "1200.50"),
        ("1 200,5", "1200.5"),
        ("1.200", "1200"),
        ("12,5 %", "12.5%"),
        ("-3", "-3"),
        ("12,5 EUR", "12,5 EUR"),
        ("1.20,5", "1.20,5"),
    ],
)
def test_numbers_with_a_decimal_comma(text: str, read: str) -> None:
    assert with_points([text, None]) == [read, None]


_words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
_stripped = _words.map(str.strip).filter(bool)
_names = st.sampled_from(["company", "contact_name", "phone", "x.region", "source"])


@given(
    plan=st.builds(
        Mapping,
        noun=st.just("lead"),
        key=st.lists(_names, max_size=2, unique=True).map(tuple),
        on_match=st.sampled_from(["update", "skip", "fail"]),
        create=st.frozensets(st.sampled_from(["account", "type"])),
        missing=st.frozensets(_words).map(lambda some: some | {""}),
        date_formats=st.lists(st.sampled_from(proposals.DATES), max_size=2).map(tuple),
        decimal=st.sampled_from([".", ","]),
        ignore=st.lists(_words, max_size=3).map(tuple),
        columns=st.dictionaries(_names, st.lists(_words, min_size=1, max_size=2).map(tuple), min_size=1),
        values=st.dictionaries(
            _names,
            st.dictionaries(
                _stripped, st.one_of(_words, st.dictionaries(_names, _words, min_size=1)), min_size=1
            ),
        ),
        defaults=st.dictionaries(_names, _words),
        guess=st.just(False),
    )
)
@settings(max_examples=60, deadline=None)
def test_a_mapping_reads_back_as_it_was(plan: Mapping, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = str(tmp_path_factory.mktemp("plan") / "plan.toml")
    mapping_text.save(plan, path)
    assert load(path) == plan


def test_who_may_import_nothing_is_offered_nothing(open_at: Callable[..., Context]) -> None:
    with open_at() as ctx:
        assert "lead" in sampling.nouns(ctx)
        records.add(ctx, "user", {"name": "Sun", "login": "sun", "role": "technician"})
        records.add(ctx, "role", {"code": "guest", "name": "Guest"})
        records.add(ctx, "user", {"name": "Guest", "login": "guest", "role": "guest"})
    with open_at(login="sun") as ctx:
        assert sampling.nouns(ctx) == ["task"]  # everybody has tasks of their own
    with open_at(login="guest") as ctx:
        assert sampling.nouns(ctx) == []


def test_errors_of_files_come_before_anything_else(tmp_path: Path) -> None:
    for name, data in {
        "empty.csv": b"",
        "cut.csv": b"a,b\n\xff\xfe\xfd",
        "bin.csv": bytes(range(256)) * 40,
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(CrmError):
            sampling.sample(str(tmp_path / name))
    with pytest.raises(CrmError):
        sampling.sample(str(tmp_path))
