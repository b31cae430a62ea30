"""Cards to another stage: done at once, or asked for what is missing; at the end of the process closing is offered."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens.frame import told

if TYPE_CHECKING:
    from crmtui.services.context import Context

Each = Callable[["Context", str], str]
"""Moves one opportunity; the name of the stage it is in then."""
ADJUSTED = ("amount", "currency", "probability", "expected_close_on")


async def move(screen: Any, refs: Sequence[str], each: Each) -> None:
    """Move `refs` in one step, which one undo takes back; all or none of them."""
    from crmtui.screens.verbs import named

    def work(ctx: "Context") -> str:
        with ctx.together("opp.advance"):
            names = [each(ctx, ref) for ref in refs]
        return " / ".join(dict.fromkeys(names))

    def said(stage: str) -> str:
        texts = N_("{ref} moved to {stage}"), N_("{count} opportunities moved to {stage}")
        return named(refs, *texts, stage=stage)

    try:
        await screen.program.change(work, said, quietly=True)
    except CrmError as error:
        await _refused(screen, refs, each, error)
    else:
        screen.forget_marks()


async def _refused(screen: Any, refs: Sequence[str], each: Each, error: CrmError) -> None:
    alone = len(refs) == 1
    if alone and error.code == "opp.last_stage":
        await _close(screen, refs[0])
    elif alone and error.field not in (None, "", "stage"):
        await screen.program.push_screen(_missing(refs[0], str(error.field), each, error))
    else:
        screen.program.note(told(error), "error")


async def _close(screen: Any, ref: str) -> None:
    """Won or lost, then the form for it."""
    from crmtui.screens.ask import Choose, Way
    from crmtui.screens.closing import closing

    ways = [
        Way("won", gettext(N_("Won…")), gettext(N_("with a summary, and what it came to"))),
        Way("lost", gettext(N_("Lost…")), gettext(N_("with the reason, and to whom"))),
    ]
    title = gettext(N_("{ref} is in its last stage")).format(ref=ref)
    found = await screen.program.push_screen_wait_safe(Choose(title, ways))
    if found:
        await screen.program.push_screen(closing(ref, found == "won"))


def _missing(ref: str, field: str, each: Each, error: CrmError) -> Any:
    """The form for the one field that a move wants; saving it moves, in the same step."""
    from crmtui.screens.forms import FormSheet

    def save(ctx: "Context", given: Mapping[str, Any]) -> None:
        from crmtui.services import forms, opportunity, records

        with ctx.together("opp.advance"):
            if field in ADJUSTED:
                opportunity.adjust(ctx, ref, dict(given))
            else:
                records.edit(ctx, "opp", ref, dict(given))
            with forms.over(ctx, None):  # what was just saved is another version
                each(ctx, ref)

    said = gettext(N_("{ref} moved")).format(ref=ref)
    return FormSheet("opp", ref, only=(field,), required=(field,), title=told(error), said=said, save=save)
