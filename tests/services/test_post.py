"""The outbox: written with its cause, sent once over a real line, kept with the server's words when it could not be."""

import mailbox
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmtui.clock import Clock
from crmtui.errors import Invalid, NotReady, Refused
from crmtui.services import letter, notices, outbox, post, records
from crmtui.services.context import Context
from crmtui.services.reversal import undo
from tests import smtp
from tests.people import NOW, settle_in

LATER = "2026-11-20T09:{minute:02}:00+08:00"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[smtp.Server]:
    """A mail server, which the settings name."""
    with smtp.running() as found:
        told = {"transport": "smtp", "host": "127.0.0.1", "port": str(found.port), "security": "none"}
        for name, value in {**told, "from": "sales@example.com", "timeout": "5"}.items():
            monkeypatch.setenv(f"CRM_MAIL__{name.upper()}", value)
        yield found


def at(url: str, minute: int = 0, login: str | None = None) -> Context:
    return Context.open(flags={"db": url}, now=LATER.format(minute=minute), login=login)


def write(ctx: Context, *to: str, key: str = "", subject: str = "Offer", files: Any = ()) -> str:
    """Mails about a new customer, in one transaction; its id."""
    with ctx.transaction("account.add") as tx:
        made = records.insert(ctx, tx, "account", {"name": "Acme"})
        for one in to:
            outbox.mail(
                ctx,
                tx,
                one,
                subject,
                "Dear all,\n报价如下",
                files,
                ("account", made.id),
                key and f"{key}|{one}",
            )
    return str(ctx.last_tx)


def states(ctx: Context) -> dict[str, str]:
    rows = records.find(ctx, "outbox", fields=["to", "state"], sort="id").rows
    return {row["to"]: row["state"] for row in rows}


def test_nothing_is_written_unless_its_cause_is(ctx: Context) -> None:
    def fail() -> None:
        with ctx.transaction("account.add") as tx:
            outbox.mail(ctx, tx, "a@example.com", "Offer", "text")
            raise Refused("no", "no")

    with pytest.raises(Refused):
        fail()
    assert states(ctx) == {}


def test_what_waits_is_sent_once_with_all_that_it_says(store_url: str, server: smtp.Server) -> None:
    with at(store_url) as ctx:
        write(
            ctx,
            "a@example.com",
            subject="Offer 报价",
            files=[("报价.pdf", "application/pdf", b"%PDF\x00\xff")],
        )
        assert [one.state for one in post.send(ctx)] == ["sent"]
        assert post.send(ctx) == []
        assert states(ctx) == {"a@example.com": "sent"}
        [row] = records.find(ctx, "outbox").rows
    [(to, mail)] = server.taken
    assert (to, mail["From"].addresses[0].addr_spec, mail["Subject"]) == (
        "a@example.com",
        "sales@example.com",
        "Offer 报价",
    )
    assert mail["Message-ID"] == row["message_id"] == letter.message_id(row["key"])
    assert mail.get_body().get_content().splitlines() == ["Dear all,", "报价如下"]  # type: ignore[union-attr]
    [file] = mail.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("报价.pdf", b"%PDF\x00\xff")


def test_a_dry_run_tells_what_is_due_and_sends_nothing(sqlite_url: str, server: smtp.Server) -> None:
    with at(sqlite_url) as ctx:
        write(ctx, "a@example.com", "b@example.com")
    with Context.open(flags={"db": sqlite_url}, now=LATER.format(minute=0), dry_run=True) as ctx:
        assert [one.to for one in post.send(ctx)] == ["a@example.com", "b@example.com"]
        assert states(ctx) == {"a@example.com": "waiting", "b@example.com": "waiting"}
    assert server.taken == []


def test_the_same_key_is_sent_once(server: smtp.Server, ctx: Context) -> None:
    write(ctx, "a@example.com", key="quote 5")
    write(ctx, "a@example.com", key="quote 5")
    assert len(post.send(ctx)) == 1
    write(ctx, "a@example.com", key="quote 5")
    assert (post.send(ctx), server.recipients) == ([], ["a@example.com"])


