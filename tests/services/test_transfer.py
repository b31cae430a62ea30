"""Import: every row accounted for, nothing twice, nothing past anybody's rights; export and import are inverse."""

import csv
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from crmtui.commands.formats import WRITERS, Style
from crmtui.errors import Forbidden, Invalid, Refused
from crmtui.services import records, transfer
from crmtui.services.context import Context
from crmtui.services.nouns import NOUNS
from crmtui.services.transfer import Summary
from crmtui.store.journal import Change, Entry
from crmtui.store.record import table
from tests.conftest import NOW
from tests.people import acting

HEADER = "company,contact_name,phone,email,quoted,note\n"
ROWS = "ACME,Ann,+49 171 1,a@x.invalid,100.00,first\n公司,王伟,13800000000,w@x.invalid,200.00,第二\nMüller GmbH,Jörg,0711/1,j@x.invalid,300.50,dritte\n"


@pytest.fixture
def small(store_url: str) -> Iterator[Context]:
    """A context whose imports save two rows at a time."""
    with Context.open(flags={"db": store_url, "import.batch": 2}, now=NOW) as context:
        yield context


def _file(folder: Path, text: str | bytes, name: str = "file.csv") -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def _counts(found: Summary) -> tuple[int, int, int, int, int]:
    assert found.read == found.created + found.updated + found.unchanged + found.skipped + found.rejected
    return found.created, found.updated, found.unchanged, found.skipped, found.rejected


def _all(ctx: Context, noun: str, *names: str) -> list[Any]:
    with ctx.reading() as tx:
        model = table(noun)
        return [
            tuple(row)
            for row in tx.session.execute(
                select(*(getattr(model, name) for name in names)).order_by(model.id)
            )
        ]


def _codes(found: Summary) -> list[tuple[int, str | None, str]]:
    return [(line, field, code) for line, field, code, _ in found.problems]


def test_rows_come_in_and_a_second_run_changes_nothing(small: Context, tmp_path: Path) -> None:
    path = _file(tmp_path, HEADER + ROWS)
    found = transfer.run(small, "lead", path)
    assert _counts(found) == (3, 0, 0, 0, 0)
    assert found.mapping["contact_name"] == "contact_name"
    assert _all(small, "lead", "company", "phone_key", "quoted", "currency", "state", "version") == [
        ("ACME", None, 10000, "USD", "new", 1),
        ("公司", "+8613800000000", 20000, "USD", "new", 1),
        ("Müller GmbH", None, 30050, "USD", "new", 1),
    ]
    small.last_tx = None
    again = transfer.run(small, "lead", path)
    assert _counts(again) == (0, 0, 3, 0, 0)
    assert again.tx is None


def test_all_batches_are_one_transaction(small: Context, tmp_path: Path) -> None:
    found = transfer.run(small, "lead", _file(tmp_path, HEADER + ROWS))
    with small.reading() as tx:
        changes = tx.session.execute(select(Change.id).where(Change.verb == "lead.import")).scalars().all()
        entries = tx.session.execute(select(Entry.tx, Entry.op).where(Entry.noun == "lead")).all()
    assert [str(one) for one in changes] == [found.tx]
    assert [(str(one), op) for one, op in entries] == [(found.tx, "insert")] * 3


def test_an_import_is_what_adding_would_have_made(ctx: Context, tmp_path: Path) -> None:
    given = {
        "company": "Acme",
        "contact_name": "Li",
        "phone": "138 0013 8000",
        "email": "li@example.com",
        "quoted": "1,200.50",
        "industry": "medical",
    }
    given |= {
        "intent": "3",
        "next_contact_on": "2026-12-01",
        "tags": "a, b",
        "note": "two\nlines",
        "website": "=x",
    }
    records.add(ctx, "lead", given)
    text = (
        ",".join(given)
        + "\n"
        + ",".join(f'"{value}"' for value in given.values()).replace('"Acme"', '"ACME!"')
        + "\n"
    )
    assert _counts(transfer.run(ctx, "lead", _file(tmp_path, text))) == (1, 0, 0, 0, 0)
    columns = [
        column.name for column in table("lead").__table__.columns if column.name not in ("id", "company")
    ]
    added, imported = _all(ctx, "lead", *columns)
    assert imported == added


