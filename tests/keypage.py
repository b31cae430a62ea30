"""The page of keys: written from the one table of bindings, so that it says what the program does."""

from collections.abc import Iterator
from typing import Any

from textual.dom import DOMNode

from crmtui.i18n import gettext
from crmtui.screens import keys
from tests.reference import speaking

WORDS = {
    "en": {
        "title": "Keys",
        "other": "[中文](keys.zh.md)",
        "made": "Written from the program by `./dev test --write-docs`; do not edit it by hand.",
        "own": "A key means the same on every screen. Any of them can be changed in the configuration file, by its name:",
        "everywhere": "On every screen",
        "columns": "| key | what it does | name |",
    },
    "zh": {
        "title": "按键",
        "other": "[English](keys.md)",
        "made": "本页由 `./dev test --write-docs` 从程序生成，请勿手工修改。",
        "own": "一个键在所有界面上的含义都相同。每个键都可以在配置文件里按名称修改：",
        "everywhere": "所有界面",
        "columns": "| 键 | 作用 | 名称 |",
    },
}
FIRST = ("app", "place", "list")
"""What holds on every screen stands first."""


def page(language: str) -> str:
    """The whole page in `language`, as Markdown."""
    with speaking(language):
        words = WORDS[language]
        table: dict[str, list[Any]] = {}
        for name, binding in keys.known().items():
            table.setdefault(name.partition(".")[0], []).append(binding)
        parts = [f"# {words['title']}", words["other"], words["made"], words["own"]]
        parts.append('```toml\n[keys]\n"records.edit" = "ctrl+e"\n```')
        for where in sorted(table, key=lambda one: (FIRST.index(one) if one in FIRST else len(FIRST), one)):
            parts.append(f"## {words['everywhere'] if where == 'app' else where}")
            about = helps().get(where)
            if about:
                parts.append(" ".join(gettext(line) for line in about))
            rows = [f"| {_keys(one)} | {_meaning(one)} | `{one.id}` |" for one in table[where]]
            parts.append("\n".join([words["columns"], "| --- | --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"


def _keys(binding: Any) -> str:
    return " ".join(f"`{keys.shown(key).replace('|', chr(92) + '|')}`" for key in binding.key.split(","))


def _meaning(binding: Any) -> str:
    said = gettext(binding.description)
    return f"{said} {binding.id[-1]}" if ".section_" in binding.id else said


def helps() -> dict[str, tuple[str, ...]]:
    """What each screen is for, by the word that its keys begin with."""
    found: dict[str, tuple[str, ...]] = {}
    for kind in _below(DOMNode):
        where, about = kind.__dict__.get("WHERE", ""), kind.__dict__.get("HELP")
        if where and isinstance(about, tuple):
            found.setdefault(where, about)
    return found


def _below(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)
