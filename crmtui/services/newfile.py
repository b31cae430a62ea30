"""A new file for what people asked to have written: never over one that is there."""

import os
from typing import IO

from crmtui.errors import Forbidden, Invalid, Refused
from crmtui.i18n import N_


def made(path: str, *, mode: int = 0o600) -> IO[str]:
    """The new file `path`, open for text, for its owner alone unless `mode` says more.

    Raises Refused where there is something already, Forbidden and Invalid where it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise Refused(
            "file.exists",
            N_("There is something at {file} already."),
            hint=N_("Name another file; nothing is ever overwritten."),
            file=path,
        ) from error
    except PermissionError as error:
        raise Forbidden("file.forbidden", N_("You may not write {file}."), file=path) from error
    except (OSError, ValueError) as error:
        raise unwritable(path) from error
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="")


def unwritable(path: str) -> Invalid:
    """What to tell people when the file `path` could not be written to its end."""
    return Invalid("file.unwritable", N_("{file} cannot be written."), file=path)