def test_a_dry_run_writes_nothing_and_counts_all(store_url: str, tmp_path: Path) -> None:
    path, rejects = _file(tmp_path, HEADER + ROWS + "x,y,1,no mail,1,n\n"), tmp_path / "rejects.csv"
    with Context.open(flags={"db": store_url, "import.batch": 2}, now=NOW, dry_run=True) as ctx:
        assert _counts(transfer.run(ctx, "lead", path, rejects=str(rejects))) == (3, 0, 0, 0, 1)
    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        assert _all(ctx, "lead", "id") == []
        assert not rejects.exists()


@pytest.mark.parametrize(
    ("on_match", "counts", "note"),
    [("update", (1, 1, 1, 0, 0), "new"), ("skip", (1, 0, 0, 2, 0), "old"), ("fail", (1, 0, 0, 0, 2), "old")],
)
def test_known_records(
    ctx: Context, tmp_path: Path, on_match: str, counts: tuple[int, ...], note: str
) -> None:
    transfer.run(ctx, "lead", _file(tmp_path, "company,note,city\nA,old,Ulm\nB,same,Bonn\n", "first.csv"))
    found = transfer.run(
        ctx, "lead", _file(tmp_path, "company,note\nA,new\nB,same\nC,third\n"), on_match=on_match
    )
    assert _counts(found) == counts
    assert _all(ctx, "lead", "company", "note", "city")[0] == ("A", note, "Ulm")
    if on_match == "fail":
        assert _codes(found) == [(2, None, "record.exists"), (3, None, "record.exists")]


def test_a_change_keeps_search_keys_and_counts_a_version(ctx: Context, tmp_path: Path) -> None:
    transfer.run(
        ctx, "lead", _file(tmp_path, "external_id,company,phone\n1,Alpha,13800000000\n", "first.csv")
    )
    transfer.run(ctx, "lead", _file(tmp_path, "external_id,company,phone\n1,Béta,13900000000\n"))
    assert _all(ctx, "lead", "name_key", "phone_key", "version") == [("béta", "+8613900000000", 2)]


def test_bad_rows_are_rejected_with_their_place_and_come_back_mended(small: Context, tmp_path: Path) -> None:
    text = (
        HEADER
        + "A,a,1,a@x.invalid,1,'=1\nB,b\nC,c,1,c@x.invalid,NaN,n\n=D,d,1,d@@x,1,n\n,e,1,e@x.invalid,1,n\nF,f,1,f@x.invalid,1,n,too,much\n"
    )
    rejects = tmp_path / "rejects.csv"
    found = transfer.run(small, "lead", _file(tmp_path, text), rejects=str(rejects))
    assert _counts(found) == (1, 0, 0, 0, 5)
    assert sorted(_codes(found)) == [
        (3, None, "import.ragged"),
        (4, "quoted", "amount.invalid"),
        (5, "email", "email.invalid"),
        (6, "company", "field.required"),
        (7, None, "import.ragged"),
    ]
    assert found.rejects_path == str(rejects)
    assert rejects.stat().st_mode & 0o777 == 0o600
    rows = list(csv.reader(rejects.read_text(encoding="utf-8").splitlines()))
    assert rows[0] == [*HEADER.strip().split(","), "crm_line", "crm_code", "crm_message"]
    at = {row[6]: row for row in rows[1:]}
    assert at["5"][0] == "'=D"
    assert at["7"][9:] == ["too", "much"]
    at["4"][4], at["5"][3], at["6"][0], at["7"][9:] = "7", "d@x.invalid", "E", []
    mended = tmp_path / "mended.csv"
    with mended.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([rows[0], *(at[line] for line in "4567")])
    assert _counts(transfer.run(small, "lead", str(mended))) == (4, 0, 0, 0, 0)
    assert [name for (name,) in _all(small, "lead", "company")] == ["A", "C", "=D", "E", "F"]


