"""`Purse`: what of a budget is spent, and so whether to go on, and the learning rate."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from hsisr_geo.benchmark.systems.training_run import Budget
from hsisr_geo.errors import ModelError

_WARM_UP = 0.03  # share of a stage
_LAST_RATE = 0.01  # of the learning rate, at the end of a stage


@dataclass
class Spent:
    """Optimiser steps made, and processor seconds that they took, checks not counted."""

    steps: int = 0
    seconds: float = 0.0

    @contextmanager
    def one_step(self) -> Iterator[None]:
        """Count what happens in a block as one step.

        Seconds are those of all threads of this process (`time.process_time`), so a machine that
        is busy with other work trains as much as one that is not.
        """
        started = time.process_time()
        yield
        self.seconds += time.process_time() - started
        self.steps += 1


@dataclass(frozen=True)
class Purse:
    """The part of a budget that one stage has: from `begin` to `end`, in steps or in seconds."""

    by_steps: bool
    begin: float
    end: float

    @classmethod
    def parts(cls, budget: Budget, shares: list[float]) -> list["Purse"]:
        """Part a budget; what one stage takes too much, its last step, is missing from the next.

        Raises
        ------
        ModelError
            A budget of both or of neither, or of nothing.
        """
        if (budget.steps is None) == (budget.cpu_minutes is None):
            raise ModelError("a budget is either of steps or of cpu_minutes")
        by_steps = budget.steps is not None
        total = float(budget.steps if budget.steps is not None else 60 * (budget.cpu_minutes or 0))
        if not total > 0:
            raise ModelError("the training budget must be more than nothing")
        ends = [0.0]
        for index in range(len(shares)):
            end = total * sum(shares[: index + 1]) / sum(shares)
            ends.append(float(round(end)) if by_steps else end)
        return [cls(by_steps, *pair) for pair in pairwise(ends)]

    def done(self, spent: Spent) -> float:
        """Share of the stage that is spent; 1 and more once it is over."""
        if self.end <= self.begin:
            return 1.0
        used = spent.steps if self.by_steps else spent.seconds
        return max(0.0, (used - self.begin) / (self.end - self.begin))


def schedule(done: float) -> float:
    """Return the factor of the learning rate: a short warm-up, then a cosine to one hundredth."""
    warm_up = min(1.0, 0.1 + 0.9 * done / _WARM_UP)
    cosine = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return warm_up * (_LAST_RATE + (1 - _LAST_RATE) * cosine)
