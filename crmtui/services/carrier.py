"""The ways in which mail leaves: an SMTP server, the machine's sendmail, or a Maildir where it stays on this machine."""

import os
import smtplib
import ssl
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from crmtui.config import Config
from crmtui.errors import NotReady
from crmtui.i18n import N_

TRY_AGAIN = 75
"""What sendmail ends with when it may work later."""
LOCAL = ("localhost", "127.0.0.1", "::1")


class Undelivered(Exception):
    """A mail that was not taken: `said` is why, `final` whether that will never change, `away` whether nobody answered."""

    def __init__(self, said: str, *, final: bool = False, away: bool = False) -> None:
        super().__init__(said)
        self.said, self.final, self.away = said, final, away


class Carrier:
    """Takes mails one by one, as the settings say; open it as a context manager. `deliver` raises Undelivered."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._server: smtplib.SMTP | None = None
        ways: dict[str, Callable[[bytes, str, str], None]] = {
            "smtp": self._by_smtp,
            "sendmail": self._by_sendmail,
            "maildir": self._into_maildir,
        }
        self.deliver = ways[str(config["mail.transport"])]
        """(mail as bytes, from, to) → None once it was taken."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _by_smtp(self, mail: bytes, sender: str, to: str) -> None:
        try:
            server = self._server = self._server or self._connect()
            server.sendmail(sender, [to], mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = error.recipients[to]
            raise Undelivered(_words(code, words), final=code >= 500) from error
        except smtplib.SMTPResponseException as error:
            self._hang_up()
            final = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPConnectError)
            away = isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError)
            raise Undelivered(
                _words(error.smtp_code, error.smtp_error), final=final and not away, away=away
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            away = self._server is None
            self._hang_up()
            raise Undelivered(str(error) or type(error).__name__, away=away) from error

    def _connect(self) -> smtplib.SMTP:
        """A connection to the server, secured and logged in as the settings say. Raises NotReady for a login refused."""
        config = self._config
        host, port, security = str(config["mail.host"]), int(config["mail.port"]), config["mail.security"]
        timeout = float(config["mail.timeout"])
        user = str(config["mail.user"])
        if user and security == "none" and host not in LOCAL:
            raise NotReady(
                "mail.open_password",
                N_("The password for {host} would go over the line in the open."),
                hint=N_("Set mail.security to starttls or tls."),
                host=host,
            )
        tls = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(host, port, timeout=timeout, context=tls)
            if security == "tls"
            else smtplib.SMTP(host, port, timeout=timeout)
        )
        try:
            if security == "starttls":
                server.starttls(context=tls)
            if user:
                server.login(user, _password(str(config["mail.password_file"])))
        except smtplib.SMTPAuthenticationError as error:
            server.close()
            raise NotReady(
                "mail.login",
                N_("{host} does not take the login {user}: {said}"),
                hint=N_("Look at mail.user and mail.password_file."),
                host=host,
                user=user,
                said=_words(error.smtp_code, error.smtp_error),
            ) from error
        except BaseException:
            server.close()
            raise
        return server

    def _by_sendmail(self, mail: bytes, sender: str, to: str) -> None:
        program = str(self._config["mail.sendmail"])
        try:
            done = subprocess.run(
                [program, "-i", "-f", sender, "--", to],
                input=mail.replace(b"\r\n", b"\n"),
                capture_output=True,
                timeout=float(self._config["mail.timeout"]),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Undelivered(str(error), away=True) from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip() or f"exit {done.returncode}"
            raise Undelivered(said, final=done.returncode != TRY_AGAIN)

    def _into_maildir(self, mail: bytes, sender: str, to: str) -> None:
        import mailbox

        folder = maildir(self._config)
        try:
            if not folder.exists():
                folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                folder.mkdir(mode=0o700)
            for part in ("cur", "new", "tmp"):
                (folder / part).mkdir(mode=0o700, exist_ok=True)
            mailbox.Maildir(folder).add(mail.replace(b"\r\n", b"\n"))
        except OSError as error:
            raise Undelivered(f"{folder}: {error.strerror}", away=True) from error


def maildir(config: Config) -> Path:
    """The folder into which mail goes that leaves by no server. Raises NotReady for an account without a home folder."""
    if config["mail.maildir"]:
        return Path(str(config["mail.maildir"]))
    from platformdirs import user_data_path

    from crmtui.config import homeless

    try:
        return user_data_path("crmtui", appauthor=False) / "mail"
    except RuntimeError as error:
        raise homeless() from error


def _password(file: str) -> str:
    """The first line of a file that only its owner may read. Raises NotReady for any other."""
    try:
        status = os.stat(file)
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise NotReady(
                "mail.password_open",
                N_("Others may read the password in {file}."),
                hint=N_("Close it: chmod 600 {file}"),
                file=file,
            )
        with open(file, encoding="utf-8") as opened:
            return opened.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise NotReady(
            "mail.no_password",
            N_("The password of the mail server cannot be read from {file}."),
            hint=N_("Set mail.password_file to a file with the password, which only you may read."),
            file=file or "-",
        ) from error


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {text}".strip()