def test_a_rejects_file_is_never_overwritten_and_not_left_empty(ctx: Context, tmp_path: Path) -> None:
    path, rejects = _file(tmp_path, HEADER + ROWS), tmp_path / "rejects.csv"
    assert transfer.run(ctx, "lead", path, rejects=str(rejects)).rejects_path is None
    assert not rejects.exists()
    rejects.write_text("mine")
    with pytest.raises(Refused, match="already"):
        transfer.run(ctx, "lead", path, rejects=str(rejects))
    assert rejects.read_text() == "mine"


def test_rows_of_one_key_are_taken_once(small: Context, tmp_path: Path) -> None:
    text = "company,contact_name\nA,a\nA,a\nB,b\nA,\nA,a\nB,b\na,a\n"
    found = transfer.run(small, "lead", _file(tmp_path, text))
    assert _counts(found) == (4, 0, 0, 0, 3)
    assert _codes(found) == [
        (3, None, "import.duplicate"),
        (6, None, "import.duplicate"),
        (7, None, "import.duplicate"),
    ]
    assert "Line 2" in found.problems[0][3]
    assert "L-1" in found.problems[1][3]
    again = transfer.run(small, "lead", _file(tmp_path, text))
    assert _counts(again) == (0, 0, 4, 0, 3)


def test_a_row_after_a_rejected_one_of_its_key_is_taken(ctx: Context, tmp_path: Path) -> None:
    found = transfer.run(ctx, "lead", _file(tmp_path, "company,email\nA,nonsense\nA,a@x.invalid\n"))
    assert _counts(found) == (1, 0, 0, 0, 1)


def test_an_external_id_is_the_key_where_there_is_one(ctx: Context, tmp_path: Path) -> None:
    text = "external_id,name,account\n1,Renewal,\n2,Renewal,\n,Renewal,\n"
    assert _counts(transfer.run(ctx, "opp", _file(tmp_path, text))) == (3, 0, 0, 0, 0)
    assert _counts(transfer.run(ctx, "opp", _file(tmp_path, text))) == (0, 0, 3, 0, 0)
    with pytest.raises(Invalid) as error:
        transfer.run(ctx, "opp", _file(tmp_path, "amount\n1\n"))
    assert error.value.code == "import.no_key"


def test_a_key_that_is_not_there(ctx: Context, tmp_path: Path) -> None:
    plan = _file(tmp_path, 'key = ["external_id"]', "m.toml")
    with pytest.raises(Invalid) as error:
        transfer.run(ctx, "lead", _file(tmp_path, "company\nA\n"), mapping=plan)
    assert error.value.code == "import.key_unmapped"
    found = transfer.run(ctx, "lead", _file(tmp_path, "company,external_id\nA,\nB,1\n"), mapping=plan)
    assert _counts(found) == (1, 0, 0, 0, 1)
    assert _codes(found) == [(2, "external_id", "import.no_key_value")]


def test_missing_references_are_made_only_when_asked(ctx: Context, tmp_path: Path) -> None:
    text = "external_id,account,owner,products,amount\n1,Acme,Anna Snelling,X; Y,5\n2,Acme,Anna Snelling,X,nonsense\n3,Other,Nobody,X,1\n"
    path = _file(tmp_path, text)
    found = transfer.run(ctx, "opp", path)
    assert _counts(found) == (0, 0, 0, 0, 3)
    assert found.problems[0][1:3] == ("account", "record.not_found")
    assert "Acme" in found.problems[0][3]
    found = transfer.run(ctx, "opp", path, create=["account", "user", "product"])
    assert _counts(found) == (2, 0, 0, 0, 1)
    assert found.created_others == {"account": 2, "user": 2, "product": 2}
    assert _all(ctx, "account", "name") == [("Acme",), ("Other",)]
    assert _all(ctx, "opp", "name", "products", "amount")[0] == ("X 1", [1, 2], 500)


def test_nothing_is_made_for_a_rejected_row(ctx: Context, tmp_path: Path) -> None:
    found = transfer.run(
        ctx, "opp", _file(tmp_path, "name,account,amount\na,Acme,nonsense\n"), create=["account"]
    )
    assert _counts(found) == (0, 0, 0, 0, 1)
    assert found.created_others == {}
    assert _all(ctx, "account", "id") == []


