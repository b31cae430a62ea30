"""`crm help`: a topic, or a command."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.verb import command
from crmtui.errors import NotFound
from crmtui.i18n import N_, gettext
from crmtui.text import nearest


@command("help", examples=("crm help conditions", "crm help opp advance"))
def help(
    call: Call,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC", help=N_("A topic, or the words of a command"))
    ] = None,
) -> None:
    """Print the text of a topic or the help of a command."""
    from crmtui.commands import manual, topics, tree

    if not words:
        call.text(manual.text(tree.root()) + "\n" + _list_of_topics())
        return
    asked = " ".join(words)
    if asked in topics.TOPICS:
        title, text = topics.TOPICS[asked]
        call.text(f"{gettext(title)}\n\n{gettext(text).strip(chr(10))}\n")
        return
    node = tree.ROOT
    for word in words:
        if word not in node.children:
            tree.verb_of(node)
        if word not in node.children:
            raise _nothing(
                asked, [*topics.TOPICS, *tree.ROOT.children] if node is tree.ROOT else list(node.children)
            )
        node = node.children[word]
    call.text(manual.text(tree.build(node)))


def _list_of_topics() -> str:
    from crmtui.commands import topics

    lines = [f"  {name:<12}  {gettext(title)}" for name, (title, _text) in topics.TOPICS.items()]
    return "\n".join([gettext(N_("Topics (`crm help TOPIC`):")), *lines]) + "\n"


def _nothing(asked: str, known: list[str]) -> NotFound:
    near = nearest(asked, known)
    return NotFound(
        "help.nothing",
        N_("There is no topic and no command {asked}."),
        hint=N_("Did you mean {near}?") if near else N_("`crm help` lists all."),
        asked=asked,
        near=near,
    )
