"""A fleet of clients in one process whose etcd is killed, stays away, and comes back."""

import threading
import time

from cases.common import APIS, no_v2
from cases import heartbeat
from model import Case, Group
from processes import Trouble
from programs import Declined

SERVICE = "fleet"
CLIENTS = 2000
TTL = 5
AWAY = 8
SETTLE = 1  # until the clients know that they are there
SAMPLE = 0.25


def name(api):
    return f"fleet, {api}, {CLIENTS:,} clients, etcd killed and restarted"


class Outage(threading.Thread):
    """Kills etcd when all hosts are there; starts it again; samples how much it is asked for."""

    def __init__(self, etcd, api):
        super().__init__(daemon=True)
        self.etcd = etcd
        self.api = api
        self.peak = 0.0
        self.back_ns = None
        self.ended = threading.Event()

    def _are_there(self):
        try:
            return heartbeat.are_there(self.etcd, self.api, CLIENTS, SERVICE)
        except OSError:
            return False

    def run(self):
        end = time.monotonic() + 60
        while time.monotonic() < end and not self._are_there():
            time.sleep(0.3)
        time.sleep(SETTLE)
        self.etcd.kill()
        time.sleep(AWAY)
        self.etcd.start()
        self.back_ns = time.monotonic_ns()
        before, when = 0.0, time.monotonic()
        while not self.ended.wait(SAMPLE):
            try:
                count, now = heartbeat.all_requests_of(self.etcd), time.monotonic()
            except OSError:
                continue
            self.peak = max(self.peak, (count - before) / (now - when))
            before, when = count, now


def _run(stage, program, given):
    """On v3 so many clients that start in one moment may keep etcd so busy that they never get ready;
    that is to be seen in the results, and not to end them."""
    try:
        return stage.run(program, "fleet", **given)
    except Trouble as trouble:
        raise Declined(str(trouble)) from trouble


def _case(api):
    def run(stage, program):
        etcd = stage.new_etcd()
        outage = Outage(etcd, api)
        outage.start()
        try:
            given = {"url": etcd.url, "api": api, "clients": CLIENTS, "ttl": TTL, "timeout": 60}
            result = _run(stage, program, given)
            result["peak_requests_per_second"] = outage.peak
            result["ready_again_ms"] = (result["last_ns"] - outage.back_ns) / 1e6
            return result
        finally:
            outage.ended.set()
            outage.join(30)
            etcd.remove()

    return Case(
        name=name(api),
        ask="fleet",
        programs=("uvdisco",),
        run=run,
        value=lambda result: result["ready_again_ms"],
        unit="ms until all are READY again",
        rounds=1,
        skip=no_v2(api),
    )


CASES = [_case(api) for api in APIS]

GROUP = Group(
    name="fleet",
    title="A fleet and its etcd",
    note=f"etcd is away for {AWAY} s, longer than the time to live of {TTL} s.",
)

LIMITS = []
