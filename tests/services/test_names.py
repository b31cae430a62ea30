"""People read the names of list entries, stages, processes and roles in their language; programs read their codes."""

from collections.abc import Iterator
from typing import Any

import pytest

from crmtui.i18n import language, set_language
from crmtui.services import records
from crmtui.services.context import Context


@pytest.fixture
def chinese() -> Iterator[None]:
    before = language()
    set_language("zh")
    yield
    set_language(before)


def add(ctx: Context) -> None:
    account = {"name": "Acme", "industry": "retail", "class": "key"}
    records.add(ctx, "account", account)
    records.add(
        ctx,
        "opp",
        {
            "name": "Scanners",
            "account": "Acme",
            "stage": "needs-analysis",
            "source": "seminar",
            "expected_close_on": "2026-12-01",
        },
    )


def shown(ctx: Context, noun: str, *names: str, people: bool = True) -> list[str]:
    """The fields of the first record of `noun`, as a list prints them."""
    found = records.find(ctx, noun, fields=names, sort="id")
    row = next(iter(found.rows))
    return [records.as_text(field, row[field.name], people=people) for field in found.fields]


@pytest.mark.usefixtures("chinese")
def test_chinese_names(ctx: Context) -> None:
    add(ctx)
    assert shown(ctx, "opp", "stage", "source", "process", "state") == [
        "需求分析",
        "研讨会",
        "六阶段",
        "进行中",
    ]
    assert shown(ctx, "account", "industry", "class") == ["零售", "重点客户"]
    assert shown(ctx, "user", "role") == ["系统管理员"]


def test_english_names(ctx: Context) -> None:
    add(ctx)
    assert shown(ctx, "opp", "stage", "source", "process") == ["Needs analysis", "Seminar", "Six stages"]
    assert shown(ctx, "user", "role") == ["Administrator"]


@pytest.mark.usefixtures("chinese")
def test_programs_read_codes(ctx: Context) -> None:
    add(ctx)
    fields = ("stage", "source", "process", "state")
    assert shown(ctx, "opp", *fields, people=False) == ["needs-analysis", "seminar", "default", "open"]
    found = records.find(ctx, "opp", fields=("stage", "process"))
    row: dict[str, Any] = next(iter(found.rows))
    assert [records.as_json(field, row[field.name]) for field in found.fields] == [
        "needs-analysis",
        {"ref": "PC-1", "name": "default"},
    ]


@pytest.mark.usefixtures("chinese")
def test_totals_name_their_groups(ctx: Context) -> None:
    add(ctx)
    columns, rows = records.totals(ctx, "opp", by="stage,source,account.industry", measure="count")
    (row,) = rows
    said = [records.as_text(column.field, row[column.name], people=True) for column in columns[:3]]
    assert said == ["需求分析", "研讨会", "零售"]


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("role", ["销售代表", "rep", "Sales rep"])
def test_a_role_is_meant_by_any_of_its_names(ctx: Context, role: str) -> None:
    records.add(ctx, "user", {"name": "Li", "role": role})
    made = records.find(ctx, "user", where="name=Li", fields=("role",))
    row = next(iter(made.rows))
    assert records.as_text(made.fields[0], row["role"], people=True) == "销售代表"
