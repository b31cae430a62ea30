"""Every command is there, tells about itself, and takes the common options wherever they stand."""

import itertools
import sys

import pytest

from crmtui import i18n
from crmtui.commands import manual, tree
from crmtui.commands.call import Call
from crmtui.commands.options import option
from crmtui.commands.verb import WRITTEN, Verb
from tests.commands.conftest import Crm, process


def nodes(node: tree.Node) -> list[tree.Node]:
    """`node` and all below it, as far as they are known without loading anything."""
    return [node, *itertools.chain.from_iterable(nodes(child) for child in node.children.values())]


EVERY = nodes(tree.ROOT)


@pytest.mark.parametrize("node", EVERY, ids=[node.path or "crm" for node in EVERY])
def test_every_command_is_written_and_has_a_help(node: tree.Node) -> None:
    text = manual.text(tree.build(node))
    assert node.help
    assert f"crm {node.path}".rstrip() in text.splitlines()[0]
    assert node.help in " ".join(text.split())


def test_every_option_is_documented() -> None:
    silent = [
        f"{node.path} {parameter.opts}"
        for node in EVERY
        for parameter in tree.build(node).params
        if not parameter.hidden and not parameter.help
    ]
    assert silent == []


def test_no_line_of_help_is_wider_than_the_page() -> None:
    i18n.set_language("zh")
    try:
        for node in EVERY:
            for line in manual.text(tree.build(node)).splitlines():
                assert manual._cells(line) <= 100 or "crm " in line
    finally:
        i18n.set_language("en")


@pytest.mark.parametrize(
    "words",
    [
        "--json product list --fields name",
        "product --json list --fields name",
        "product list --json --fields name",
        "--fields name product --json list",
        "product --fields=name --format json list",
    ],
)
def test_common_options_stand_anywhere(crm: Crm, words: str) -> None:
    crm("product", "add", "Desk")
    assert crm(*words.split()).json == [{"name": "Desk"}]


def test_the_option_nearest_to_the_verb_wins(crm: Crm) -> None:
    crm("product", "add", "Desk")
    assert (
        crm("--format", "json", "product", "list", "--format", "csv", "--fields", "name").out
        == "name\r\nDesk\r\n"
    )


def test_options_before_a_verb_are_its_defaults(bare: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    own = [option(name, f"--{name}", help="x", metavar="X") for name in ("dept", "by")]

    def say(call: Call, **values: str | None) -> None:
        call.text(" ".join(f"{call.path}:{name}={value}" for name, value in values.items()))

    monkeypatch.setitem(WRITTEN, "trial", Verb("trial", say, own))
    monkeypatch.setitem(WRITTEN, "trial drill", Verb("trial drill", say, own[:1]))
    drill = tree.Node("trial drill", "Drill", "help")
    monkeypatch.setitem(
        tree.ROOT.children, "trial", tree.Node("trial", "Trial", "help", children={"drill": drill})
    )
    assert bare("trial", "--dept", "East", "--by", "user").out == "trial:dept=East trial:by=user\n"
    assert bare("trial", "--dept", "East", "drill").out == "trial drill:dept=East\n"
    assert bare("trial", "--dept", "East", "drill", "--dept", "West").out == "trial drill:dept=West\n"
    refused = bare("trial", "--by", "user", "drill")
    assert (refused.code, refused.err) == (2, "crm: --by has no meaning for `crm trial drill`.\n")
    assert (
        bare("trial", "dril").err
        == "crm: There is no command `crm trial dril`. Did you mean `crm trial drill`?\n"
    )


def test_after_two_dashes_everything_is_a_word(crm: Crm) -> None:
    assert crm("product", "add", "--json", "--", "--help").json["name"] == "--help"
    assert crm("product", "show", "--fields", "ref", "--", "--help").out == "PR-1\n"


def test_variables_stand_in_for_options(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_FORMAT", "json")
    monkeypatch.setenv("CRM_DRY_RUN", "1")
    assert crm("product", "add", "Desk").json["name"] == "Desk"
    monkeypatch.delenv("CRM_DRY_RUN")
    assert crm("product", "list").json == []


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        ("led", "usage.no_such_command", "Did you mean `crm lead`?"),
        ("lead lits", "usage.no_such_command", "Did you mean `crm lead list`?"),
        ("lead list --wher x", "usage.no_such_option", "Did you mean --where?"),
        ("lead list --hepl", "usage.no_such_option", "Did you mean --help?"),
        ("lead list now", "usage.too_many", "`crm lead list --help` shows what it takes."),
        ("lead show", "usage.missing", "`crm lead show --help` shows what it takes."),
        ("--dry-run lead list", "usage.not_here", None),
        ("lead list --limit 1_0", "usage.number", None),
        ("lead list --where", "usage.option_value", "`crm --help` shows what there is."),
        ("lead list --format xslx", "usage.format", "Did you mean xlsx?"),
        ("lead list --format xlsx", "usage.xlsx", None),
    ],
)
def test_wrong_usage_is_told_in_one_line(bare: Crm, words: str, code: str, hint: str | None) -> None:
    plain = bare(*words.split())
    assert (plain.code, plain.out) == (2, "")
    assert plain.err.startswith("crm: ")
    assert plain.err.count("\n") == 1
    told = bare("--json", *words.split()) if "--format" not in words else bare(*words.split(), "--json")
    if "--format" not in words:
        assert (told.code, told.error["code"], told.error["hint"]) == (2, code, hint)


def test_a_group_alone_prints_its_help(bare: Crm) -> None:
    assert bare().out == bare("--help").out == bare("-h").out
    assert bare("lead").out == bare("lead", "--help").out
    assert bare("lead").code == 0
    assert bare("lead", "list", "-h").out.startswith("Usage: crm lead list [OPTIONS]")


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["lead", "--help"],
        ["--lang", "zh", "opp", "--help"],
        ["completion", "words", "--", "opp", "adv"],
        ["led"],
    ],
)
def test_names_and_help_load_nothing_heavy(words: list[str], home: object) -> None:
    code = (
        "import sys; from crmtui.commands.edge import main; main(sys.argv[1:]); "
        "print(*sorted({'sqlmodel', 'sqlalchemy', 'pydantic', 'textual', 'rich', 'babel'} & set(sys.modules)), file=sys.stderr)"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == ""


def test_the_module_and_the_version(home: object) -> None:
    from crmtui import __version__

    assert process("--version").stdout.decode() == f"crm {__version__}\n"
