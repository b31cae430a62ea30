"""`crm schema` says what the commands print, and they print that."""

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from crmtui.commands import tree
from crmtui.services.nouns import NOUNS
from tests.commands.conftest import Crm

_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


_WORDS = {
    *("$schema", "title", "description", "type", "enum", "anyOf", "properties", "required"),
    *("additionalProperties", "items", "pattern", "format", "minimum", "maximum"),
}


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether `value` is what `schema` describes; knows the words that our schemas use."""
    return not misfit(value, schema)


def misfit(value: Any, schema: dict[str, Any], at: str = "") -> str:
    """The place in `value` that is not as `schema` says; empty when all is."""
    assert set(schema) <= _WORDS
    if "anyOf" in schema:
        found = [misfit(value, one, at) for one in schema["anyOf"]]
        return "" if "" in found else max(found, key=len)
    wrong = f"{at}={value!r} "
    if "enum" in schema:
        return "" if value in schema["enum"] else wrong
    if "type" not in schema:
        return ""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(
        isinstance(value, _TYPES[kind]) and not (kind in ("integer", "number") and isinstance(value, bool))
        for kind in kinds
    ):
        return wrong
    if isinstance(value, list):
        return "".join(misfit(item, schema["items"], f"{at}[{n}]") for n, item in enumerate(value))
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        stray = sorted(set(value) - set(known)) if others is False else []
        lacking = sorted(set(schema.get("required", ())) - set(value))
        return (f"{at} has {stray}, lacks {lacking} " if stray or lacking else "") + "".join(
            misfit(value[name], known.get(name, others or {}), f"{at}.{name}") for name in value
        )
    return "" if _in_form(value, schema) else wrong


def _in_form(value: Any, schema: dict[str, Any]) -> bool:
    if isinstance(value, int):
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    if "pattern" in schema and isinstance(value, str):
        return re.search(schema["pattern"], value) is not None
    if schema.get("format") == "date":
        return date.fromisoformat(value).isoformat() == value
    if schema.get("format") == "date-time":
        return datetime.fromisoformat(value).tzinfo is not None
    return True


@pytest.mark.parametrize("noun", list(NOUNS))
def test_lists_are_as_their_schema_says(crm: Crm, noun: str) -> None:
    rows = crm(noun, "list", "--fields", "all", "--json").json
    schema = crm("schema", noun, "list").json
    assert fits(rows, schema)
    assert set(schema["items"]["properties"]) >= {
        "ref",
        "external_id",
        "owner",
        "tags",
        "note",
        "created_at",
        "version",
    }


def test_changes_and_records_are_as_their_schema_says(crm: Crm) -> None:
    crm(
        "attribute",
        "add",
        "--set",
        "noun=contact",
        "--set",
        "name=shoe",
        "--set",
        "type=whole",
        "--set",
        "title=Shoe",
    )
    crm("account", "add", "Acme")
    words = [
        "--set",
        "children=Mia 2015-05-01; Tom",
        "--set",
        "interests=tennis",
        "--account",
        "Acme",
        "--set",
        "x.shoe=42",
    ]
    added = crm("contact", "add", "Ann", *words, "--birth-date", "1990-02-01", "--json").json
    assert fits(added, crm("schema", "contact add").json)
    assert fits(crm("contact", "show", "1", "--json").json, crm("schema", "contact", "show").json)
    assert crm("schema", "contact", "show").json["properties"]["x.shoe"]["anyOf"][0] == {"type": "integer"}
    assert not fits({**added, "married": "perhaps"}, crm("schema", "contact add").json)


def test_a_schema_needs_no_store(bare: Crm) -> None:
    assert bare("schema", "lead", "list").json["items"]["properties"]["company"]
    assert bare("schema", "lead", "dance").code == 2
    assert bare("schema", "nothing").code == 2


# Every command

TALK = {
    "help",
    "completion",
    "schema",
    "config set",
    "serve",
    "flow export",
    "quote print",
    "assign rule export",
    "process export",
    "process graph",
}
"""Commands whose output is a text, or nothing."""
SAME_COLUMNS = {"show", "list", "export", "add", "edit", "archive", "restore", "import", "history"}
SET_UP = (
    "dept add Sales",
    "dept add East --parent Sales",
    "user add Li --login li --role rep --dept East",
    "territory add North",
    "account add Acme --industry health",
    "account add Branch --parent Acme",
    "contact add Ann --account Acme --title CEO",
    "product add Desk --price 120",
    "lead add Bolt",
    "lead add Nut",
    "opp add Hall --account Acme --amount 500 --expected-close-on 2026-12-01 --products Desk --owner li",
    "opp add Barn --account Acme --amount 70 --expected-close-on 2026-11-30",
    "opp add Shed --account Acme --amount 70 --expected-close-on 2026-11-30",
    "quota set --dept East --period 2026Q4 1000",
    "query save late --on opp state=open",
)
RUN = (
    *("role rights rep", "role grant rep opp.archive own", "role revoke rep opp.archive"),
    *("dept tree", "territory tree", "account org Acme", "search Acme", "open A-1", "query run late"),
    *("quota set --user li --period 2026Q4 800", "quota tree", "quota attain", "quota attain --vs last-year"),
    *("forecast", "forecast --by month --period 2026", "forecast drill", "forecast drill --left-out"),
    *("forecast gap --dept East", "forecast gap --user root --period 2020Q1"),
    *("opp advance 1", "opp adjust 1 --probability 80", "opp close 2 --won --summary done", "opp reopen 2"),
    *("opp team add 1 li --role technical", "opp team list 1", "opp team remove 1 li", "opp history 1"),
    *("flow lint flows.toml", "flow apply flows.toml", "opp adjust 1 --amount 900 --as li"),
    *("approval inbox", "approval track", "approval track 1", "approval ok 1", "approval ok 1 9"),
    *("opp adjust 1 --prob 5 --submit --as li", "approval recall 2 --as li", "opp adjust 1 --prob 6 --as li"),
    *("approval reject 3 --note no", "flow archive f", "task add Call --owner li", "task accept 1 --as li"),
    *("task done 1 --as li", "task reopen 1", "task decline 1 --reason no --as li", "task reopen 1"),
    *("task cancel 1", "opp team request 1 root --as li", "notify list --all", "notify read"),
    *("quote make --opp 1", "quote line add 1 --text Help --price 5", "quote line edit 1 2 --tax 6"),
    *(
        "quote line list 1",
        "quote line remove 1 2",
        "quote show 1",
        "quote submit 1",
        "quote send 1 --by fax",
    ),
    *("quote counter 1 --price 450", "quote revise 1", "quote versions 2", "quote negotiation 2"),
    *("quote submit 2", "quote send 2 --by fax", "quote accept 2", "quote deal 2 --summary done"),
    *(
        "quote make --opp 3",
        "quote submit 3",
        "quote send 3 --email ann@example.com",
        "quote decline 3 --reason no",
    ),
    *("quote make --opp 3", "quote cancel 4 --reason no", "quote expire", "quote rule", "forecast drill"),
    *("contract from-quote 2", "contract line list 1", "contract line add 1 Helpx5 --price 5"),
    *("contract line edit 1 1 --tax 6", "contract line remove 1 1", "contract submit 1", "contract sign 1"),
    *("contract advance 1", "contract milestone add 1 Half --percent 50", "contract milestone list 1"),
    *("contract milestone reach 1 1", "payment plan 1 --due 2026-11-01=10", "payment in 1 20"),
    *("payment refund 1 5", "payment plan 1", "contract change 1 --discount 1", "contract versions 1"),
    *("contract versions 1 --show 1", "contract exec 1 --delivered 2x1", "contract progress 1"),
    *("contract interrupt 1", "contract resume 1", "contract order 1", "contract overview 1"),
    *("contract complete 1", "contract close 1", "contract add Other --account Acme"),
    *("contract cancel 2 --reason no", "order add Big --account Acme", "order line add 2 Desk"),
    *("order line edit 2 1 --price 4", "order line list 2", "order line add 2 Desk", "order line remove 2 2"),
    *("order advance 2", "order status 2", "order advance 2", "order deliver 2", "order return 2 1x1"),
    *("order cancel 2 --reason no", "order cancel 1 --reason no", "order add Bill --account Acme --amount 9"),
    *("invoice make --order 3", "invoice make --contract 1 --percent 10", "invoice add By --account Acme"),
    *("invoice line add 3 Desk", "invoice line edit 3 1 --price 4", "invoice line list 3", "invoice issue 3"),
    *(
        "invoice line add 1 Desk",
        "invoice line remove 1 1",
        "invoice void 2 --reason no",
        "credit limit Acme 5",
    ),
    *("credit show Acme", "credit policy", "credit policy off", "finance account Acme", "finance due"),
    *("finance dun", "report margin", "report profit", "report trace --opp 1", "report source-roi"),
    *("quote rule --state draft", "price set Desk 110", "price last Desk --account Acme"),
    *(
        "assign rule add --if region=North --to li --name North",
        "assign rule list",
        "assign rule lint rules.toml",
    ),
    *(
        "assign rule apply rules.toml",
        "assign run",
        "assign pending",
        "assign explain 2",
        "assign confirm 2 --to li",
    ),
    *("lead delegate 2 --to U-1", "lead decline 2 --reason no", "lead delegate 2 --to U-1", "lead accept 2"),
    *(
        "assign fairness",
        "lead transfer 2 --to li",
        "opp transfer 3 --to li",
        "account transfer Branch --to li",
    ),
    *("pool release A-2 --reason no", "pool list", "pool claim A-2", "pool rules", "pool reclaim --idle 9"),
    *("pool allocate --to li", "assign low-intent --max-intent 2 --to li", "lead intake --input many.json"),
    *("lead qualify 1", "lead convert 1", "lead disqualify 2 --reason none", "lead history 1"),
    *("outbox cancel 1", "outbox retry 1", "outbox send"),
    *("query save mine --on lead state=new", "log", "undo 5", "can advance opp", "who-can close opp"),
    *(
        "config show --origin",
        "config show",
        "config get db",
        "config path",
        "config keys",
        "commands",
        "db check",
        "db upgrade",
        "doctor",
    ),
    *("opp add Own --account Acme --expected-close-on 2026-12-30", "opp next Own", "opp checklist Own"),
    *(
        "opp stuck",
        "account bought 1",
        "lead stuck",
        "opp similar Own",
        "opp predict --check",
        "opp split Own li=60 root=40",
    ),
    *("opp suspend Own", "opp reactivate Own"),
    *("opp terminate Own --reason price", "opp purge --archived --yes", "process lint short.toml"),
    *("process apply short.toml", "process versions short", "autotask run"),
    *(
        "product add Lamp --price 40",
        "product edit Lamp --unit box",
        "product edit --where name=Lamp --unit set",
    ),
    *("product archive Lamp", "product restore Lamp", "product export", "product import more.csv"),
    *("import more.csv --mapping more.toml --dry-run", "export everything", "db backup copy.db"),
    *("db restore copy.db --db other.db", "init --db third.db", "product add --input many.json"),
    *("dup policy", "account check Acme", "dup check contact Li", "account add Twin", "account add Twix"),
    *("dup scan account", "dup merge Twin Twix", "dup unmerge Twin Twix", "dup different Twin Twix"),
    *(
        "opp add D1 --account Twin --expected-close-on today+9d",
        "opp link D1 --end-project P",
        "opp duplicates",
    ),
    *("opp add D2 --account Twix --expected-close-on today+9d", "opp ask D1 D2 --question who"),
    *("opp answer D1 they", "opp keep D1 --release D2"),
)
ON_DEMO = {"demo"}
"""Validated where the demo is tested."""


def every() -> set[str]:
    """The paths of all commands."""

    def below(node: tree.Node) -> set[str]:
        verb = tree.verb_of(node)
        found = {node.path} if verb else set()
        return found.union(*(below(child) for child in list(node.children.values())))

    return below(tree.ROOT)


def path_of(words: list[str]) -> str:
    """The words of the command at the head of a line."""
    known = every()
    return max((path for n in range(1, 4) if (path := " ".join(words[:n])) in known), key=len)


def test_every_command_prints_what_its_schema_says(crm: Crm, home: Path) -> None:
    (home / "more.csv").write_text("name,price\nPen,2\nInk,NaN\n")
    (home / "more.toml").write_text('noun = "product"\n[columns]\nname = "name"\nprice = "price"\n')
    (home / "rules.toml").write_text('[[rule]]\nname = "all"\nto = ["li"]\n')
    (home / "flows.toml").write_text(
        '[[flow]]\ncode = "f"\nverb = "opp.adjust"\none_login = true\n[[flow.step]]\nwho = "superior"\n'
    )
    (home / "short.toml").write_text(crm("process", "export", "short").out)
    (home / "many.json").write_text(json.dumps([{"name": "P1"}, {"name": "P2"}]))
    for line in SET_UP:
        assert crm(*line.split()).code == 0, line
    ran = set()
    for line in RUN:
        words = line.split()
        path = path_of(words)
        done = crm(*words, "--json")
        assert done.code in (0, 6, 7), (line, done.err)
        assert done.out, (line, done.err)
        schema = crm("schema", path).json
        assert not misfit(json.loads(done.out), schema), line
        ran.add(path)
    derived = {path for path in every() if path.split()[0] in NOUNS and path.split()[-1] in SAME_COLUMNS}
    assert every() - derived - TALK - ON_DEMO <= ran
    assert {path.split()[-1] for path in ran} >= SAME_COLUMNS - {"show", "list"}


def test_what_prints_a_text_has_no_schema(bare: Crm) -> None:
    for path in TALK:
        assert bare("schema", path).code == 2
    assert {path for path in every() if bare("schema", path).code} == TALK


def test_rows_have_all_the_columns_that_the_schema_names(crm: Crm) -> None:
    for line in SET_UP:
        crm(*line.split())
    for line in (
        "role rights rep",
        "dept tree",
        "forecast",
        "forecast drill",
        "quota tree",
        "log",
        "search Acme",
    ):
        [properties] = [set(crm("schema", path_of(line.split())).json["items"]["properties"])]
        for row in crm(*line.split(), "--json").json:
            assert set(row) == properties, line