def test_attributes_and_list_entries_are_made(ctx: Context, tmp_path: Path) -> None:
    plan = _file(
        tmp_path,
        'create = ["attribute", "type"]\n[columns]\nname = "n"\nindustry = "i"\n"x.vat" = "VAT"',
        "m.toml",
    )
    path = _file(tmp_path, "n,i,VAT\nA,Space Travel,DE1\nB,medical,\n")
    found = transfer.run(ctx, "account", path, mapping=plan)
    assert _counts(found) == (2, 0, 0, 0, 0)
    assert found.created_others == {"attribute": 1, "type": 1}
    assert _all(ctx, "account", "industry", "x") == [("space-travel", {"vat": "DE1"}), ("medical", None)]
    assert _all(ctx, "attribute", "noun", "name", "title") == [("account", "vat", "VAT")]
    assert _counts(transfer.run(ctx, "account", path, mapping=plan)) == (0, 0, 2, 0, 0)


def test_a_row_waits_for_the_one_it_points_at(small: Context, tmp_path: Path) -> None:
    text = "name,parent\nC,B\nA,\nX,Y\nY,X\nB,A\nD,C\nZ,nowhere\n"
    found = transfer.run(small, "account", _file(tmp_path, text))
    assert _counts(found) == (4, 0, 0, 0, 3)
    assert [(line, code) for line, _, code in _codes(found)] == [
        (4, "record.not_found"),
        (5, "record.not_found"),
        (8, "record.not_found"),
    ]
    names = dict(_all(small, "account", "id", "name"))
    assert {names[one]: names.get(up) for one, up in _all(small, "account", "id", "parent_id")} == {
        "A": None,
        "B": "A",
        "C": "B",
        "D": "C",
    }


def test_words_are_translated(ctx: Context, tmp_path: Path) -> None:
    plan = _file(
        tmp_path,
        """
        noun = "opp"
        missing = ["-1"]
        date_format = ["%m/%d/%Y"]
        [columns]
        external_id = "id"
        stage = "step"
        closed_on = "closed"
        amount = "value"
        [values.stage]
        "Won" = { stage = "contract", state = "won" }
        "Talking" = "negotiation"
        [values.kind]
        "new" = { source = "fair", need = "new business" }
        "old" = { source = "web" }
        [defaults]
        currency = "EUR"
        need = "unknown"
        """,
        "m.toml",
    )
    text = "id,step,closed,value,kind\n1,Won,3/1/2017,5,new\n2,Talking,,-1,old\n3,proposal,,1,strange\n"
    found = transfer.run(ctx, None, _file(tmp_path, text), mapping=plan)
    assert _counts(found) == (2, 0, 0, 0, 1)
    assert _codes(found) == [(4, None, "import.unknown_word")]
    rows = _all(ctx, "opp", "stage", "state", "amount", "currency", "source", "need")
    assert rows == [
        ("contract", "won", 500, "EUR", "fair", "new business"),
        ("negotiation", "open", None, "EUR", "web", "unknown"),
    ]
    assert str(_all(ctx, "opp", "closed_on")[0][0]) == "2017-03-01"
    assert _counts(transfer.run(ctx, None, _file(tmp_path, text), mapping=plan)) == (0, 0, 2, 0, 1)


def test_a_default_never_overwrites(ctx: Context, tmp_path: Path) -> None:
    plan = _file(tmp_path, '[defaults]\ncity = "Ulm"\nnote = "none"', "m.toml")
    path = _file(tmp_path, "company,note\nA,\n")
    transfer.run(ctx, "lead", path, mapping=plan)
    assert _all(ctx, "lead", "city", "note") == [("Ulm", "none")]
    records.edit(ctx, "lead", "L-1", {"city": "Bonn", "note": "kept"})
    assert _counts(transfer.run(ctx, "lead", path, mapping=plan)) == (0, 0, 1, 0, 0)


def test_an_amount_counts_in_the_currency_that_the_record_has(ctx: Context, tmp_path: Path) -> None:
    transfer.run(
        ctx, "lead", _file(tmp_path, "company,quoted,currency\nA,1200,JPY\nB,1200,USD\n", "first.csv")
    )
    transfer.run(ctx, "lead", _file(tmp_path, "company,quoted\nA,1300\nB,1300\nC,1300\n"))
    assert _all(ctx, "lead", "quoted", "currency") == [(1300, "JPY"), (130000, "USD"), (130000, "USD")]


