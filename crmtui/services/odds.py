"""Win rates learnt from closed deals: naive Bayes over factors, calibrated on what it had not seen, explained by factor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

FEWEST, FEWEST_EACH = 50, 10
"""Closed deals in all, won ones and lost ones, below which nothing is said."""
FEWEST_OF_VALUE = 5
"""Deals with the same value of a factor, below which that value says nothing."""
SHRINK = 10.0
"""With how many deals at the rate of all each rate is mixed: few deals say little."""
FOLDS = 5

Deal = tuple[Mapping[str, str], bool]
"""The factors of a closed deal (name → value; unknown ones left out), and whether it was won."""


@dataclass(frozen=True)
class Factor:
    """What a value of a factor says: of `closed` deals with it `won` were won; `odds` is what it makes of the odds."""

    name: str
    value: str
    closed: int
    won: int
    odds: float


@dataclass(frozen=True)
class Model:
    """What was learnt: the rate of all, what each value adds to the log-odds, and the straight line that calibrates."""

    closed: int
    won: int
    counts: Mapping[tuple[str, str], tuple[int, int]]
    slope: float
    shift: float

    def probability(self, factors: Mapping[str, str]) -> float:
        """How likely a deal with these factors is won, from 0 to 1."""
        return _chance(self.slope * self._score(factors) + self.shift)

    @property
    def base(self) -> float:
        """How likely a deal is won of which nothing is known."""
        return _chance(self.slope * _logit(self.won, self.closed) + self.shift)

    def explain(self, factors: Mapping[str, str]) -> list[Factor]:
        """The factors that say something, what matters most first; base odds times all their odds is the prediction."""
        found = []
        for name, value in factors.items():
            closed, won = self.counts.get((name, value), (0, 0))
            effect = self._effect(name, value)
            if effect:
                found.append(Factor(name, value, closed, won, exp(self.slope * effect)))
        return sorted(found, key=lambda factor: (-abs(log(factor.odds)), factor.name))

    def _score(self, factors: Mapping[str, str]) -> float:
        effects = (self._effect(name, value) for name, value in factors.items())
        return _logit(self.won, self.closed) + sum(effects)

    def _effect(self, name: str, value: str) -> float:
        """What a value adds to the log-odds: its rate, drawn towards that of all, against that of all."""
        closed, won = self.counts.get((name, value), (0, 0))
        if closed < FEWEST_OF_VALUE:
            return 0.0
        rate = self.won / self.closed
        mixed = (won + SHRINK * rate) / (closed + SHRINK)
        return log(mixed / (1 - mixed)) - log(rate / (1 - rate))


@dataclass(frozen=True)
class Quality:
    """How good predictions were for deals that the model had not seen: Brier scores (0 is best), and by tenths of
    probability how many deals, the mean prediction and the rate that came."""

    brier: float
    brier_of_base: float
    tenths: tuple[tuple[int, float, float], ...]


def learn(deals: Sequence[Deal]) -> Model | None:
    """What these deals teach; None where they are too few."""
    if not enough(deals):
        return None
    plain = _counted(deals)
    unseen = [(score, won) for score, won, _ in _unseen(deals)]
    slope, shift = _line(unseen)
    return Model(plain.closed, plain.won, plain.counts, slope, shift)


def enough(deals: Sequence[Deal]) -> bool:
    """Whether there are enough deals to learn from, of both kinds."""
    won = sum(is_won for _, is_won in deals)
    return len(deals) >= FEWEST and min(won, len(deals) - won) >= FEWEST_EACH


def quality(deals: Sequence[Deal]) -> Quality | None:
    """How good the model is, tried on deals that it had not seen; None where they are too few."""
    if not enough(deals):
        return None
    tried = _unseen(deals)
    slope, shift = _line([(score, won) for score, won, _ in tried])
    chances = [(_chance(slope * score + shift), won, base) for score, won, base in tried]
    tenths = []
    for tenth in range(10):
        some = [(chance, won) for chance, won, _ in chances if min(int(chance * 10), 9) == tenth]
        if some:
            count = len(some)
            tenths.append(
                (count, sum(chance for chance, _ in some) / count, sum(won for _, won in some) / count)
            )
    count = len(chances)
    return Quality(
        sum((chance - won) ** 2 for chance, won, _ in chances) / count,
        sum((base - won) ** 2 for _, won, base in chances) / count,
        tuple(tenths),
    )


def _counted(deals: Sequence[Deal]) -> Model:
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for factors, is_won in deals:
        for key in factors.items():
            closed, won = counts.get(key, (0, 0))
            counts[key] = closed + 1, won + is_won
    return Model(len(deals), sum(is_won for _, is_won in deals), counts, 1.0, 0.0)


def _unseen(deals: Sequence[Deal]) -> list[tuple[float, bool, float]]:
    """For each deal the score by a model of the other folds, whether it was won, and the rate of those folds."""
    found = []
    for fold in range(FOLDS):
        others = [deal for place, deal in enumerate(deals) if place % FOLDS != fold]
        model = _counted(others)
        if not 0 < model.won < model.closed:
            continue
        rate = model.won / model.closed
        found += [(model._score(factors), won, rate) for factors, won in deals[fold::FOLDS]]
    return found


def _line(scored: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Slope and shift of the log-odds that fit what came best (Platt); a slope below 0 would say the scores mislead: then 0."""
    slope, shift = 1.0, 0.0
    for _ in range(50):
        g0 = g1 = h00 = h01 = h11 = 1e-9
        for score, won in scored:
            chance = _chance(slope * score + shift)
            error, weight = won - chance, chance * (1 - chance)
            g0, g1 = g0 + error, g1 + error * score
            h00, h01, h11 = h00 + weight, h01 + weight * score, h11 + weight * score * score
        determinant = h00 * h11 - h01 * h01
        if determinant < 1e-12:
            break
        by_shift = (h11 * g0 - h01 * g1) / determinant
        by_slope = (h00 * g1 - h01 * g0) / determinant
        slope, shift = slope + by_slope, shift + by_shift
        if abs(by_slope) + abs(by_shift) < 1e-9:
            break
    if slope > 0:
        return slope, shift
    all_won = sum(is_won for _, is_won in scored)
    return 0.0, _logit(all_won, len(scored))


def _logit(won: int, closed: int) -> float:
    return log(won / (closed - won))


def _chance(logit: float) -> float:
    return 1 / (1 + exp(-max(min(logit, 60.0), -60.0)))
