"""Where enquiries come from: an mbox, a Maildir, a folder of web forms' posts, lines of JSON; read, and set aside."""

import json
import mailbox
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from crmtui.errors import CrmError, Forbidden, Invalid
from crmtui.i18n import N_
from crmtui.services.enquiry import Enquiry, from_form, from_mail

LARGEST = 5 * 1024 * 1024
"""Bytes of one enquiry."""
TAKEN, ASIDE = "taken", "rejected"
"""The folders, in the one that is read, into which files go once they are dealt with."""


@dataclass(frozen=True)
class Place:
    """What was found, and what is done with each when its fate is certain: (enquiry, why not) → None."""

    enquiries: list[Enquiry]
    settle: Callable[[Enquiry, CrmError | None], None]


def open_place(name: str) -> Place:
    """What stands at `name`: a folder, a Maildir, an mbox, a mail, or JSON. Raises Invalid, Forbidden."""
    path = Path(name)
    try:
        if path.is_dir():
            maildir = (path / "new").is_dir() and (path / "cur").is_dir()
            return _folder(path, path / "new" if maildir else path)
        with path.open("rb") as file:
            start = file.read(5)
        if start == b"From ":
            return Place(list(_mbox(path)), _nothing)
        return Place(list(from_file(path.name, _content(path))), _nothing)
    except PermissionError as error:
        raise Forbidden(
            "intake.forbidden", N_("{place} may not be read by this account."), field="from", place=name
        ) from error
    except OSError as error:
        raise Invalid("intake.unreadable", N_("{place} cannot be read."), field="from", place=name) from error


def from_items(name: str, items: list[dict[str, object]]) -> Place:
    """The enquiries in objects that were read already."""
    return Place([_item(f"{name}:{number}", one) for number, one in enumerate(items, 1)], _nothing)


def _nothing(_enquiry: Enquiry, _why: CrmError | None) -> None:
    """A file of many is left as it is: what was taken is known by its key."""


def _mbox(path: Path) -> Iterator[Enquiry]:
    box = mailbox.mbox(path, create=False)
    try:
        for number, key in enumerate(box.keys(), 1):
            yield from_mail(f"{path.name}:{number}", box.get_bytes(key))
    finally:
        box.close()


def _folder(top: Path, folder: Path) -> Place:
    """The files of a folder, in the order of their names; those still being written begin with a dot or end in .tmp."""
    found: list[Enquiry] = []
    paths: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if (
            path.name.startswith(".")
            or path.suffix in (".tmp", ".part")
            or not stat.S_ISREG(path.lstat().st_mode)
        ):
            continue
        paths[path.name] = path
        try:
            found += list(from_file(path.name, _content(path)))
        except CrmError as error:
            found.append(Enquiry(path.name, problem=error))
    fates: dict[str, CrmError | None] = {}
    left = {name: sum(1 for one in found if one.name.partition(":")[0] == name) for name in paths}

    def settle(enquiry: Enquiry, why: CrmError | None) -> None:
        name = enquiry.name.partition(":")[0]
        fates[name] = fates.get(name) or why
        left[name] -= 1
        if not left[name]:
            _move(paths[name], top / (ASIDE if fates[name] else TAKEN), fates[name])

    return Place(found, settle)


def _move(path: Path, to: Path, why: CrmError | None) -> None:
    to.mkdir(mode=0o700, exist_ok=True)
    target, number = to / path.name, 1
    while target.exists():
        number += 1
        target = to / f"{path.name}.{number}"
    path.rename(target)
    if why is not None:
        target.with_name(target.name + ".reason.txt").write_text(f"{why}\n", encoding="utf-8")


def _content(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Invalid(
            "intake.large", N_("{place} is larger than {most} MB."), place=path.name, most=LARGEST // 1024**2
        )
    return content


def from_file(name: str, content: bytes) -> Iterator[Enquiry]:
    """The enquiries in one file: JSON (an object, a list, one a line), a form's post, or a mail. Raises Invalid."""
    start = content.lstrip()[:1]
    if start in (b"{", b"["):
        items = _objects(name, content)
        single = len(items) == 1
        yield from (_item(name if single else f"{name}:{number}", one) for number, one in enumerate(items, 1))
    elif b"\n" not in content.strip() and b"=" in content:
        pairs = parse_qsl(_utf8(name, content.strip()), keep_blank_values=False)
        yield from_form(name, content, dict(pairs))
    elif name.endswith(".eml") or b":" in content.partition(b"\n")[0]:
        yield from_mail(name, content)
    else:
        raise Invalid(
            "intake.unknown",
            N_("{place} is neither JSON, nor a form's post, nor a mail."),
            place=name,
        )


def _item(name: str, one: Mapping[str, object]) -> Enquiry:
    return from_form(name, json.dumps(one, sort_keys=True, default=str).encode(), one)


def _utf8(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            "input.not_utf8",
            N_("{file} is not UTF-8 from byte {place} on."),
            file=name,
            place=error.start + 1,
        ) from error


def _objects(name: str, content: bytes) -> list[dict[str, object]]:
    text = _utf8(name, content)
    try:
        whole = json.loads(text)
        found = whole if isinstance(whole, list) else [whole]
    except (ValueError, RecursionError):
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError) as error:
            raise Invalid(
                "intake.json", N_("{place} is no JSON: {said}."), place=name, said=str(error)
            ) from error
    if not all(isinstance(one, dict) for one in found):
        raise Invalid("intake.objects", N_("{place} holds something else than JSON objects."), place=name)
    return found
