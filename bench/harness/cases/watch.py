"""Events of a watch, as they were recorded, and the time from a write to the callback."""

import recording
from cases.common import APIS, GO_ON_V2, no_v2
from model import Case, Group, times_as_many


def name(api):
    return (
        f"watch, {api}, events of one {'stream' if api == 'v3' else 'watcher, polled one by one'}"
    )


def latency_name(api):
    return f"from a write to the callback, {api}"


def _arguments(api):
    def arguments(stage):
        given = {"url": stage.replay_watch.url, "api": api, "service": recording.SERVICE}
        return given | {"hosts": recording.HOSTS, "events": stage.event_count[api]}

    return arguments


def _case(api):
    return Case(
        name=name(api),
        ask="watch",
        programs=("floor", "uvdisco", "curl", "go", "node"),
        arguments=_arguments(api),
        unit="CPU µs per event",
        quick=api == "v3",
        # What speaks gRPC cannot be replayed to: it watches the history of a real etcd.
        own={"node": lambda stage: {"url": stage.recorded.url}} if api == "v3" else {},
        skip=no_v2(api),
    )


def _latency(api):
    def run(stage, program):
        etcd = stage.new_etcd()
        try:
            return stage.run(program, "latency", url=etcd.url, api=api, count=2000)
        finally:
            etcd.remove()

    return Case(
        name=latency_name(api),
        ask="latency",
        programs=("uvdisco", "go", "node"),
        run=run,
        value=lambda result: result["median_us"],
        unit="µs, median, with the etcd itself",
        skip=no_v2(api),
    )


CASES = [_case(api) for api in APIS] + [_latency(api) for api in APIS]

GROUP = Group(
    name="watch",
    title="Watch",
    note="Client CPU in µs for each event, every host decoded; and how long a change takes to come.",
    plot=[name(api) for api in APIS],
    also={"p99_us": "of 100 changes the slowest takes longer, µs"},
)

LIMITS = [
    times_as_many(name("v3"), name("v3"), "uvdisco", "curl", 5, so_far=3.15),
    times_as_many(name("v3"), name("v3"), "uvdisco", "go", 10, to_case=name("v2"), note=GO_ON_V2),
]