def test_facts_are_stated(ctx: Context, tmp_path: Path) -> None:
    text = "name,state,stage,amount,closed_on,created_at,owner\nX,won,proposal,5,2020-01-02,2019-05-06 07:08,me\n"
    assert _counts(transfer.run(ctx, "opp", _file(tmp_path, text))) == (1, 0, 0, 0, 0)
    state, closed, created, owner = _all(ctx, "opp", "state", "closed_on", "created_at", "owner_id")[0]
    assert (state, str(closed), created.isoformat(), owner) == (
        "won",
        "2020-01-02",
        "2019-05-05T23:08:00+00:00",
        1,
    )


def test_a_unique_value_taken_by_another_rejects_only_its_row(ctx: Context, tmp_path: Path) -> None:
    plan = _file(tmp_path, 'key = ["company"]', "m.toml")
    text = "company,external_id\nA,1\nB,1\nC,2\n"
    found = transfer.run(ctx, "lead", _file(tmp_path, text), mapping=plan)
    assert _counts(found) == (2, 0, 0, 0, 1)
    assert found.problems[0][0] == 3
    swap = transfer.run(ctx, "lead", _file(tmp_path, "company,external_id\nA,2\nC,3\n"), mapping=plan)
    assert _counts(swap) == (0, 1, 0, 0, 1)


def test_people_of_one_name_get_a_login_each(ctx: Context, tmp_path: Path) -> None:
    plan = _file(tmp_path, 'key = ["external_id"]', "m.toml")
    found = transfer.run(ctx, "user", _file(tmp_path, "external_id,name\n1,Li Lei\n2,Li Lei\n"), mapping=plan)
    assert _counts(found) == (2, 0, 0, 0, 0)
    assert [login for (login,) in _all(ctx, "user", "login")][1:] == ["li.lei", "li.lei2"]


def test_only_one_contact_is_primary(ctx: Context, tmp_path: Path) -> None:
    text = "name,account,primary\nA,Acme,true\nB,Acme,true\nC,Acme,false\n"
    transfer.run(ctx, "contact", _file(tmp_path, text), create=["account"])
    assert _all(ctx, "contact", "name", "primary") == [("A", False), ("B", True), ("C", False)]


def test_a_period_is_found_again_however_it_is_written(ctx: Context, tmp_path: Path) -> None:
    text = "scope,of,period,amount\nuser,me,2026-Q4,100\n"
    assert _counts(transfer.run(ctx, "quota", _file(tmp_path, text))) == (1, 0, 0, 0, 0)
    assert _counts(transfer.run(ctx, "quota", _file(tmp_path, text))) == (0, 0, 1, 0, 0)


# Rights


def test_nobody_imports_past_their_rights(store_url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, "company,owner\nMine,li\nFree,\nHers,zhao\n")
    with acting(store_url, "li", "zhao", "chen", "qian") as (li, zhao, chen, qian):
        found = transfer.run(li, "lead", path)
        assert _counts(found) == (2, 0, 0, 0, 1)
        assert _codes(found) == [(4, None, "right.missing")]
        with pytest.raises(Forbidden):
            transfer.run(qian, "lead", path)
        found = transfer.run(chen, "lead", _file(tmp_path, "company,owner\nFor Li,li\nFor Zhao,zhao\n"))
        assert _counts(found) == (1, 0, 0, 0, 1)
        records.add(zhao, "lead", {"company": "Hidden"})
        found = transfer.run(li, "lead", _file(tmp_path, "company,note\nHidden,x\nFor Li,x\nFree,x\n"))
        assert _counts(found) == (0, 2, 0, 0, 1)
        said = found.problems[0]
        for on_match in ("update", "fail"):
            again = transfer.run(li, "lead", _file(tmp_path, "company,note\nHidden,x\n"), on_match=on_match)
            assert again.problems == [(2, *said[1:])]
            assert said[2] == "import.taken"
            assert "L-" not in said[3]


