"""Every message of the program, found in its source and its declarations; `python -m tests.catalogue` brings the catalogue up to date."""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from crmtui import errors
from crmtui.commands.output import titled
from crmtui.commands.transfer import COUNTS
from crmtui.services.nouns import NOUNS
from crmtui.store.record import declared, table

ROOT = Path(__file__).parent.parent
PO = ROOT / "crmtui" / "locale" / "zh_CN" / "LC_MESSAGES" / "crmtui.po"

_MARKS = ("_", "N_", "gettext")
_ERRORS = (
    *(name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)),
    "TextProblem",
)
_OF_COLUMNS = ("columns", "rows", "one")
"""Functions whose keywords are columns, name → kind; their labels are made from the names."""
_KINDS = {"number", "currency", "target", "rate", *(field.kind for noun in NOUNS for field in declared(noun))}
_TELLING = (ast.Call, ast.Dict)


@dataclass(frozen=True)
class Message:
    """A text of the program: its English form, the form for many if it has one, and where it stands."""

    text: str
    many: str = ""
    place: str = ""


def messages() -> dict[str, Message]:
    """Every message by its English text, in the order of the source. Raises ValueError for a text that is put together at run time."""
    found: dict[str, Message] = {}
    for message in (*_from_source(), *_from_declarations()):
        if message.text and (message.text not in found or message.many):
            found[message.text] = message
    return found


def label(name: str) -> str:
    """The label that a column gets from its name."""
    return titled(name)


# In the source


def _from_source() -> Iterator[Message]:
    for path in sorted((ROOT / "crmtui").rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        found = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, _TELLING)
        ]
        for node in sorted(found, key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0)):
            if isinstance(node, ast.Call):
                yield from (Message(text, many, place) for text, many in _of_call(node, place))
            elif "/commands/" in place:
                yield from (Message(label(name), place=place) for name in _names_of_columns(node))


def _of_call(call: ast.Call, place: str) -> Iterator[tuple[str, str]]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in _MARKS:
        yield from ((text, "") for argument in call.args[:1] for text in _texts(argument, place))
    elif name == "ngettext":
        one, many = ([*_texts(argument, place)] for argument in call.args[:2])
        yield from zip(one, many, strict=True)
    elif name in _ERRORS:
        said = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "hint")]
        yield from ((text, "") for argument in said for text in _texts(argument, place))
    elif name in _OF_COLUMNS:
        named = [each.arg for each in call.keywords if each.arg and _text(each.value) in _KINDS]
        yield from ((label(column), "") for column in named)
    elif name == "figures":
        yield from ((label(each.arg), "") for each in call.keywords if each.arg)
    elif name == "fromkeys" and len(call.args) == 2 and _text(call.args[1]) in _KINDS:
        yield from ((label(_text(each)), "") for each in getattr(call.args[0], "elts", ()))


def _names_of_columns(node: ast.Dict) -> list[str]:
    """The keys of a dictionary of columns, name → kind; none of any other dictionary."""
    keys, kinds = [[_text(each) for each in side] for side in (node.keys, node.values)]
    return keys if all(keys) and all(kind in _KINDS for kind in kinds) else []


def _text(node: ast.expr | None) -> str:
    """The literal text that `node` is; empty when it is none."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _texts(node: ast.expr, place: str) -> Iterator[str]:
    """The literals that `node` may stand for; none where it is a name or a call, which are marked elsewhere."""
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body, place)
        yield from _texts(node.orelse, place)
    elif _text(node):
        yield _text(node)
    elif isinstance(node, ast.JoinedStr | ast.BinOp):
        raise ValueError(
            f"{place}:{node.lineno}: a text that is made while the program runs is in no catalogue"
        )


# In the declarations


def _from_declarations() -> Iterator[Message]:
    for name, noun in NOUNS.items():
        place = table(name).__module__.replace(".", "/") + ".py"
        yield Message(noun.title, place=place)
        yield Message(noun.help, place=place)
        for field in declared(name):
            if field.kind != "attributes" and not field.name.endswith("_key"):
                yield from (Message(text, place=place) for text in (field.label, *field.values))
    yield from (Message(label(count), place="crmtui/commands/transfer.py") for count in COUNTS)


# In the catalogue


def read() -> Catalog:
    """The catalogue as it stands in the repository."""
    return read_po(BytesIO(PO.read_bytes()), locale="zh_CN")


def updated(catalogue: Catalog, translate: Callable[[Message], str] = lambda message: "") -> Catalog:
    """`catalogue` with exactly the messages of the program, in the order of the source; new ones as `translate` says."""
    fresh = Catalog(
        locale="zh_CN", project="crmtui", header_comment="", fuzzy=False, charset="utf-8", creation_date=None
    )
    for text, message in messages().items():
        old = catalogue.get(text)
        said = old.string if old and old.string else translate(message)
        if message.many:
            said = said if isinstance(said, tuple) else (said,)
            fresh.add((text, message.many), said, locations=[(message.place, None)])
        else:
            said = said[0] if isinstance(said, tuple) else said
            fresh.add(text, said, locations=[(message.place, None)])
    return fresh


def write(catalogue: Catalog) -> None:
    """Put `catalogue` into the repository, without anything that changes from day to day."""
    buffer = BytesIO()
    write_po(buffer, catalogue, width=110, omit_header=True)
    PO.write_bytes(HEADER.encode() + b"\n" + buffer.getvalue())


HEADER = r"""msgid ""
msgstr ""
"Project-Id-Version: crmtui\n"
"Language: zh_CN\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=1; plural=0;\n"
"""


def main() -> int:
    """Bring the catalogue up to date and print what is still to be translated; 1 when anything is."""
    catalogue = updated(read())
    write(catalogue)
    waiting = [entry for entry in catalogue if entry.id and not any(entry.string)]
    for entry in waiting:
        print(f"{entry.locations[0][0]}: {entry.id!r}")
    print(f"{len(catalogue)} messages, {len(waiting)} to translate", file=sys.stderr)
    return bool(waiting)


if __name__ == "__main__":
    sys.exit(main())
