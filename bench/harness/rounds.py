"""Runs cases: in each round each program once, one after the other."""

import sys
import time

from model import Outcome
from processes import Trouble
from programs import Declined

# What nothing is held against; the quick mode leaves it out.
NO_LIMITS = ("node",)


def say(text):
    print(text, file=sys.stderr, flush=True)


def _measure(stage, case, program):
    if case.run is not None:
        return case.run(stage, program)
    arguments = case.arguments(stage)
    if program in case.more:
        arguments = arguments | {"count": arguments["count"] * case.more[program]}
    if program in case.own:
        arguments = arguments | case.own[program](stage)
    return stage.run(program, case.ask, **arguments)


def run_case(stage, case, count, outcome=None):
    """count rounds; more of them, where there is an outcome already."""
    outcome = outcome or Outcome(case)
    begun = time.monotonic()
    outcome.skipped = case.skip(stage)
    if outcome.skipped:
        say(f"{case.name}: skipped: {outcome.skipped}")
        return outcome
    for _ in range(count):
        for program in case.programs:
            if program in stage.programs.absent or program in outcome.declined:
                continue
            if stage.quick and program in NO_LIMITS:
                continue
            try:
                result = _measure(stage, case, program)
            except Declined as declined:
                outcome.declined[program] = str(declined)
            except Trouble as trouble:
                raise Trouble(f"{case.name}: {program}: {trouble}") from trouble
            else:
                outcome.rounds.setdefault(program, []).append(result)
    say(f"{case.name}: {_summary(outcome)}, {time.monotonic() - begun:.0f} s")
    return outcome


def _summary(outcome):
    figures = ((program, outcome.figure(program)) for program in outcome.case.programs)
    parts = [f"{program} {figure.median:.4g}" for program, figure in figures if figure]
    return f"{', '.join(parts) or 'nothing'} ({outcome.case.unit})"
