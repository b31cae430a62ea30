"""Win rates from own history: silent below a floor, right on average, explained factor by factor."""

import random
from math import prod

import pytest

from crmtui.services import odds, predict, records
from crmtui.services.context import Context
from crmtui.services.odds import Deal


def _made_up(count: int, seed: int = 7) -> list[tuple[Deal, float]]:
    """Deals whose true chance is known: referrals 80 %, web 30 %, whatever their noise; each with that chance."""
    chance, found = random.Random(seed), []
    for _ in range(count):
        source = chance.choice(["referral", "web"])
        true = 0.8 if source == "referral" else 0.3
        factors = {"source": source, "noise": chance.choice("abc")}
        found.append(((factors, chance.random() < true), true))
    return found


def test_silent_below_the_floor() -> None:
    """Fewer than 50, or fewer than 10 of either kind."""
    one, other = ({"source": "web"}, True), ({"source": "web"}, False)
    assert odds.learn([one] * 25 + [other] * 24) is None
    assert odds.learn([one] * 91 + [other] * 9) is None
    assert odds.learn([one] * 9 + [other] * 91) is None
    assert odds.quality([one] * 9 + [other] * 91) is None
    assert odds.learn([one] * 40 + [other] * 10) is not None


def test_near_the_truth_and_calibrated() -> None:
    """2,000 deals: the chance of a referral is within 5 points of 80 %, of the web within 5 of 30 %; noise says little."""
    deals = [deal for deal, _ in _made_up(2000)]
    model = odds.learn(deals)
    assert model is not None
    assert abs(model.probability({"source": "referral"}) - 0.8) < 0.05
    assert abs(model.probability({"source": "web"}) - 0.3) < 0.05
    assert abs(model.probability({"noise": "a"}) - model.base) < 0.05
    good = odds.quality(deals)
    assert good is not None
    # By hand: the best possible is 0.5 * 0.8*0.2 + 0.5 * 0.3*0.7 = 0.185, that of the rate of all 0.55*0.45 = 0.2475.
    assert good.brier == pytest.approx(0.185, abs=0.015)
    assert good.brier_of_base == pytest.approx(0.2475, abs=0.01)
    for count, said, came in good.tenths:
        assert abs(said - came) < 0.05 + 2 * (0.25 / count) ** 0.5


def test_factors_multiply_to_the_prediction() -> None:
    model = odds.learn([deal for deal, _ in _made_up(500)])
    assert model is not None
    factors = {"source": "referral", "noise": "b", "owner": "nobody"}
    told = model.explain(factors)
    chance = model.base / (1 - model.base) * prod(one.odds for one in told)
    assert chance / (1 + chance) == pytest.approx(model.probability(factors))
    assert told[0].name == "source"
    assert "owner" not in [one.name for one in told]


def test_what_teaches_nothing_says_the_rate_of_all() -> None:
    chance = random.Random(3)
    deals: list[Deal] = [({"noise": chance.choice("abcdef")}, chance.random() < 0.6) for _ in range(600)]
    model = odds.learn(deals)
    assert model is not None
    rate = sum(won for _, won in deals) / 600
    for value in "abcdef":
        assert abs(model.probability({"noise": value}) - rate) < 0.08


def test_an_opportunity_is_predicted(sqlite_url: str) -> None:
    """Of 40 referrals 32 were won, of 40 from the web 12: the rate of all is 44 of 80, 55 %."""
    with Context.open(flags={"db": sqlite_url}, now="2026-11-20T09:00:00+08:00") as ctx:
        records.add(ctx, "account", {"name": "Acme"})
        with ctx.transaction("opp.import") as tx:
            for source, wins in (("referral", 32), ("web", 12)):
                for number in range(40):
                    state = "won" if number < wins else "lost"
                    row = {"name": f"{source} {number}", "source": source, "state": state, "account_id": 1}
                    day = ctx.clock.today()
                    records.insert(ctx, tx, "opp", {**row, "closed_on": day, "opened_on": day}, facts=True)
        given = {"account": "1", "expected_close_on": "2026-12-24"}
        warm = records.add(ctx, "opp", {"name": "Warm", "source": "referral", **given})
        cold = records.add(ctx, "opp", {"name": "Cold", "source": "web", **given})
        hot, chill = (predict.predict(ctx, f"O-{one.id}") for one in (warm, cold))
        assert (hot.closed, hot.won) == (80, 44)
        assert hot.base is not None
        assert abs(hot.base - 55) <= 2
        assert hot.probability is not None
        assert chill.probability is not None
        assert 65 <= hot.probability <= 88
        assert 22 <= chill.probability <= 45
        top = hot.factors[0]
        assert (top.name, top.value, top.closed, top.won) == ("source", "referral", 40, 32)
        assert predict.quality(ctx) is not None


def test_a_young_company_is_told_nothing(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Acme"})
    opp = records.add(ctx, "opp", {"name": "Deal", "account": "1", "expected_close_on": "2026-12-24"})
    found = predict.predict(ctx, f"O-{opp.id}")
    assert (found.probability, found.base, found.closed, found.factors) == (None, None, 0, ())
    assert predict.quality(ctx) is None