def test_what_the_server_refuses_for_now_is_tried_again_later(sqlite_url: str, server: smtp.Server) -> None:
    server.answer = lambda stage, to, before: "451 not now" if (stage, before) == ("RCPT", 0) else None
    with at(sqlite_url) as ctx:
        write(ctx, "a@example.com")
        [one] = post.send(ctx)
        assert (one.state, one.error) == ("waiting", "451 not now")
        assert post.send(ctx) == []
    with at(sqlite_url, 1) as ctx:
        assert post.send(ctx) == []
    with at(sqlite_url, 2) as ctx:  # two minutes after the first try
        assert [one.state for one in post.send(ctx)] == ["sent"]
    assert server.recipients == ["a@example.com"]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_what_it_refuses_for_good_is_kept_with_its_words(
    sqlite_url: str, server: smtp.Server, stage: str
) -> None:
    bad = ("bad@example.com", "sales@example.com")
    server.answer = lambda at, to, before: (
        "550 no such mailbox" if (at, before) == (stage, 0) and to in bad else None
    )
    with at(sqlite_url) as ctx:
        settle_in(ctx)
    with at(sqlite_url, login="li") as ctx:
        write(ctx, "bad@example.com", "good@example.com")
    with at(sqlite_url) as ctx:
        assert [one.state for one in post.send(ctx)] == ["failed", "sent"]
        [row] = records.find(ctx, "outbox", where="state = failed").rows
        assert row["error"] == "550 no such mailbox"
        assert post.send(ctx) == []
    with at(sqlite_url, login="li") as ctx:
        assert [one["kind"] for one in notices.inbox(ctx)] == ["mail.failed"]
        assert [one.state for one in outbox.retry(ctx, [])] == ["waiting"]
        assert [one.state for one in post.send(ctx)] == ["sent"]


