"""Finding contacts by several conditions, wildcards on the title included (WX-30), and saving the condition."""

from typing import Any

import pytest

from crmtui.errors import Forbidden, Invalid, NotFound, Refused
from crmtui.services import query, records, views
from crmtui.services.context import Context
from tests.people import acting

CONTACTS = {
    "a": ("UK", "Chief Technology Officer", ["tennis", "wine"]),
    "b": ("UK", "Chief Financial Officer", ["golf"]),
    "c": ("UK", "Sales Director", ["tennis"]),
    "d": ("France", "Chief Executive Officer", ["tennis"]),
    "e": ("UK", "首席财务官", ["tennis"]),
    "f": ("UK", "Chief Engineer", ["tennis"]),
    "g": ("UK", "首席代表", ["tennis"]),
}
WX_30 = 'country=UK and (title~"Chief * Officer" or title~"首席*官") and interests=tennis'


def _enter(ctx: Context) -> None:
    for name, (country, title, interests) in CONTACTS.items():
        records.add(
            ctx, "contact", {"name": name, "country": country, "title": title, "interests": interests}
        )


def _names(ctx: Context, text: str, **asked: Any) -> list[str]:
    return [row["name"] for row in records.find(ctx, "contact", where=text, **{"sort": "name", **asked}).rows]


def test_chief_officers_who_play_tennis(ctx: Context) -> None:
    _enter(ctx)
    assert _names(ctx, WX_30) == ["a", "e"]
    assert (
        records.find(ctx, "contact", where=WX_30).total() == records.count_where(ctx, "contact", WX_30) == 2
    )
    assert _names(ctx, WX_30.lower().replace("uk", "UK")) == ["a", "e"]
    assert _names(ctx, f"not ({WX_30})") == ["b", "c", "d", "f", "g"]
    _, groups = records.totals(ctx, "contact", by="country", measure="count", where_text="interests = tennis")
    assert {row["country"]: row["count"] for row in groups} == {"UK": 5, "France": 1}
    report = records.edit_where(ctx, "contact", WX_30, {"tags": "uk-launch"})
    assert (report.matched, report.changed) == (2, 2)
    assert _names(ctx, "tags = uk-launch", sort="-name", limit=1) == ["e"]


def test_a_saved_condition(ctx: Context) -> None:
    _enter(ctx)
    saved = query.save(ctx, "uk launch", "contact", WX_30, "-name")
    assert _names(ctx, saved.condition, sort=saved.sort) == ["e", "a"]
    again = query.save(ctx, "uk launch", "contact", "country = France")
    assert (again.id, again.version, again.condition) == (saved.id, 2, "country = France")
    for condition in ("countri = UK", "country = )"):
        with pytest.raises(Invalid) as wrong:
            query.save(ctx, "uk launch", "contact", condition)
        assert wrong.value.params["position"] == (0 if "countri" in condition else 10)
    records.archive(ctx, "query", "uk launch")
    query.save(ctx, "uk launch", "contact", WX_30)
    assert records.count_where(ctx, "query", "") == 1


def test_what_is_saved_shows_everybody_only_what_they_may_see(store_url: str) -> None:
    with acting(store_url, "li", "wang", "chen") as (li, wang, chen):
        _enter(li)
        saved = query.save(li, "tennis", "contact", "interests = tennis")
        condition = records.show(wang, "query", "tennis")["condition"]
        assert condition == saved.condition
        assert [_names(who, condition) for who in (li, wang, chen)] == [list("acdefg"), [], list("acdefg")]
        with pytest.raises(Forbidden):
            query.save(wang, "tennis", "contact", "interests = golf")
        with pytest.raises(Forbidden):
            records.edit(chen, "query", "tennis", {"condition": "interests = golf"})


def test_a_private_view_is_seen_by_its_owner_alone(store_url: str) -> None:
    with acting(store_url, "li", "wang") as (li, wang), Context.open(flags={"db": store_url}) as admin:
        query.save(li, "mine", "contact", "interests = tennis", shared=False)
        query.save(li, "ours", "contact", "interests = golf", shared=True)
        assert views.of(li, "contact") == [("mine", "interests = tennis"), ("ours", "interests = golf")]
        for who in (wang, admin):
            assert views.of(who, "contact") == [("ours", "interests = golf")]
            assert records.count_where(who, "query", "") == 1
            with pytest.raises(NotFound):
                records.show(who, "query", "mine")
            with pytest.raises(NotFound):
                records.edit(who, "query", "mine", {"condition": ""})
        with pytest.raises(Refused):
            query.save(wang, "mine", "contact", "interests = golf")
        query.save(li, "mine", "contact", "interests = ski")
        assert len(views.of(wang, "contact")) == 1
        query.save(li, "mine", "contact", "interests = ski", shared=True)
        assert len(views.of(wang, "contact")) == 2
