"""Picks from a live view, memory, and how both grow."""

import registry
from cases.common import APIS, no_v2
from model import Case, Group, Limit, no_more_than

SHARDS = 8
FEW, MANY = 1000, 100000
SERVICE = "sharded"

PICK = "pick from the live view of 300 hosts"
PICK_FIRST = f"{PICK}, the first"
PICK_SHARD = f"{PICK}, at random of one of {SHARDS} shards"


def _pick(name, value, quick=False):
    def run(stage, program):
        etcd = stage.sharded(SERVICE, SHARDS)
        given = {"url": etcd.url, "api": "v3", "service": SERVICE, "shard": "shard-1"}
        return stage.run(program, "pick", **given, count=2000000 if stage.quick else 20000000)

    return Case(
        name=name,
        ask="pick",
        programs=("uvdisco",),
        run=run,
        value=lambda result: result[value],
        unit="ns",
        quick=quick,
    )


def memory_name(what, api):
    return f"memory of one {what}, {api}"


def _memory(what, api, count, value="bytes_each", unit="bytes", url=None, **more):
    def run(stage, program):
        servers = {None: "replay", "etcd": "memory_etcd", "registry": "registry"}
        server = getattr(stage, servers[url])
        given = {"url": server.url, "api": api, "what": what, "count": count} | more
        return stage.run(program, "memory", **given)

    return Case(
        name=memory_name(what, api),
        ask="memory",
        programs=("uvdisco", "curl") if what in ("connection", "snapshot") else ("uvdisco",),
        run=run,
        value=lambda result: result[value],
        unit=unit,
        quick=what == "registration" and api == "v3",
        skip=no_v2(api),
    )


def growth_name(what, api, hosts):
    return f"{what}, {api}, {hosts:,} hosts"


def _growth(what, api, hosts):
    def run(stage, program):
        etcd, replay = stage.many(FEW, MANY)
        url = etcd.url if what == "view" else replay.url
        given = {"url": url, "api": api, "what": what, "count": hosts}
        given |= {"service": registry.service_name(hosts), "most_bytes": 1 << 30}
        return stage.run(program, "memory", **given, timeout=60)

    return Case(
        name=growth_name(what, api, hosts),
        ask="memory",
        programs=("uvdisco",),
        run=run,
        unit="CPU µs per host",
    )


CASES = [
    _pick(PICK, "random_ns", quick=True),
    _pick(PICK_FIRST, "first_ns"),
    _pick(PICK_SHARD, "shard_ns"),
]
for _api in APIS:
    CASES += [
        _memory("connection", _api, 100, service="web3", connections=200, info=1),
        _memory("registration", _api, 1000, url="etcd"),
        _memory("subscription", _api, 1000, url="etcd"),
        _memory("view", _api, 10000, url="registry", service=registry.service_name(10000)),
        _memory("snapshot", _api, 10000, service=registry.service_name(10000)),
    ]
CASES += [_growth(what, "v3", hosts) for what in ("snapshot", "view") for hosts in (FEW, MANY)]

GROUP = Group(
    name="memory",
    title="Picks, memory and growth",
    note="Memory as the library's allocation hooks see it, rounded up by the C library; of libcurl's"
    " program all that the C library has allocated.",
)


def _growth_limit(what, value, of):
    few, many = (growth_name(what, "v3", hosts) for hosts in (FEW, MANY))

    def figure(outcomes):
        return outcomes[many].against(outcomes[few], "uvdisco", value)

    return Limit(
        row=f"growth: {of} per host, {what}, {MANY:,} hosts",
        wanted=f"at most 1.3 times that of {FEW:,}",
        bound=1.3,
        figure=figure,
        cases=(few, many),
    )


def _cpu(result):
    return result["cpu_us"] / result["operations"]


LIMITS = [
    no_more_than(PICK, PICK, "uvdisco", 50, "ns"),
    no_more_than(PICK_FIRST, PICK_FIRST, "uvdisco", 50, "ns"),
    no_more_than(PICK_SHARD, PICK_SHARD, "uvdisco", 50, "ns"),
    no_more_than(
        f"{PICK}: allocations",
        PICK,
        "uvdisco",
        0,
        "",
        lambda result: result["allocations"],
        "none",
    ),
]
for _api in APIS:
    for _what in ("view", "snapshot"):
        LIMITS.append(
            no_more_than(
                f"{memory_name(_what, _api)}: for each host",
                memory_name(_what, _api),
                "uvdisco",
                1.5,
                "times the bytes of its strings",
                lambda result: result["times_strings"],
            )
        )
    for _what in ("registration", "subscription"):
        _name = memory_name(_what, _api)
        LIMITS.append(no_more_than(_name, _name, "uvdisco", 1024, "bytes"))
for _what in ("snapshot", "view"):
    LIMITS += [
        _growth_limit(_what, _cpu, "time"),
        _growth_limit(_what, lambda result: result["bytes_each"], "memory"),
    ]
