"""`--key`: a command that is said again answers as the first time and changes nothing, also when several race."""

import multiprocessing
import subprocess
import sys

import pytest

from crmtui.errors import Conflict, Invalid, Refused
from crmtui.services import records
from crmtui.services.context import Context
from tests.conftest import NOW
from tests.faults.state import assert_sound, fingerprint
from tests.people import acting

RACERS = 4
FORK = multiprocessing.get_context("fork")


def _open(url: str, key: str, command: str = "lead add", login: str | None = None) -> Context:
    return Context.open(flags={"db": url}, now=NOW, key=key, command=command, login=login)


def test_the_same_command_answers_as_the_first_time(store_url: str) -> None:
    with _open(store_url, "k") as ctx:
        records.add(ctx, "lead", {"company": "ACME"})
        ctx.keep_answer("L-1\n")
        first = ctx.last_tx
    before = fingerprint(store_url)
    with _open(store_url, "k") as ctx:
        assert (ctx.replayed, ctx.last_tx) == ("L-1\n", first)
        with pytest.raises(Conflict, match="done before"):
            records.add(ctx, "lead", {"company": "ACME"})
    assert fingerprint(store_url) == before


def test_another_command_is_refused(store_url: str) -> None:
    with _open(store_url, "k") as ctx:
        records.add(ctx, "lead", {"company": "ACME"})
        ctx.keep_answer("L-1\n")
    with pytest.raises(Refused, match="another command"):
        _open(store_url, "k", "lead add other")


def test_a_command_that_failed_did_not_use_its_key(store_url: str) -> None:
    with _open(store_url, "k") as ctx, pytest.raises(Invalid):
        records.add_many(ctx, "lead", [{"company": "ACME"}, {"company": ""}])
    with _open(store_url, "k") as ctx:
        assert ctx.replayed is None
        records.add(ctx, "lead", {"company": "ACME"})
        assert records.count_where(ctx, "lead", "") == 1


def test_a_dry_run_does_not_use_the_key(store_url: str) -> None:
    before = fingerprint(store_url)
    with Context.open(flags={"db": store_url}, now=NOW, key="k", command="lead add", dry_run=True) as ctx:
        records.add(ctx, "lead", {"company": "ACME"})
        ctx.keep_answer("L-1\n")
    assert fingerprint(store_url) == before


def test_a_key_is_free_again_after_thirty_days(store_url: str) -> None:
    with _open(store_url, "k") as ctx:
        records.add(ctx, "lead", {"company": "ACME"})
        ctx.keep_answer("L-1\n")
    later = Context.open(
        flags={"db": store_url}, now="2026-12-21T09:00:00+08:00", key="k", command="lead edit"
    )
    with later as ctx:
        assert ctx.replayed is None
        records.edit(ctx, "lead", "1", {"city": "Graz"})
        ctx.keep_answer("edited\n")
    with Context.open(
        flags={"db": store_url}, now="2026-12-21T10:00:00+08:00", key="k", command="lead edit"
    ) as ctx:
        assert ctx.replayed == "edited\n"


def test_the_answer_of_one_person_is_not_told_to_another(store_url: str) -> None:
    with acting(store_url, "li"):
        pass
    with _open(store_url, "k", "lead show") as ctx:
        records.add(ctx, "lead", {"company": "Secret Ltd", "owner": "zhao"})
        ctx.keep_answer("Secret Ltd\n")
    with _open(store_url, "k", "lead show", login="li") as ctx:
        assert ctx.replayed is None


def _race(url: str, start: object, told: object) -> None:
    with _open(url, "race") as ctx:
        start.wait()  # type: ignore[attr-defined]
        try:
            answer = f"L-{records.add(ctx, 'lead', {'company': 'ACME'}).id}\n"
            ctx.keep_answer(answer)
        except Conflict as error:
            answer = f"again {ctx.replayed}" if error.code == "key.done" else str(error)
        told.put(answer)  # type: ignore[attr-defined]


def test_of_four_who_race_one_does_it_and_all_tell_the_same(store_url: str) -> None:
    start, told = FORK.Event(), FORK.Queue()
    racers = [FORK.Process(target=_race, args=(store_url, start, told)) for _ in range(RACERS)]
    for racer in racers:
        racer.start()
    start.set()
    answers = sorted(told.get(timeout=30) for _ in racers)
    for racer in racers:
        racer.join(30)
        racer.close()
    assert answers == ["L-1\n", *["again L-1\n"] * (RACERS - 1)]
    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        assert records.count_where(ctx, "lead", "") == 1
        assert_sound(ctx)


def test_commands_that_race_print_the_same(sqlite_url: str) -> None:
    words = ["lead", "add", "ACME", "--key", "k", "--json", "--db", sqlite_url, "--now", NOW]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "crmtui", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [command.communicate(timeout=60) for command in running]
    assert [command.returncode for command in running] == [0, 0], said
    assert len({out for out, _ in said}) == 1
    assert '"ref": "L-1"' in said[0][0]
    assert sorted("Done before" in err for _, err in said) == [False, True]