def test_what_li_may_see_but_not_import_is_refused_in_the_same_words(store_url: str, tmp_path: Path) -> None:
    with acting(store_url, "li", "wang") as (li, wang):
        transfer.run(wang, "opp", _file(tmp_path, "external_id,name\n1,Theirs\n2,Team\n"))
        with wang.transaction("opp.team") as tx:
            tx.session.add(table("opp_member")(opp_id=2, user_id=li.actor.id))
        found = transfer.run(li, "opp", _file(tmp_path, "external_id,name\n1,x\n2,x\n"))
        assert _counts(found) == (0, 0, 0, 0, 2)
        assert found.problems[0][1:] == found.problems[1][1:]


# Files


CASES: list[tuple[str, str | bytes, int, int]] = [
    ("crlf.csv", (HEADER + ROWS).replace("\n", "\r\n"), 3, 0),
    ("semicolon.csv", (HEADER + ROWS).replace(",", ";"), 3, 0),
    ("tab.tsv", (HEADER + ROWS).replace(",", "\t"), 3, 0),
    ("bom.csv", b"\xef\xbb\xbf" + (HEADER + ROWS).encode(), 3, 0),
    ("utf16.csv", (HEADER + ROWS).encode("utf-16"), 3, 0),
    ("blank.csv", HEADER + "\n\n" + ROWS + "\n,,,,,\n", 3, 0),
    ("header.csv", HEADER, 0, 0),
    ("newline.csv", HEADER + 'A,"x\ny",1,a@x.invalid,1,"l1\r\nl2"\n', 0, 1),
    ("nul.csv", HEADER + "A\0B,x,1,a@x.invalid,1,n\n", 0, 1),
    ("huge.csv", HEADER + "A,b,1,a@x.invalid,1," + "x" * 200_000 + "\n" + ROWS, 3, 1),
    ("formula.csv", HEADER + '=HYPERLINK("x"),@SUM(1),+1,-a@x.invalid,1,\t=1\n', 1, 0),
    ("escape.csv", HEADER + "A\x1b]52;c;eA==\x07,[/],1,a@x.invalid,1,\u202e\n", 1, 0),
    (
        "rows.jsonl",
        '{"company": "A", "quoted": 1.50, "tags": ["x, y", "z"]}\n{"company": "B", "quoted": null, "tags": []}\nnonsense\n',
        2,
        1,
    ),
    ("rows.json", json.dumps([{"company": "A", "owner": {"ref": "U-1", "name": "x"}}]), 1, 0),
    *(
        (f"amount_{at}.csv", HEADER + f'A,b,1,a@x.invalid,"{text}",n\n', 0, 1)
        for at, text in enumerate(["NaN", "-5", "1e400", "1.234,56", "0x10", "١٢٣", "1_000", "1.005"])
    ),
    ("thousands.csv", HEADER + 'A,b,1,a@x.invalid,"1,234.56",n\n', 1, 0),
]


@pytest.mark.parametrize(("name", "data", "taken", "rejected"), CASES, ids=[case[0] for case in CASES])
def test_files_as_others_write_them(
    sqlite_url: str, tmp_path: Path, name: str, data: str | bytes, taken: int, rejected: int
) -> None:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        found = transfer.run(ctx, "lead", _file(tmp_path, data, name), rejects=str(tmp_path / "rejects.csv"))
        assert (found.created, found.rejected) == (taken, rejected)
        assert _counts(found)
        assert len(_all(ctx, "lead", "id")) == taken


REFUSED: list[tuple[str, str | bytes, str]] = [
    ("gb18030.csv", (HEADER + ROWS).replace("ü", "u").replace("ö", "o").encode("gb18030"), "import.encoding"),
    ("quote.csv", HEADER + 'B,"open,1,b@x.invalid,1,n\n' + ROWS * 20, "import.unterminated_quote"),
    ("empty.csv", "", "import.empty"),
    ("binary.csv", bytes(range(256)) * 40, "import.binary"),
    ("twice.csv", HEADER.replace("note", "company") + ROWS, "import.duplicate_header"),
    ("unknown.csv", HEADER.replace("note", "nots") + ROWS, "import.unmapped_column"),
    ("cut.csv", (HEADER + ROWS).encode()[:-8], "import.cut_off"),
]


