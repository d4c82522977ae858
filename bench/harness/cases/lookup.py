"""Lookups, by callers that share nothing, and by callers that ask at once through one client."""

import registry
from cases.common import GO_ON_V2, no_v2
from model import Case, Group, at_most, no_more_than

SIZES = registry.SIZES
CALLERS = (1, 8, 64)
QUICK = ((3, 8), (30, 8), (300, 8), (300, 64))
ROUGH_US = {3: 60, 30: 250, 300: 2000, 10000: 80000}
SHARING = 64


def name(api, hosts, callers, tls=False):
    at_once = f"{callers} at once" if callers > 1 else "one at a time"
    return f"lookup, {api}{' TLS' if tls else ''}, {hosts:,} hosts, {at_once}"


def shared_name(api):
    return f"lookup, {api}, 30 hosts, {SHARING} callers of one client"


def _arguments(api, hosts, callers, tls):
    def arguments(stage):
        replay = stage.replay_tls if tls else stage.replay
        busy_us = 100000
        given = {"url": replay.url, "api": api, "service": registry.service_name(hosts)}
        given |= {"hosts": hosts, "concurrency": callers, "info": 1}
        count = max(busy_us // ROUGH_US[hosts], 2 * callers, 8)
        given |= {"count": count, "warm": max(callers, count // 4)}
        return given | (stage.tls_arguments if tls else {})

    return arguments


def _grpc(api, tls):
    """What speaks gRPC cannot be replayed to, and asks the real etcd."""
    if api == "v2":
        return {}
    return {"node": lambda stage: {"url": (stage.registry_tls if tls else stage.registry).url}}


def _programs(hosts, callers, tls):
    """64 times 10,000 hosts take Go and Node minutes."""
    slow = () if (hosts, callers) == (SIZES[-1], CALLERS[-1]) else ("go", "node")
    return (() if tls else ("floor",)) + ("uvdisco", "curl") + slow


def _case(api, hosts, callers, tls):
    return Case(
        name=name(api, hosts, callers, tls),
        ask="lookup",
        programs=_programs(hosts, callers, tls),
        arguments=_arguments(api, hosts, callers, tls),
        unit="CPU µs per lookup",
        quick=(hosts, callers) == (3, 8) if tls else (hosts, callers) in QUICK,
        more={} if hosts == SIZES[-1] else {"floor": 8, "uvdisco": 2 if tls else 4},
        own=_grpc(api, tls),
        skip=no_v2(api),
    )


def _shared(api):
    """One operation is a round of all callers; it is compared with so many lookups of their own, and
    with libcurl, to which they are requests of their own, too."""

    def run(stage, program):
        before = stage.replay.statistics()["requests"]
        given = {"url": stage.replay.url, "api": api, "service": "web30", "hosts": 30}
        given |= {"concurrency": SHARING, "warm": 8, "count": 300 if stage.quick else 2000}
        if program == "uvdisco":
            result = stage.run("uvdisco", "shared", **given)
            requests = stage.replay.statistics()["requests"] - before
            result["requests"] = requests / (given["count"] + given["warm"])
        elif program == "curl":
            given |= {"count": given["count"] // 8, "info": 1}
            result = stage.run("curl", "shared", **given)
            result["requests"] /= given["count"]
        else:
            given |= {"count": given["count"] * 8, "warm": SHARING, "info": 1}
            result = stage.run("uvdisco", "lookup", **given)
            result["operations"] /= SHARING
        return result

    return Case(
        name=shared_name(api),
        ask="shared",
        programs=("uvdisco", "separate", "curl"),
        run=run,
        unit="CPU µs per round of 64",
        quick=True,
        skip=no_v2(api),
    )


CASES = [
    _case(api, hosts, callers, tls)
    for tls in (False, True)
    for api in ("v2", "v3")
    for hosts in SIZES
    for callers in CALLERS
] + [_shared(api) for api in ("v2", "v3")]

GROUP = Group(
    name="lookup",
    title="Lookup",
    note="Client CPU in µs for each lookup of a service, every host decoded.",
    plot=[name(api, hosts, 8) for api in ("v2", "v3") for hosts in SIZES],
)


def _limits_of(api, hosts, callers, bounds):
    return [
        at_most(
            name(api, hosts, callers),
            name(api, hosts, callers),
            "uvdisco",
            to,
            bound,
            so_far=SO_FAR.get((api, hosts, to)),
            to_case=name("v2", hosts, callers) if to == "go" else None,
            note=GO_ON_V2 if to == "go" and api == "v3" else "",
        )
        for to, bound in bounds.items()
    ]


# At 3 hosts much of what it takes is the system's, which the floor has, too.
SO_FAR = {
    ("v2", 3, "curl"): 0.206,
    ("v3", 3, "curl"): 0.24,
    ("v3", 3, "floor"): 2.17,
    ("v2", 30, "curl"): 0.145,
    ("v3", 30, "curl"): 0.175,
    ("v3", 30, "go"): 0.06,
    ("v2", 300, "curl"): 0.12,
    ("v3", 300, "curl"): 0.154,
    ("v3", 300, "go"): 0.044,
    ("v2", 300, "floor"): 4.35,
    ("v3", 300, "floor"): 6.4,
}


LIMITS = [
    at_most(name("v2", 3, 8, True), name("v2", 3, 8, True), "uvdisco", "curl", 0.45),
    at_most(name("v3", 3, 8, True), name("v3", 3, 8, True), "uvdisco", "curl", 0.45),
    at_most(shared_name("v2"), shared_name("v2"), "uvdisco", "separate", 0.05),
    at_most(shared_name("v3"), shared_name("v3"), "uvdisco", "separate", 0.05),
    no_more_than(
        shared_name("v2"),
        shared_name("v2"),
        "uvdisco",
        2,
        "requests",
        lambda r: r["requests"],
        "one request for the hosts and one for the info",
    ),
    no_more_than(
        shared_name("v3"),
        shared_name("v3"),
        "uvdisco",
        1,
        "requests",
        lambda r: r["requests"],
        "one request",
    ),
]
for _api in ("v2", "v3"):
    for _callers in (8, 64):
        LIMITS += _limits_of(_api, 3, _callers, {"curl": 0.20, "go": 0.08, "floor": 2})
    LIMITS += _limits_of(_api, 30, 8, {"curl": 0.12, "go": 0.05})
    for _callers in (8, 64):
        LIMITS += _limits_of(_api, 300, _callers, {"curl": 0.10, "go": 0.03, "floor": 4})
