"""Connections by TLS: what making one costs."""

from cases.common import APIS, no_v2
from model import Case, Group


def name(api, resumed):
    return f"TLS handshake and one lookup, {api}, {'resumed' if resumed else 'full'}"


def _case(api, resumed):
    def arguments(stage):
        given = {"url": stage.replay_tls.url, "api": api, "service": "web3", "resumed": resumed}
        given |= {"info": 1, "count": 100 if resumed else 30, "idle_ms": 1 if resumed else None}
        return given | stage.tls_arguments

    return Case(
        name=name(api, resumed),
        ask="handshake",
        programs=("uvdisco", "curl"),
        arguments=arguments,
        unit="CPU µs per connection",
        skip=no_v2(api),
    )


CASES = [_case(api, resumed) for api in APIS for resumed in (0, 1)]

GROUP = Group(
    name="tls",
    title="TLS handshakes",
    note="With certificates of both sides, on the curve P-256. libcurl opens two connections for a lookup on v2.",
    plot=[name(api, resumed) for api in APIS for resumed in (0, 1)],
)

LIMITS = []
