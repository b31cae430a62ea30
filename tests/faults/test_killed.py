"""kill -9 at any moment: what was acknowledged is there, nothing is there in part, and the journal tells all of it."""

import multiprocessing
import os
import pickle
import random
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest
from sqlalchemy import func, select

from crmtui.services import lead, opportunity, records
from crmtui.services.context import Context
from crmtui.store.record import table
from tests.conftest import NOW
from tests.faults.state import assert_sound

FORK = multiprocessing.get_context("fork")
STAGES = ("identifying", "proposal")
SEED = 20261120


def _work(url: str, round_: int, told: Connection) -> None:
    """Enter, qualify and convert leads, three at a time and singly, and tell each change once it is done."""
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        for turn in range(1000):
            name = f"r{round_}t{turn}"
            records.add_many(ctx, "lead", [{"company": f"{name} {each}", "campaign": name} for each in "abc"])
            told.send(("leads", name))
            one = records.add(ctx, "lead", {"company": f"{name} d", "contact_name": "Ann"})
            lead.qualify(ctx, f"L-{one.id}", "yes")
            made = lead.convert(ctx, f"L-{one.id}", {"amount": "100"})
            told.send(("opp", made.opp.id))
            opportunity.advance(ctx, f"O-{made.opp.id}", STAGES[turn % 2])
            records.edit_where(ctx, "lead", f"campaign={name}", {"city": name})
            told.send(("city", name))


def _rounds(url: str, rounds: int) -> dict[str, set[object]]:
    """Everything that was acknowledged in so many rounds, each of them killed."""
    chance = random.Random(SEED)
    done: dict[str, set[object]] = {"leads": set(), "opp": set(), "city": set()}
    for round_ in range(rounds):
        told, tells = FORK.Pipe(duplex=False)
        worker = FORK.Process(target=_work, args=(url, round_, tells))
        worker.start()
        tells.close()
        assert told.poll(30)
        worker.join(chance.uniform(0, 0.12))
        assert worker.pid
        os.kill(worker.pid, signal.SIGKILL)
        worker.join(30)
        assert worker.exitcode == -signal.SIGKILL
        worker.close()
        with told:
            for kind, what in _said(told):
                done[kind].add(what)
    return done


def _said(told: Connection) -> Iterator[tuple[str, object]]:
    """What had come through the pipe; a message cut off by the end was not said."""
    while True:
        try:
            yield told.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            return


def _check(url: str, done: dict[str, set[object]]) -> None:
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        assert_sound(ctx)
        leads, opp = table("lead"), table("opp")
        with ctx.reading() as tx:
            by_name = select(leads.campaign, func.count(leads.id), func.count(leads.city)).group_by(
                leads.campaign
            )
            found = {name: (count, cities) for name, count, cities in tx.session.execute(by_name) if name}
            opps = set(tx.session.scalars(select(opp.id)))
            converted = select(func.count(leads.id)).where(leads.state == "converted")
            assert tx.session.scalar(converted) == len(opps)
        assert {count for count, _ in found.values()} <= {3}
        assert {cities for _, cities in found.values()} <= {0, 3}
        assert done["leads"] <= set(found)
        assert done["opp"] <= opps
        assert done["city"] <= {name for name, (_, cities) in found.items() if cities == 3}
        records.add(ctx, "lead", {"company": "and on we go"})


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_nothing_is_lost_and_nothing_half_done(
    request: pytest.FixtureRequest, rounds: int, store: str
) -> None:
    url = str(request.getfixturevalue("sqlite_url" if store == "sqlite" else "pg_url"))
    done = _rounds(url, rounds if store == "sqlite" else max(3, rounds // 10))
    assert done["leads"]
    _check(url, done)
