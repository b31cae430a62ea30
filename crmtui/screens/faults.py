"""A fault of the program itself: one sentence for the person, the traceback for the log."""

import traceback
from datetime import datetime

from platformdirs import user_state_path

from crmtui.i18n import N_, gettext


def written(error: BaseException) -> str:
    """Write the traceback of `error` to the log; a sentence that says what happened and where it stands."""
    said = gettext(N_("That did not work: a fault of the program ({kind}).")).format(
        kind=type(error).__name__
    )
    try:
        path = user_state_path("crmtui") / "screens.log"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now().astimezone().isoformat()}\n")
            log.writelines(traceback.format_exception(error))
    except OSError:
        return said
    return f"{said} {gettext(N_('Details: {file}')).format(file=path)}"
