"""The command reference: written from the tree of commands, so that it says what the program says."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from typing import Any

from crmtui import i18n
from crmtui.commands import manual, topics, tree
from crmtui.commands.options import CHANGE, COMMON, OUTPUT
from crmtui.i18n import gettext
from crmtui.services.nouns import NOUNS

EVERYWHERE = (COMMON, CHANGE, OUTPUT)
WORDS = {
    "en": {
        "title": "Commands",
        "made": "Written from the program by `./dev test --write-docs`; do not edit it by hand.",
        "other": "[中文](commands.zh.md)",
        "everywhere": "What every command takes",
        "change": "“{change}” are for commands that change something. They all may stand anywhere in the line.",
        "shared": "What every noun can",
        "noun": "NOUN is one of: {nouns}.",
        "besides": "Besides: {verbs}, as [every noun](#what-every-noun-can).",
        "topics": "Topics",
    },
    "zh": {
        "title": "命令",
        "made": "本页由 `./dev test --write-docs` 从程序生成，请勿手工修改。",
        "other": "[English](commands.md)",
        "everywhere": "所有命令通用的选项",
        "change": "“{change}”用于会改动数据的命令。这些选项可以写在命令行的任何位置。",
        "shared": "所有对象通用的命令",
        "noun": "NOUN 是以下之一：{nouns}。",
        "besides": "此外还有：{verbs}，见[所有对象通用的命令](#所有对象通用的命令)。",
        "topics": "主题",
    },
}


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """The language of the page, and its width whatever the terminal."""
    before = i18n.language()
    i18n.set_language(language)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        i18n.set_language(before)


@cache
def page(language: str) -> str:
    """The whole reference in `language`, as Markdown."""
    with speaking(language):
        words = WORDS[language]
        shared = _shared()
        parts = [f"# {words['title']}", words["other"], words["made"], *_everywhere(words)]
        parts += [
            f"## {words['shared']}",
            words["noun"].format(nouns=", ".join(f"`{noun}`" for noun in NOUNS)),
        ]
        for verb, text in shared.items():
            parts += [f"### crm NOUN {verb}", _block(text)]
        for node in tree.ROOT.children.values():
            parts += _commands(node, shared, words)
        parts.append(f"## {words['topics']}")
        for name, (title, text) in topics.TOPICS.items():
            parts += [f"### crm help {name}", gettext(title), _block(gettext(text))]
    return "\n\n".join(parts) + "\n"


def _block(text: str) -> str:
    return f"```text\n{text.strip(chr(10))}\n```"


def below(node: tree.Node) -> Iterator[tree.Node]:
    """`node` and every command below it, verbs below verbs included."""
    tree.verb_of(node)
    yield node
    for child in list(node.children.values()):
        yield from below(child)


_BUILT: dict[str, Any] = {}


def _built(node: tree.Node) -> Any:
    """The command for `node`, built once for all languages."""
    if node.path not in _BUILT:
        _BUILT[node.path] = tree.build(node)
    return _BUILT[node.path]


def _sections(node: tree.Node) -> tuple[list[str], list[str]]:
    """The help of a command by paragraphs: its own, and those of the options that every command has."""
    titles = tuple(manual.heading(title) for title in EVERYWHERE)
    said = manual.text(_built(node)).strip("\n").split("\n\n")
    own = [part for part in said if not part.startswith(titles)]
    return own, [part for part in said if part.startswith(titles)]


def _own(node: tree.Node) -> str:
    return "\n\n".join(_sections(node)[0])


def _everywhere(words: dict[str, str]) -> list[str]:
    add = tree.ROOT.children["lead"].children["add"]
    said = words["change"].format(change=gettext(CHANGE))
    return [
        f"## {words['everywhere']}",
        said,
        _block("\n\n".join(_sections(add)[1])),
        _block(_own(tree.ROOT)),
    ]


def _shared() -> dict[str, str]:
    """Derived verb → its help with NOUN for the noun, where all nouns have it and say the same."""
    found: dict[str, set[str]] = {}
    for name, noun in NOUNS.items():
        for verb in noun.verbs:
            own = _own(tree.ROOT.children[name].children[verb])
            found.setdefault(verb, set()).add(re.sub(rf"(crm|-o) {name}\b", r"\1 NOUN", own))
    return {verb: texts.pop() for verb, texts in found.items() if len(texts) == 1}


def _commands(node: tree.Node, shared: dict[str, str], words: dict[str, str]) -> Iterator[str]:
    """The sections of a command and of all below it; verbs that stand among the shared ones are only named."""
    depth = "##" if " " not in node.path else "###"
    yield f"{depth} crm {node.path}"
    yield _block(_own(node))
    as_every = [verb for verb in node.children if node.path in NOUNS and verb in shared]
    if as_every:
        yield words["besides"].format(verbs=", ".join(f"`{verb}`" for verb in as_every))
    for verb, child in node.children.items():
        if verb not in as_every:
            yield from _commands(child, shared, words)