@pytest.mark.parametrize(("name", "data", "code"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_file_that_cannot_be_used_leaves_nothing(
    sqlite_url: str, tmp_path: Path, name: str, data: str | bytes, code: str
) -> None:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        with pytest.raises(Invalid) as error:
            transfer.run(ctx, "lead", _file(tmp_path, data, name), rejects=str(tmp_path / "rejects.csv"))
        assert error.value.code == code
        assert _all(ctx, "lead", "id") == []
    assert not (tmp_path / "rejects.csv").exists()


def test_the_rows_of_a_workbook(ctx: Context, tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "leads.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for line, row in enumerate([["company", "quoted", "note"], ["'=A", 12.5, None], ["B", 3, "x"]]):
        sheet.write_row(line, 0, row)
    book.close()
    assert _counts(transfer.run(ctx, "lead", str(path))) == (2, 0, 0, 0, 0)
    assert _all(ctx, "lead", "company", "quoted") == [("'=A", 1250), ("B", 300)]


def test_the_noun_of_the_mapping(ctx: Context, tmp_path: Path) -> None:
    path = _file(tmp_path, "company\nA\n")
    with pytest.raises(Invalid, match="file holds"):
        transfer.run(ctx, None, path)
    plan = _file(tmp_path, 'noun = "lead"', "m.toml")
    assert _counts(transfer.run(ctx, None, path, mapping=plan)) == (1, 0, 0, 0, 0)
    with pytest.raises(Invalid, match="not for opp"):
        transfer.run(ctx, "opp", path, mapping=plan)


def test_progress_ends_where_the_file_ends(small: Context, tmp_path: Path) -> None:
    path, seen = _file(tmp_path, HEADER + ROWS), []
    transfer.run(small, "lead", path, progress=lambda *told: seen.append(told))
    assert seen[-1] == (os.path.getsize(path), os.path.getsize(path), 3)
    assert len(seen) == 3


# Export and import

HOSTILE = [
    '=cmd|"/C"!A0',
    "'=1",
    "a, b; c",
    "[x]",
    '["a"]',
    "7",
    "A-7",
    "me",
    "ext:1",
    "<script>",
    "\u202eabc",
    "\ufeffb",
    "Ω≈ç√∫",
    "👩‍👩‍👧",
    "'; DROP TABLE",
    "a\tb",
    '"q"',
    "\\n",
]


def _fill(ctx: Context) -> None:
    """Something of every noun, with everything in it that could go wrong in a CSV file."""
    for name in ("code", "x,y"):
        records.add(ctx, "type", {"list": "interest", "name": name})
    for noun in ("lead", "account", "contact", "opp"):
        records.add(ctx, "attribute", {"noun": noun, "name": "vat", "type": "line"})
        records.add(ctx, "attribute", {"noun": noun, "name": "since", "type": "day"})
    records.add(ctx, "dept", {"name": "Sales"})
    records.add(ctx, "dept", {"name": "East, far", "parent": "Sales"})
    records.add(ctx, "territory", {"name": "North"})
    records.add(ctx, "competitor", {"name": "'=Rival", "website": "=x"})
    records.add(
        ctx, "user", {"name": "Li, Lei", "login": "li", "dept": "Sales", "skills": "a; b", "role": "rep"}
    )
    records.add(ctx, "user", {"name": "Li Lei", "login": "li2", "manager": "li"})
    records.add(ctx, "rate", {"currency": "EUR", "valid_on": "2026-01-01", "rate": "1.1"})
    records.add(ctx, "quota", {"scope": "user", "of": "li", "period": "2026Q4", "amount": "1000"})
    records.add(ctx, "query", {"name": "big", "noun": "opp", "condition": "amount>5 and state=open"})
    for at, text in enumerate(HOSTILE):
        more: dict[str, object] = {
            "x.vat": text,
            "x.since": "2020-02-02",
            "note": f"{text}\r\n{text}",
            "tags": [text, "t"],
        }
        records.add(ctx, "product", {"name": f"{text} {at}", "price": "12.50"})
        records.add(
            ctx,
            "lead",
            {"company": text, "contact_name": f"{at}", "phone": "+86 138 0000 0000", "owner": "li2", **more},
        )
        account = records.add(
            ctx, "account", {"name": text, "annual_revenue": "12", "currency": "JPY", **more}
        )
        kids = [{"name": text, "birth_date": "2015-05-01"}, {"name": None, "birth_date": "2016-01-01"}]
        contact = {
            "name": text,
            "account": f"A-{account.id}",
            "interests": [text, "x,y"],
            "children": kids,
            "birth_date": "1970-01-01",
            **more,
        }
        records.add(ctx, "contact", contact)
        given = {
            "name": text,
            "account": f"A-{account.id}",
            "amount": "5",
            "expected_close_on": "2027-01-01",
            "products": ["PR-1", f"PR-{at + 1}"],
        }
        records.add(ctx, "opp", given | more)
    records.add(ctx, "account", {"name": "a, b; c", "parent": "A-1"})


def _export(ctx: Context, noun: str, path: Path) -> None:
    found = records.find(ctx, noun)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(
            WRITERS["csv"](found.fields, found.rows, Style(header=True, terminal=False, extra={}))
        )


def test_what_was_exported_changes_nothing_when_it_comes_back(ctx: Context, tmp_path: Path) -> None:
    _fill(ctx)
    both = [noun for noun in NOUNS if {"export", "import"} <= {*NOUNS[noun].verbs}]
    assert {"lead", "opp", "quote", "contract", "order", "invoice", "payment", "task"} <= {*both}
    for noun in both:
        path = tmp_path / f"{noun}.csv"
        _export(ctx, noun, path)
        found = transfer.run(ctx, noun, str(path))
        with ctx.reading() as tx:
            count = tx.session.scalar(select(func.count(table(noun).id)))
        assert (noun, _counts(found), found.problems) == (noun, (0, 0, count, 0, 0), [])


def test_a_new_store_filled_from_an_export_has_the_same_customers(
    sqlite_url: str, pg_url: str, tmp_path: Path
) -> None:
    nouns: Sequence[str] = (
        "type",
        "attribute",
        "dept",
        "territory",
        "competitor",
        "user",
        "product",
        "account",
        "lead",
    )
    with (
        Context.open(flags={"db": sqlite_url}, now=NOW) as one,
        Context.open(flags={"db": pg_url}, now=NOW) as other,
    ):
        _fill(one)
        for noun in nouns:
            found = records.find(one, noun, sort="created_at")
            path = tmp_path / f"{noun}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(
                    WRITERS["csv"](found.fields, found.rows, Style(header=True, terminal=False, extra={}))
                )
            transfer.run(other, noun, str(path))
        names = (
            "company",
            "contact_name",
            "phone_key",
            "name_key",
            "x",
            "tags",
            "note",
            "state",
            "created_at",
        )
        assert sorted(_all(one, "lead", *names), key=str) == sorted(_all(other, "lead", *names), key=str)


def test_a_transaction_takes_several_parts_and_finds_twins_among_them(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "PART", 2)
    names = ["A", "B", "C", "A", "D", "E", "F", "G", "B"]
    path = _file(tmp_path, HEADER + "".join(f"{name},Ann,,,,\n" for name in names))
    with Context.open(flags={"db": store_url, "import.batch": 5}, now=NOW) as ctx:
        begun: list[int] = []
        batch = ctx.batch
        monkeypatch.setattr(
            ctx, "batch", lambda *given, **options: begun.append(1) or batch(*given, **options)
        )
        found = transfer.run(ctx, "lead", path, maps=["company=company"], on_match="update")
        assert len(begun) == 3
        assert _counts(found) == (7, 0, 0, 0, 2)
        assert _codes(found) == [(5, None, "import.duplicate"), (10, None, "import.duplicate")]
        ctx.last_tx = None
        again = transfer.run(
            ctx, "lead", _file(tmp_path, HEADER + "A,Ann,,,,x\nZ,Ann,,,,\nC,Ann,,,,\nA,Ann,,,,y\n", "b.csv")
        )
        assert (_counts(again), _codes(again)) == ((1, 1, 1, 0, 1), [(5, None, "import.duplicate")])
        assert len(_all(ctx, "lead", "company")) == 8
