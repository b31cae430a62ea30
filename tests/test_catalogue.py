"""The Chinese catalogue is complete: nothing untranslated, nothing left over, the same places, the glossary's words."""

import re
from collections.abc import Iterator
from string import Formatter

import pytest

from crmtui.commands import manual, options, topics, tree
from crmtui.i18n import gettext, language, set_language
from crmtui.services.nouns import NOUNS
from crmtui.store.record import declared
from tests import catalogue

MESSAGES = catalogue.messages()
CHINESE = {
    (entry.id if isinstance(entry.id, str) else entry.id[0]): entry for entry in catalogue.read() if entry.id
}

GLOSSARY = {
    "Lead": "线索",
    "Customer": "客户",
    "Account": "客户",
    "Contact": "联系人",
    "Opportunity": "商机",
    "Quota": "配额",
    "Competitor": "竞争对手",
    "Territory": "区域",
    "Department": "部门",
    "Superior": "直属上级",
    "Account manager": "客户经理",
    "Sales rep": "销售代表",
    "Probability": "赢单概率",
    "Expected close": "预计签约日期",
    "Credit limit": "信用额度",
    "new": "新建",
    "assigned": "已分配",
    "working": "跟进中",
    "qualified": "合格",
    "disqualified": "不合格",
    "converted": "已转化",
    "open": "进行中",
    "suspended": "搁置",
    "won": "赢单",
    "lost": "输单",
    "terminated": "已终止",
    "duplicate": "撞单",
    "best": "乐观",
    "commit": "承诺",
    "closed": "已关闭",
}
"""Terms as the glossary decides them."""


@pytest.fixture
def chinese() -> Iterator[None]:
    before = language()
    set_language("zh")
    yield
    set_language(before)


def said(text: str) -> str:
    """The Chinese of a message; empty when there is none."""
    entry = CHINESE.get(text)
    if entry is None:
        return ""
    return entry.string if isinstance(entry.string, str) else entry.string[0]


TRANSLATED = {text: message for text, message in MESSAGES.items() if said(text)}


def test_every_message_is_translated() -> None:
    missing = [f"{message.place}: {text!r}" for text, message in MESSAGES.items() if not said(text).strip()]
    assert not missing, "python -m tests.catalogue adds them to the catalogue"


def test_nothing_is_left_over() -> None:
    assert not set(CHINESE) - set(MESSAGES), "python -m tests.catalogue removes them"


def test_forms_for_many_are_kept_as_such() -> None:
    wrong = [
        text
        for text, message in TRANSLATED.items()
        if CHINESE[text].id != ((text, message.many) if message.many else text)
    ]
    assert not wrong


def test_nothing_is_fuzzy() -> None:
    assert not [text for text, entry in CHINESE.items() if entry.fuzzy]


def places(text: str) -> set[str]:
    return {name for _before, name, _form, _conversion in Formatter().parse(text) if name is not None}


def has_places(text: str) -> bool:
    """Topics are printed as they are: their braces are JSON and Jinja."""
    return text not in {text for _title, text in topics.TOPICS.values()}


def test_the_same_places_on_both_sides() -> None:
    wrong = [
        text
        for text, message in TRANSLATED.items()
        if has_places(text) and places(said(text)) != places(text) | places(message.many)
    ]
    assert not wrong


def test_sentences_end_as_chinese_does() -> None:
    """A sentence with a full stop keeps one, full-width, unless it ends in a command to be copied."""
    wrong = [
        text
        for text in TRANSLATED
        if re.search(r"[a-z})]\.$", text) and not re.search(r"[。？]$", said(text))
    ]
    assert not wrong


def test_sentences_have_no_half_width_punctuation() -> None:
    between = re.compile(r"[\u4e00-\u9fff][,;:!?()]|[,;:!?()][\u4e00-\u9fff]")
    assert not [text for text in TRANSLATED if has_places(text) and between.search(said(text))]


@pytest.mark.parametrize(("term", "shown"), GLOSSARY.items())
def test_terms_are_those_of_the_glossary(term: str, shown: str) -> None:
    assert said(term) == shown


@pytest.mark.parametrize("noun", NOUNS)
def test_labels_of_a_noun_tell_its_fields_apart(noun: str) -> None:
    fields = [
        field for field in declared(noun) if field.kind != "attributes" and not field.name.endswith("_key")
    ]
    shown = [said(field.label) for field in fields]
    assert len(shown) == len(set(shown))


# What a person reads


def below(node: tree.Node) -> Iterator[tree.Node]:
    """`node` and every command below it, verbs below verbs included."""
    tree.verb_of(node)
    yield node
    for child in list(node.children.values()):
        yield from below(child)


def prose(line: str) -> str:
    """What a line of help says, without the name of the command, option or value on its left."""
    name, _gap, text = line.strip().partition("  ")
    return text if text else "" if name.startswith("-") else name


def english(node: tree.Node) -> list[str]:
    """The lines of a command's help without a Chinese word; the examples are commands, the same in every language."""
    text = manual.text(tree.build(node)).partition(f"\n{manual.heading('Examples')}\n")[0]
    return [
        line
        for line in text.splitlines()[1:]
        if re.search("[A-Za-z]{2,}", prose(line))
        and not re.search("[\u3000-\u9fff\uff00-\uffef]", prose(line))
    ]


@pytest.mark.usefixtures("chinese")
def test_the_first_help_is_chinese() -> None:
    assert not english(tree.ROOT)


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("word", tree.ROOT.children)
def test_help_is_chinese(word: str) -> None:
    assert not [line for node in below(tree.ROOT.children[word]) for line in english(node)]


@pytest.mark.usefixtures("chinese")
def test_every_help_of_an_option_is_chinese() -> None:
    helps = {parameter.annotation.__metadata__[0].help for parameter in options.EVERYWHERE}
    assert not [help for help in helps if gettext(help) == help]
