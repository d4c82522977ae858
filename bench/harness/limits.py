"""Holds the limits against what was measured."""

from dataclasses import dataclass
from typing import Optional

from model import Figure, Limit

QUICK_SLACK = 1.5


@dataclass
class Verdict:
    """figure None: there was nothing to compare, and missing says what."""

    limit: Limit
    figure: Optional[Figure]
    missing: str = ""

    @property
    def is_good(self):
        return self.figure is not None and self.limit.holds(self.figure)

    @property
    def is_good_enough(self):
        """For the quick mode, on a noisy machine."""
        if self.figure is None or not self.limit.is_ratio:
            return True
        return self.limit.holds_so_far(self.figure, QUICK_SLACK)


def judge(limits, outcomes):
    return [_judge(limit, outcomes) for limit in limits if all(c in outcomes for c in limit.cases)]


def _judge(limit, outcomes):
    figure = limit.figure(outcomes)
    return Verdict(limit, figure, "" if figure else _missing(limit, outcomes))


def _missing(limit, outcomes):
    for case in limit.cases:
        outcome = outcomes[case]
        if outcome.skipped:
            return outcome.skipped
        if outcome.declined:
            return "; ".join(f"{name}: {why}" for name, why in outcome.declined.items())
    return "a program is absent"
