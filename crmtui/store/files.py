"""What the operating system knows of a SQLite store: who may open its files, and on which kind of disk they lie."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

NETWORK = frozenset(
    (
        "nfs",
        "nfs4",
        "cifs",
        "smbfs",
        "smb3",
        "9p",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.rclone",
        "davfs",
        "fuse.davfs2",
        "virtiofs",
    )
)
"""File systems on which the locks of two machines are not to be trusted."""


@dataclass(frozen=True)
class Access:
    """Who can get at one file or folder."""

    path: Path
    mode: int
    group: str
    folder: bool

    @property
    def shared(self) -> bool:
        """Whether its group was let in on purpose, as `crm init --group` does."""
        return self.mode == (0o2770 if self.folder else 0o660)

    @property
    def open(self) -> bool:
        """Whether others than the owner can read the file, or replace what is in the folder."""
        if self.folder:
            return bool(self.mode & 0o022) and not self.mode & stat.S_ISVTX
        return bool(self.mode & 0o077)


def accesses(path: Path) -> list[Access]:
    """The folder of the store at `path`, the file, and what SQLite keeps beside it."""
    beside = (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal")))
    return [_access(place) for place in (path.parent.resolve(), *beside) if place.exists()]


def _access(path: Path) -> Access:
    found = path.stat()
    return Access(path, stat.S_IMODE(found.st_mode), _group(found.st_gid), stat.S_ISDIR(found.st_mode))


def _group(number: int) -> str:
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def file_system(path: Path, mounts: str | None = None) -> str:
    """The kind of file system that `path` lies on, such as ext4; empty where the system does not tell.

    `mounts` is the text of Linux' /proc/self/mountinfo, read when not given.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
        except OSError:
            return ""
    place, best, kind = os.path.realpath(path), "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        words = before.split()
        if len(words) < 5 or not after:
            continue
        mount = words[4].encode().decode("unicode_escape")
        inside = place == mount or place.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, after.split()[0]
    return kind
