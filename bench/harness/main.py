"""Runs the benchmarks; bench/run.sh calls it with what it has built.

A run that does not come to its end, for whatever reason, writes nothing, and leaves no process and no
file behind. Exit status 0; 1: what went wrong is said on stderr; in the quick mode also when a
limit is missed by more than half."""

import argparse
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import limits
import machine
import plots
import processes
import report
import servers
from cases import GROUPS
from processes import Trouble
from programs import Programs
from rounds import run_case, say
from stage import Stage

ROUNDS = 5
QUICK_ROUNDS = 3


def read_arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh")
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("--etcd", required=True)
    parser.add_argument("--results", required=True, type=Path)
    parser.add_argument("--absent", action="append", default=[], metavar="PROGRAM=WHY")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, help="how many, of each case")
    parser.add_argument(
        "--only", type=re.compile, metavar="REGEX", help="cases whose name has this"
    )
    parser.add_argument("--timeout", type=int, default=180, help="seconds that a program may take")
    parser.add_argument("--no-plots", action="store_true")
    parser.add_argument("--parent", type=int, help="the process with which this one is to end")
    return parser.parse_args()


def chosen_groups(arguments):
    """[(module, [Case, ...]), ...]"""
    for module in GROUPS:
        cases = [case for case in module.CASES if case.quick or not arguments.quick]
        if arguments.only:
            cases = [case for case in cases if arguments.only.search(case.name)]
        if cases:
            yield module, cases


def measure(stage, arguments):
    """([(Group, [Outcome, ...]), ...], verdicts)"""
    groups = []
    outcomes = {}
    all_limits = []
    for module, cases in chosen_groups(arguments):
        begun = time.monotonic()
        of_group = [run_case(stage, case, rounds_of(case, arguments)) for case in cases]
        say(f"{module.GROUP.name}: {(time.monotonic() - begun) / 60:.1f} minutes")
        groups.append((module.GROUP, of_group))
        outcomes |= {outcome.case.name: outcome for outcome in of_group}
        all_limits += module.LIMITS
    if not groups:
        raise Trouble("no case has such a name")
    verdicts = limits.judge(all_limits, outcomes)
    if arguments.quick:
        verdicts = second_chance(stage, all_limits, outcomes, verdicts, arguments)
    return groups, verdicts


def rounds_of(case, arguments):
    if arguments.rounds:
        return arguments.rounds
    if arguments.quick:
        return case.quick_rounds or QUICK_ROUNDS
    return case.rounds or ROUNDS


def second_chance(stage, all_limits, outcomes, verdicts, arguments):
    """What is missed is measured longer: something else may have run on this machine."""
    missed = {c for verdict in verdicts if not verdict.is_good_enough for c in verdict.limit.cases}
    for name in missed:
        case = outcomes[name].case
        run_case(stage, case, 2 * rounds_of(case, arguments), outcomes[name])
    return limits.judge(all_limits, outcomes) if missed else verdicts


def write_results(directory, stage, groups, verdicts, with_plots):
    """All of it, or nothing: written beside its place, and then renamed."""
    directory = directory.resolve()
    directory.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    old = Path(f"{new}-old")
    try:
        new.chmod(0o755)
        report.write(new, machine.describe(stage), groups, verdicts)
        if with_plots:
            plots.draw(new, groups)
        if directory.exists():
            directory.rename(old)
        new.rename(directory)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def run(arguments, work):
    absent = dict(text.split("=", 1) for text in arguments.absent)
    programs = Programs(arguments.build, absent, arguments.timeout)
    stage = Stage(programs, arguments.etcd, work, arguments.quick)
    groups, verdicts = measure(stage, arguments)
    with_plots = not arguments.no_plots and not arguments.quick
    write_results(arguments.results, stage, groups, verdicts, with_plots)
    print((arguments.results / "table.md").read_text(encoding="utf-8"))
    missed = [verdict for verdict in verdicts if not verdict.is_good_enough]
    if arguments.quick and missed:
        say("worse than half as much again as wanted:\n" + report.limits_table(missed))
        return 1
    return 0


def main():
    arguments = read_arguments()
    processes.guard(arguments.parent)
    work = servers.work_directory()
    try:
        return run(arguments, work)
    except Trouble as trouble:
        say(f"bench: {trouble}")
        return 1
    finally:
        processes.stop_all()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
