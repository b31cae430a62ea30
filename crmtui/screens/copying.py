"""Copying: by the terminal (OSC 52), and by the system's own tool where there is one."""

import os
import shutil
import subprocess

from crmtui.i18n import N_, gettext

_TOOLS: tuple[tuple[str, list[str], str], ...] = (
    ("pbcopy", [], ""),
    ("wl-copy", [], "WAYLAND_DISPLAY"),
    ("xclip", ["-selection", "clipboard"], "DISPLAY"),
    ("clip.exe", [], "WSL_DISTRO_NAME"),
)


def copied(text: str) -> str:
    """Give `text` to the system's tool too; a sentence that says by which way it went."""
    for tool, arguments, needs in _TOOLS:
        path = shutil.which(tool)
        if path is None or (needs and not os.environ.get(needs)):
            continue
        try:
            subprocess.run(
                [path, *arguments],
                input=text.encode(),
                timeout=2,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return gettext(N_("Copied with {tool}.")).format(tool=tool)
    return gettext(N_("Sent to the terminal's clipboard; some terminals do not take it."))
