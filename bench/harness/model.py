"""What a group of cases (cases/<group>.py) is made of.

A group has GROUP (a Group), CASES and LIMITS (lists). A case is run by each of its programs in turn,
in several rounds."""

import statistics
from dataclasses import dataclass, field
from typing import Callable, Optional


def cpu_per_operation(result):
    return result["cpu_us"] / result["operations"]


@dataclass(frozen=True)
class Group:
    """name: of its files; plot: names of the cases that its plot shows, None: no plot; also: what of
    the results is shown beside what is compared, {key: in words}."""

    name: str
    title: str
    note: str = ""
    plot: Optional[list] = None
    logarithmic: bool = True
    also: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """name is unique. A program is asked for the case `ask` with what arguments(stage) gives; where
    more has to be done meanwhile, run(stage, program) does it all and gives the result. value(result)
    is what is compared, in this unit. quick: run in the quick mode, too. rounds: if not the usual
    number, and quick_rounds in the quick mode. more: {program: factor} of what count= says, for those that are too fast to be measured
    well otherwise. own: {program: arguments(stage)} that are given to it alone. skip(stage): why this cannot be run here, or None.
    """

    name: str
    ask: str
    programs: tuple
    arguments: Callable = lambda stage: {}
    run: Optional[Callable] = None
    value: Callable = cpu_per_operation
    unit: str = "CPU µs per operation"
    quick: bool = False
    rounds: Optional[int] = None
    quick_rounds: Optional[int] = None
    more: dict = field(default_factory=dict)
    own: dict = field(default_factory=dict)
    skip: Callable = lambda stage: None


@dataclass
class Figure:
    """Of several rounds."""

    values: list

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def least(self):
        return min(self.values)

    @property
    def most(self):
        return max(self.values)


@dataclass
class Outcome:
    """rounds: {program: [result, ...]}; declined: {program: why}; skipped: why, or None."""

    case: Case
    rounds: dict = field(default_factory=dict)
    declined: dict = field(default_factory=dict)
    skipped: Optional[str] = None

    def figure(self, program, value=None):
        """None: the program has not run this."""
        value = value or self.case.value
        results = self.rounds.get(program)
        return Figure([value(result) for result in results]) if results else None

    def ratio(self, of, to, value=None, other=None):
        """of / to in each round; that of another outcome, where one is given."""
        ours, theirs = self.figure(of, value), (other or self).figure(to, value)
        if ours is None or theirs is None:
            return None
        return Figure([a / b if b else float("inf") for a, b in zip(ours.values, theirs.values)])

    def against(self, other, program, value):
        """The same program's figure, here / there, in each round."""
        here, there = self.figure(program, value), other.figure(program, value)
        if here is None or there is None:
            return None
        return Figure([a / b for a, b in zip(here.values, there.values)])


@dataclass(frozen=True)
class Limit:
    """What must be reached. figure(outcomes), with outcomes {name of case: Outcome}, is compared with
    the bound; None: there is nothing to compare with. cases: those that it is made of. is_ratio: of
    two figures of one run, so that the quick mode holds it, half as much again allowed. so_far: what
    has been reached where that is not yet the bound: the quick mode then holds this, so that it
    does not get worse."""

    row: str
    wanted: str
    bound: float
    figure: Callable
    cases: tuple
    at_least: bool = False
    is_ratio: bool = True
    unit: str = ""
    so_far: Optional[float] = None

    def holds(self, figure):
        return self._holds(figure, self.bound, 1)

    def holds_so_far(self, figure, slack):
        return self._holds(figure, self.so_far or self.bound, slack)

    def _holds(self, figure, bound, slack):
        if self.at_least:
            return figure.median >= bound / slack
        return figure.median <= bound * slack


def at_most(row, case, of, to, bound, value=None, so_far=None, to_case=None, note=""):
    """A limit: what `of` needs is at most bound times what `to` needs, in to_case where that is
    another; the note then says so."""
    to_case = to_case or case
    return Limit(
        row=row,
        wanted=f"at most {bound:g} of {to}{note}",
        bound=bound,
        figure=lambda outcomes: outcomes[case].ratio(of, to, value, outcomes[to_case]),
        cases=(case, to_case),
        so_far=so_far,
    )


def times_as_many(row, case, of, to, bound, so_far=None, to_case=None, note=""):
    """A limit: `of` does at least bound times as many operations per CPU second as `to`, in to_case
    where that is another; the note then says so."""
    to_case = to_case or case
    return Limit(
        row=row,
        wanted=f"at least {bound:g} times {to}{note}",
        bound=bound,
        figure=lambda outcomes: outcomes[to_case].ratio(to, of, None, outcomes[case]),
        cases=(case, to_case),
        at_least=True,
        so_far=so_far,
    )


def no_more_than(row, case, program, bound, unit, value=None, wanted=None):
    """A limit: a figure itself is at most bound."""
    return Limit(
        row=row,
        wanted=wanted or f"at most {bound:g} {unit}",
        bound=bound,
        figure=lambda outcomes: outcomes[case].figure(program, value),
        cases=(case,),
        is_ratio=False,
        unit=unit,
    )
