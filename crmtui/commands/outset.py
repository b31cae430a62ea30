"""What is needed before anything is loaded: the common options as the environment gives them, and a line on standard error."""

import os
import sys
from typing import Any

from crmtui.text import clean

_VARIABLES = {"login": "CRM_USER"}


def from_environment(name: str, *, flag: bool = False) -> Any:
    """What the environment says for the common option `name`; None or False when it is silent."""
    value = os.environ.get(_VARIABLES.get(name, f"CRM_{name.upper()}"), "")
    if flag:
        return value.lower() not in ("", "0", "no", "false", "off")
    return value or None


def tell(line: str) -> None:
    """One line on standard error, made safe; what cannot be told is not worth failing for."""
    try:
        sys.stderr.write(clean(line) + "\n")
    except OSError:
        return