def test_a_server_that_is_away_stops_the_run_and_loses_nothing(
    sqlite_url: str, server: smtp.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp.running() as gone:
        monkeypatch.setenv("CRM_MAIL__PORT", str(gone.port))
    with at(sqlite_url) as ctx:
        write(ctx, "a@example.com", "b@example.com")
        assert [one.state for one in post.send(ctx)] == ["waiting"]
        assert set(states(ctx).values()) == {"waiting"}
    monkeypatch.setenv("CRM_MAIL__PORT", str(server.port))
    with at(sqlite_url, 2) as ctx:
        assert len(post.send(ctx)) == 2
    assert sorted(server.recipients) == ["a@example.com", "b@example.com"]


def test_a_line_cut_after_the_server_took_it_repeats_it_under_the_same_id(
    sqlite_url: str, server: smtp.Server
) -> None:
    server.answer = lambda stage, to, before: "cut" if (stage, before) == ("DATA", 0) else None
    with at(sqlite_url) as ctx:
        write(ctx, "a@example.com")
        assert [one.state for one in post.send(ctx)] == ["waiting"]
    with at(sqlite_url, 2) as ctx:
        assert [one.state for one in post.send(ctx)] == ["sent"]
    assert len(server.taken) == 2
    assert len({mail["Message-ID"] for _, mail in server.taken}) == 1


def test_what_was_claimed_and_left_is_sent_after_the_lease(sqlite_url: str, server: smtp.Server) -> None:
    with at(sqlite_url) as ctx:
        write(ctx, "a@example.com")
        assert post._claim(ctx) is not None  # as if the process ended now
        assert post.send(ctx) == []
    with at(sqlite_url, 2) as ctx:  # 30 times the 5 seconds that the server may take: two minutes and a half
        assert post.send(ctx) == []
    with at(sqlite_url, 3) as ctx:
        assert [one.state for one in post.send(ctx)] == ["sent"]


def test_senders_that_run_at_once_send_each_mail_once(store_url: str, server: smtp.Server) -> None:
    people = [f"p{number}@example.com" for number in range(24)]
    with at(store_url) as ctx:
        write(ctx, *people)
    code = (
        "import sys; from crmtui.services import post; from crmtui.services.context import Context\n"
        "with Context.open(flags={'db': sys.argv[1]}, now=sys.argv[2]) as ctx: post.send(ctx)"
    )
    line = [sys.executable, "-c", code, store_url, LATER.format(minute=0)]
    running = [subprocess.Popen(line, stderr=subprocess.PIPE) for _ in range(3)]
    for one in running:
        assert one.communicate(timeout=60)[1] == b""
    assert sorted(server.recipients) == sorted(people)
    with at(store_url) as ctx:
        assert set(states(ctx).values()) == {"sent"}


def test_a_sender_that_is_killed_loses_nothing(sqlite_url: str, server: smtp.Server) -> None:
    people = [f"p{number}@example.com" for number in range(12)]
    with at(sqlite_url) as ctx:
        write(ctx, *people)
    code = (
        "import sys; from crmtui.services import post; from crmtui.services.context import Context\n"
        "with Context.open(flags={'db': sys.argv[1]}, now=sys.argv[2]) as ctx: post.send(ctx)"
    )
    chance = random.Random(4)
    for minute in range(0, 50, 10):
        running = subprocess.Popen([sys.executable, "-c", code, sqlite_url, LATER.format(minute=minute)])
        had, until = len(server.taken), time.monotonic() + 20
        while (
            len(server.taken) < had + chance.randint(1, 3)
            and running.poll() is None
            and time.monotonic() < until
        ):
            time.sleep(0.002)
        if running.poll() is None:
            os.kill(running.pid, signal.SIGKILL)
        running.wait()
    with at(sqlite_url, 59) as ctx:
        post.send(ctx)
        assert set(states(ctx).values()) == {"sent"}
    assert set(server.recipients) == set(people)
    assert len(server.taken) <= len(people) + 5  # at most one is ambiguous for each kill


def test_who_left_gets_no_mail(sqlite_url: str, server: smtp.Server) -> None:
    with at(sqlite_url) as ctx:
        records.add(ctx, "user", {"name": "Li", "login": "li", "email": "li@example.com"})
        write(ctx, "li@example.com")
        records.edit(ctx, "user", "li", {"active": False})
        assert (post.send(ctx), states(ctx)) == ([], {"li@example.com": "cancelled"})
    assert server.taken == []


def test_what_is_taken_back_before_it_was_sent_is_not_sent(server: smtp.Server, ctx: Context) -> None:
    undo(ctx, write(ctx, "a@example.com", files=[("a.txt", "text/plain", b"x")]))
    assert (post.send(ctx), states(ctx)) == ([], {})


def test_what_was_sent_stays_when_its_cause_is_taken_back(server: smtp.Server, ctx: Context) -> None:
    tx = write(ctx, "a@example.com", files=[("a.txt", "text/plain", b"x")])
    post.send(ctx)
    undo(ctx, tx)
    assert states(ctx) == {"a@example.com": "sent"}
    assert list(records.find(ctx, "account").rows) == []
    with ctx.reading() as tx_:
        assert outbox.files_of(tx_, 1) == [("a.txt", "text/plain", b"x")]


def test_one_sends_and_sees_ones_own_mail_only(sqlite_url: str, server: smtp.Server) -> None:
    with at(sqlite_url) as ctx:
        settle_in(ctx)
        write(ctx, "a@example.com")
    with at(sqlite_url, login="li") as ctx:
        write(ctx, "b@example.com")
        assert states(ctx) == {"b@example.com": "waiting"}
        assert [one.to for one in post.send(ctx)] == ["b@example.com"]
        with pytest.raises(Refused):
            outbox.cancel(ctx, ["MA-2"])


def test_into_a_maildir_unless_told_to_send(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_MAIL__MAILDIR", str(tmp_path / "mail"))
    with Context.open(
        flags={"db": str(ctx.store.url.render_as_string(hide_password=False))}, now=NOW
    ) as again:
        write(again, "a@example.com")
        assert [one.state for one in post.send(again)] == ["sent"]
    [mail] = mailbox.Maildir(tmp_path / "mail", create=False)
    assert (mail["To"], oct(os.stat(tmp_path / "mail").st_mode & 0o777)) == ("a@example.com", "0o700")


def test_by_sendmail(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "sendmail"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/args\ncat > {tmp_path}/mail\nexit ${{CODE:-0}}\n')
    program.chmod(0o700)
    monkeypatch.setenv("CRM_MAIL__TRANSPORT", "sendmail")
    monkeypatch.setenv("CRM_MAIL__SENDMAIL", str(program))
    with at(sqlite_url) as ctx:
        write(ctx, "a@example.com")
        with pytest.raises(NotReady) as told:
            post.send(ctx)
        assert (told.value.code, states(ctx)) == ("mail.no_from", {"a@example.com": "waiting"})
    monkeypatch.setenv("CRM_MAIL__FROM", "sales@example.com")
    with at(sqlite_url) as ctx:
        assert [one.state for one in post.send(ctx)] == ["sent"]
        assert (tmp_path / "args").read_text().split() == [
            "-i",
            "-f",
            "sales@example.com",
            "--",
            "a@example.com",
        ]
        monkeypatch.setenv("CODE", "75")
        write(ctx, "b@example.com")
        assert [one.state for one in post.send(ctx)] == ["waiting"]
        monkeypatch.setenv("CODE", "67")
        outbox.retry(ctx, ["MA-2"])
        assert [one.state for one in post.send(ctx)] == ["failed"]


def test_a_password_others_may_read_or_hear_is_not_used(
    sqlite_url: str, tmp_path: Path, server: smtp.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o644)
    monkeypatch.setenv("CRM_MAIL__USER", "sales")
    monkeypatch.setenv("CRM_MAIL__PASSWORD_FILE", str(secret))
    with at(sqlite_url) as ctx:
        write(ctx, "a@example.com")
        with pytest.raises(NotReady, match="Others may read"):
            post.send(ctx)
    monkeypatch.setenv("CRM_MAIL__HOST", "mail.example.com")
    with at(sqlite_url, 2) as ctx:
        with pytest.raises(NotReady, match="in the open"):
            post.send(ctx)
        assert states(ctx) == {"a@example.com": "waiting"}


# Headers


@pytest.mark.parametrize(
    "to",
    [
        "",
        "nobody",
        "a@example.com, b@example.com",
        "a@example.com\nBcc: evil@example.com",
        "A <a@example.com>",
    ],
)
def test_exactly_one_address(ctx: Context, to: str) -> None:
    with pytest.raises(Invalid), ctx.transaction("account.add") as tx:
        outbox.mail(ctx, tx, to, "Offer", "text")


def test_files_have_a_limit(ctx: Context) -> None:
    with pytest.raises(Invalid, match="20 MiB"), ctx.transaction("account.add") as tx:
        outbox.mail(
            ctx, tx, "a@example.com", "Offer", "", [("x", "text/plain", b"x" * (outbox.MOST_BYTES + 1))]
        )


ATTACKS = (
    "=?utf-8?q?Hi=0D=0ABcc:_evil=40example.com?=",
    "Hi\r\nBcc: evil@example.com",
    "\x00",
    "=?",
    " ",
    "Hi\u2028Bcc: e@x",
)


@settings(max_examples=150, deadline=None)
@given(
    subject=st.one_of(st.sampled_from(ATTACKS), st.text(max_size=300)),
    text=st.one_of(st.sampled_from(ATTACKS), st.text(st.characters(exclude_categories=["Cs"]), max_size=500)),
    name=st.one_of(st.sampled_from(ATTACKS), st.text(max_size=80)),
    kind=st.text(max_size=40),
)
def test_no_value_slips_a_header_into_a_mail(subject: str, text: str, name: str, kind: str) -> None:
    sender = letter.Sender("sales@example.com", name, "li@example.com")
    files = [(name, kind, b"x")]
    try:
        written = letter.compose(sender, "a@example.com", subject, text, "k", Clock().now(), files)
    except Invalid:
        return
    read = message_from_bytes(written, policy=policy.default)
    assert sorted(read.keys()) == sorted(
        [
            "From",
            "To",
            "Reply-To",
            "Subject",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "MIME-Version",
            "Content-Type",
        ]
    )
    assert read["To"] == "a@example.com"
    assert "\n" not in read["Subject"]
