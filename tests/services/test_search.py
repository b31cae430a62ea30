"""Searching: what is found, in which order, by whom; and the index, which follows whatever changes records."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from crmtui.errors import Invalid
from crmtui.services import derived, looking, records, reversal, search, transfer
from crmtui.services.context import Context
from crmtui.services.nouns import NOUNS, SEARCHED
from crmtui.store import search as index
from tests.hostile import STRINGS

NOW = "2026-11-20T09:00:00+08:00"


def found(ctx: Context, what: str, noun: str = "account") -> list[str]:
    return [hit["name"] for hit in search.search(ctx, what, noun=noun)]


def wrong(ctx: Context) -> int:
    return sum(each.wrong for each in derived.check(ctx))


def add(ctx: Context, *names: str) -> None:
    for name in names:
        records.add(ctx, "account", {"name": name})


def test_the_best_comes_first_then_the_newest(ctx: Context) -> None:
    add(ctx, "Acme Blue", "Big Acme", "Acme", "The Acme", "acmeist", "Other")
    assert found(ctx, "acme") == ["Acme", "acmeist", "Acme Blue", "The Acme", "Big Acme"]
    assert found(ctx, "ACME bl") == ["Acme Blue"]
    assert found(ctx, "bl ac") == ["Acme Blue"]
    assert found(ctx, "a") == ["acmeist", "Acme", "Acme Blue"]
    assert found(ctx, "x") == found(ctx, "acmex") == []
    assert [hit["name"] for hit in search.search(ctx, "acme", noun="account", most=2)] == ["Acme", "acmeist"]


def test_many_records_are_found_in_order(ctx: Context) -> None:
    add(ctx, *(f"Acme {number}" if number % 3 else f"Big acme {number}" for number in range(200)))
    expected = [f"Acme {number}" for number in reversed(range(200)) if number % 3]
    expected += [f"Big acme {number}" for number in reversed(range(200)) if not number % 3]
    assert [hit["name"] for hit in search.search(ctx, "acme", noun="account", most=500)] == expected
    assert found(ctx, "acme") == expected[:20]


TYPED = """华东|东精|hdjg|huadongjinggong|hua dong|华dong|華東|A-1|ext:K-9|K-9|1380013 8000|+8613800138000|138-0013-8000
9144.03|info@hd|EXAMPLE.CN|华东*工|*hd?.example*|met at"""


def test_a_customer_is_found_by_all_that_names_it(ctx: Context) -> None:
    given = {
        "name": "华东精工",
        "external_id": "K-9",
        "phone": "138 0013 8000",
        "email": "info@hd1.example.cn",
    }
    records.add(ctx, "account", {**given, "tax_number": "914403", "note": "We met at the fair"})
    records.add(ctx, "account", {"name": "Nobody", "phone": "0571 8765 4321"})
    for typed in TYPED.replace("\n", "|").split("|"):
        assert found(ctx, typed) == ["华东精工"], typed


def test_a_bare_number_is_a_ref_where_the_noun_is_named(ctx: Context) -> None:
    add(ctx, "Acme")
    assert found(ctx, "1") == ["Acme"]
    assert list(search.hits(ctx, "1")) == []
    assert [(noun, [hit.ref for hit in found]) for noun, found in search.hits(ctx, "a-1")] == [
        ("account", ["A-1"])
    ]


def test_nothing_is_looked_for_nothing(ctx: Context) -> None:
    with pytest.raises(Invalid):
        list(search.search(ctx, " "))
    assert list(search.hits(ctx, "")) == []


def test_hits_are_grouped_and_told_apart(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "华东精工", "city": "杭州"})
    records.add(
        ctx, "contact", {"name": "王磊", "account": "华东精工", "note": "knows 华东集团\nwell " + "x" * 300}
    )
    opp = {"name": "MES", "account": "华东精工", "amount": "2m", "expected_close_on": "today+9d"}
    records.add(ctx, "opp", opp)
    groups = dict(search.hits(ctx, "hdjg"))
    assert list(groups) == ["account", "contact", "opp"]
    account, opp_hit = groups["account"][0], groups["opp"][0]
    assert (account.ref, account.name, account.detail.partition(" · ")[0]) == ("A-1", "华东精工", "杭州")
    assert account.spans == ((0, 4),)
    assert (opp_hit.name, opp_hit.field, opp_hit.text) == ("MES", "account", "华东精工")
    assert opp_hit.detail.startswith("华东精工 · ")
    assert "2,000,000" in opp_hit.detail
    (contact,) = dict(search.hits(ctx, "华东集团"))["contact"]
    assert contact.field == "note"
    assert [contact.text[slice(*span)] for span in contact.spans] == ["华东集团"]
    assert len(contact.text) < 100
    assert "\n" not in contact.text


def test_a_picker_offers_names(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Zhong", "note": "华东"})
    add(ctx, "华东精工", "中华东海")
    assert [hit.name for hit in search.suggest(ctx, "account", "")] == ["中华东海", "华东精工", "Zhong"]
    assert [hit.name for hit in search.suggest(ctx, "account", "hd")] == ["华东精工", "中华东海"]
    assert [hit.ref for hit in search.suggest(ctx, "account", "2")] == ["A-2"]
    projects = {hit.name for hit in search.suggest(ctx, "process", "pro")}
    assert {"Project sale", "Whole project life"} <= projects
    assert {hit.name for hit in search.suggest(ctx, "process", "xiangmu")} == projects


def test_what_finds_nothing_has_something_near_it(ctx: Context) -> None:
    add(ctx, "华东精工", "Acme Blue", "Something else")
    assert search.near(ctx, "hdjgg") == ["华东精工"]
    assert search.near(ctx, "acme bleu") == ["Acme Blue"]
    assert search.near(ctx, "qqqqqq") == search.near(ctx, "\0x") == []


@pytest.mark.parametrize("scope", ["few", "some", "many"])
def test_what_one_may_not_see_is_not_found(ctx: Context, monkeypatch: pytest.MonkeyPatch, scope: str) -> None:
    if scope != "few":
        monkeypatch.setattr(looking, "FEW", 0)
    if scope == "many":
        monkeypatch.setattr(looking, "SOME", 0)
    records.add(ctx, "user", {"name": "Li", "login": "li", "role": "rep"})
    records.add(ctx, "account", {"name": "Acme hidden", "phone": "138 0013 8000"})
    records.add(ctx, "account", {"name": "Acme shown", "owner": "li"})
    url = str(ctx.store.url.render_as_string(hide_password=False))
    with Context.open(flags={"db": url}, now=NOW, login="li") as rep:
        for typed in ("acme", "ac", "a", "hidden", "138 0013 8000", "A-1", "*hidden*", "acm*"):
            assert set(found(rep, typed)) <= {"Acme shown"}, typed
        assert found(rep, "acme") == ["Acme shown"]
        assert search.near(rep, "acme hiden") == []
        assert [hit.name for hit in search.suggest(rep, "account", "ac")] == ["Acme shown"]


# -- the index follows ------------------------------------------------------------------------------------------


def test_the_index_follows_one_record(ctx: Context) -> None:
    add(ctx, "Acme", "Other")
    records.edit(ctx, "account", "1", {"name": "Globex"})
    assert (found(ctx, "acme"), found(ctx, "globex")) == ([], ["Globex"])
    records.archive(ctx, "account", "1")
    assert found(ctx, "globex") == found(ctx, "A-1") == []
    records.restore(ctx, "account", "1")
    assert found(ctx, "globex") == ["Globex"]
    assert wrong(ctx) == 0


def test_the_index_follows_a_change_of_many_and_its_undoing(ctx: Context) -> None:
    add(ctx, "Acme", "Acme Blue", "Other")
    records.edit_where(ctx, "account", "name ~ acme", {"note": "crimson"})
    assert found(ctx, "crimson") == ["Acme Blue", "Acme"]
    reversal.undo(ctx, str(ctx.last_tx))
    assert found(ctx, "crimson") == []
    reversal.undo(ctx, str(ctx.last_tx))
    assert found(ctx, "crimson") == ["Acme Blue", "Acme"]
    assert wrong(ctx) == 0


def leads(path: Path, count: int, word: str) -> str:
    path.write_text("company,contact_name\n" + "".join(f"{word} {n},Li {n}\n" for n in range(count)), "utf-8")
    return str(path)


def test_an_import_is_found_and_taken_back(ctx: Context, tmp_path: Path) -> None:
    transfer.run(ctx, "lead", leads(tmp_path / "a.csv", 30, "华东"))
    assert len(list(search.search(ctx, "hd 2", noun="lead", most=99))) == 12
    assert wrong(ctx) == 0
    reversal.undo(ctx, str(ctx.last_tx))
    assert found(ctx, "hd", "lead") == []
    assert wrong(ctx) == 0


def test_what_a_killed_import_left_is_noticed_and_made_good(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(derived, "catch_up", killed)
        with pytest.raises(KeyboardInterrupt):
            transfer.run(ctx, "lead", leads(tmp_path / "a.csv", 30, "Acme"))
    assert found(ctx, "acme", "lead") == []
    assert {each.noun: each.wrong for each in derived.check(ctx) if each.wrong} == {"lead": 30}
    monkeypatch.setattr(index, "PAGE", 7)  # killed again after the first page
    with ctx.store.engine.execution_options(write=True).begin() as connection:
        assert index.pay(connection, SEARCHED) == 7
    transfer.run(ctx, "lead", leads(tmp_path / "b.csv", 3, "Globex"))
    assert len(list(search.search(ctx, "acme", noun="lead", most=99))) == 30
    assert wrong(ctx) == 0


def test_a_change_past_the_program_is_noticed_and_put_right(ctx: Context) -> None:
    add(ctx, "Acme", "Other")
    with ctx.store.engine.execution_options(write=True).begin() as connection:
        connection.execute(text("UPDATE account SET note = 'crimson' WHERE id = 1"))
        connection.execute(text("DELETE FROM account WHERE id = 2"))
    assert wrong(ctx) == 2
    derived.check(ctx, repair=True)
    assert wrong(ctx) == 0
    assert found(ctx, "crimson") == ["Acme"]


def test_a_dry_run_leaves_the_index_alone(store_url: str, tmp_path: Path) -> None:
    with Context.open(flags={"db": store_url}, now=NOW, dry_run=True) as ctx:
        transfer.run(ctx, "lead", leads(tmp_path / "a.csv", 3, "Acme"))
    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        assert wrong(ctx) == 0
        with ctx.reading() as tx:
            assert index.due(tx.session.connection()) == []


def test_without_an_index_every_record_is_looked_at(sqlite_url: str) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as raw:
        for name in ("search_gram", "search_mark", "search_due"):
            raw.execute(f"DROP TABLE {name}")
        raw.commit()
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        add(ctx, "华东精工", "Acme", "Big Acme")
        assert found(ctx, "hdjg") == ["华东精工"]
        assert found(ctx, "acme") == ["Acme", "Big Acme"]
        assert wrong(ctx) == 0


# -- whatever is typed ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    path = tmp_path_factory.mktemp("hostile") / "crm.db"
    path.write_bytes(sqlite_template.read_bytes())
    ctx = Context.open(flags={"db": f"sqlite:///{path}"}, now=NOW)
    add(ctx, "华东精工", "Acme - Blue & Söhne", "a'b\"c\\d (x*y) 50% _z")
    return ctx


def test_hostile_texts_find_only_what_holds_them(lite: Context) -> None:
    for typed in filter(str.strip, STRINGS):
        list(search.search(lite, typed[:1000], noun="account"))
        for hit in search.suggest(lite, "account", typed):
            if not set(typed) & set("*?") and not typed.strip().isdecimal():
                words = index.grams.words(typed)
                assert all(index.grams.span(hit.name, word, True) for word in words), typed


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_part_of_a_searched_field_finds_its_record(lite: Context, data: st.DataObject) -> None:
    letters = st.characters(exclude_categories=["Cc", "Cs"])
    value = data.draw(st.text(letters | st.sampled_from("华东 重ab-"), min_size=2, max_size=12))
    field = data.draw(
        st.sampled_from([name for name in NOUNS["account"].search if name not in ("email", "phone")])
    )
    given = {"name": f"N {json.dumps(value)[:40]}", field: value.strip()}
    if not value.strip() or any(sign in value for sign in "*?"):
        return
    try:
        made = records.add(lite, "account", given)
    except Invalid:
        return
    held = getattr(made, field)
    start = data.draw(st.integers(0, max(len(held) - 2, 0)))
    part = held[start : start + data.draw(st.integers(2, 6))]
    if len("".join(index.grams.words(part))) < 2:
        return
    refs = [hit["ref"] for hit in search.search(lite, part, noun="account", most=10_000)]
    assert f"A-{made.id}" in refs
