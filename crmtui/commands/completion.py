"""`crm completion`: scripts for the shells, and the words that may follow."""

from typing import Annotated, Any

import typer

from crmtui.commands.call import Call
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_, gettext

_BASH = """_crm() {
  local IFS=$'\\n'
  COMPREPLY=( $(crm completion words -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$2" 2>/dev/null | cut -f1) )
}
complete -o default -F _crm crm
"""
_ZSH = """#compdef crm
_crm() {
  local -a found
  found=("${(@f)$(crm completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null | sed -e 's/:/\\\\:/g' -e 's/\\t/:/')}")
  if [[ -n "$found" ]]; then _describe -o crm found; else _files; fi
}
compdef _crm crm
"""
_FISH = """complete -c crm -f -a '(crm completion words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


@command(
    "completion",
    examples=(
        "crm completion bash > ~/.local/share/bash-completion/completions/crm",
        "crm completion zsh > ~/.zfunc/_crm",
        "crm completion fish > ~/.config/fish/completions/crm.fish",
    ),
)
def completion(
    call: Call,
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", help=N_("The shell that you use"))],
    words: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
) -> None:
    """Print a script; `words` after `completion` answers what such a script asks."""
    if shell == "words":
        found = candidates(words or [""])
        call.text("".join(f"{word}\t{help}\n" for word, help in found))
    elif shell in SCRIPTS:
        call.text(SCRIPTS[shell])
    else:
        raise Invalid(
            "completion.shell",
            N_("There is no completion for {shell}."),
            hint=N_("There is one for bash, zsh and fish."),
            shell=shell,
        )


def candidates(words: list[str]) -> list[tuple[str, str]]:
    """What the last of `words` may become, each with its help; the words before it are complete."""
    from crmtui.commands import options, tree

    *before, last = words
    node = tree.ROOT
    takes_value = _with_value(options.EVERYWHERE)
    skip = False
    for word in before:
        if skip or word.startswith("-"):
            skip = not skip and word in takes_value
        elif word in node.children:
            node = node.children[word]
            if node.module:
                tree.verb_of(node)
        elif node.children and not node.module:
            return []
    if skip or "--" in before:
        return []
    if last.startswith("-"):
        return sorted(_options(tree.build(node), last))
    return [(name, gettext(child.help)) for name, child in node.children.items() if name.startswith(last)]


def _with_value(parameters: list[Any]) -> set[str]:
    """The flags of `parameters` that a value follows."""
    infos = [
        parameter.annotation.__metadata__[0] for parameter in parameters if parameter.default is not False
    ]
    return {flag for info in infos for flag in (info.default, *(info.param_decls or ()))}


def _options(built: Any, last: str) -> list[tuple[str, str]]:
    return [
        (flag, gettext(parameter.help or "").split("  ")[0])
        for parameter in built.params
        for flag in (*parameter.opts, *parameter.secondary_opts)
        if flag.startswith(last) and flag.startswith("-") and not parameter.hidden
    ] + [("--help", gettext(N_("Show this help")))] * "--help".startswith(last)
