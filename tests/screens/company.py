"""The demo company as of a fixed day, for screens whose text is compared."""

from pathlib import Path

from crmtui.services import demo

DAY = "2026-11-20"


def made(path: Path) -> Path:
    """Make the demo's store in the file `path`, as of DAY; `path` again."""
    demo.make(f"sqlite:///{path}", now=f"{DAY}T09:00:00Z")
    return path
