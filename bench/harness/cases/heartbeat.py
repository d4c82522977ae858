"""Hosts that stay registered: what that costs the client, the server, and those who watch."""

import re
import selectors
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import registry
from cases.common import APIS, no_v2
from model import Case, Group, at_most, no_more_than
from programs import Declined

COUNTS = (1, 100, 1000, 10000)
SERVICE = "beat"
TTL = 5
SECONDS = 6
QUICK_SECONDS = 5
WATCHERS = 100
ASIDE = 1  # seconds at both ends, in which nobody watches yet or any more


def name(api, count):
    return f"heartbeats, {api}, {count:,} registrations"


class Watchers(threading.Thread):
    """Opens watches of the service, and counts the bytes that come once all of them are there."""

    def __init__(self, etcd, api, seconds):
        super().__init__(daemon=True)
        self.etcd = etcd
        self.api = api
        self.seconds = seconds
        self.bytes = None
        self.requests = None
        self.cpu_us = None

    def _request(self):
        prefix = f"/services/{SERVICE}"
        if self.api == "v2":
            target = f"/v2/keys{prefix}?wait=true&recursive=true&stream=true"
            return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        key, end = registry.b64(prefix + "/"), registry.b64(prefix + "0")
        body = f'{{"create_request":{{"key":"{key}","range_end":"{end}"}}}}'
        head = f"POST /v3/watch HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        return (head + body).encode()

    def _open(self, selector):
        host, port = self.etcd.address.split(":")
        for _ in range(WATCHERS):
            watcher = socket.create_connection((host, int(port)), timeout=10)
            watcher.sendall(self._request())
            watcher.setblocking(False)
            selector.register(watcher, selectors.EVENT_READ)

    @staticmethod
    def _count(selector, until):
        count = 0
        while (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                count += len(key.fileobj.recv(65536))
        return count

    def run(self):
        with selectors.DefaultSelector() as selector:
            self._open(selector)
            self._count(selector, time.monotonic() + ASIDE)  # the heads
            requests, cpu_us = requests_of(self.etcd, self.api), self.etcd.cpu_us()
            begin = time.monotonic()
            self.bytes = self._count(selector, begin + self.seconds)
            took = time.monotonic() - begin
            self.requests = (requests_of(self.etcd, self.api) - requests) / took
            self.cpu_us = (self.etcd.cpu_us() - cpu_us) / took
            for key in list(selector.get_map().values()):
                key.fileobj.close()


def requests_of(etcd, api):
    """Heartbeats that this etcd has been sent so far."""
    with urllib.request.urlopen(f"{etcd.url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    wanted = {
        "v2": r'^etcd_http_received_total\{method="PUT"\} (\S+)$',
        "v3": r'^grpc_server_started_total\{grpc_method="LeaseKeepAlive",.*\} (\S+)$',
    }
    found = re.search(wanted[api], text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def all_requests_of(etcd):
    """Whatever it has been asked so far, by either API."""
    with urllib.request.urlopen(f"{etcd.url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    counters = r"^(?:etcd_http_received_total|grpc_server_started_total)\{.*\} (\S+)$"
    return sum(float(count) for count in re.findall(counters, text, re.MULTILINE))


def are_there(etcd, api, count, service=SERVICE):
    if api == "v2":
        target = urllib.parse.quote(f"/v2/keys/services/{service}")
        try:
            with urllib.request.urlopen(f"{etcd.url}{target}", timeout=10) as answer:
                return answer.read().count(b'"createdIndex"') > count
        except urllib.error.HTTPError:
            return False
    body = f'{{"key":"{registry.b64(f"/services/{service}/")}",'
    body += f'"range_end":"{registry.b64(f"/services/{service}0")}","count_only":true}}'
    request = urllib.request.Request(f"{etcd.url}/v3/kv/range", body.encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return f'"count":"{count}"' in answer.read().decode()


def _watch_once_there(etcd, api, count, seconds, watched):
    """In a thread: when all hosts are there, watches for the time that is left."""
    end = time.monotonic() + 60
    while time.monotonic() < end and not are_there(etcd, api, count):
        time.sleep(0.1 if count < 10000 else 0.5)
    watchers = Watchers(etcd, api, seconds)
    watched.append(watchers)
    watchers.run()


def _case(api, count):
    def run(stage, program):
        if program == "curl" and stage.quick:
            raise Declined("not in the quick mode")
        seconds = QUICK_SECONDS if stage.quick else SECONDS
        etcd = stage.new_etcd()
        watched = []
        given = (etcd, api, count, seconds - 3 * ASIDE, watched)
        thread = threading.Thread(target=_watch_once_there, args=given, daemon=True)
        try:
            if program == "uvdisco" and count <= 1000:
                thread.start()
            result = stage.run(
                program,
                "heartbeat",
                url=etcd.url,
                api=api,
                service=SERVICE,
                registrations=count,
                ttl=TTL,
                seconds=seconds,
            )
            if thread.is_alive() or watched:
                thread.join(60)
                result["bytes_to_watchers"] = watched[0].bytes
                result["requests_per_second"] = watched[0].requests
                result["server_cores"] = watched[0].cpu_us / 1e6
            return result
        finally:
            etcd.remove()

    return Case(
        name=name(api, count),
        ask="heartbeat",
        programs=("uvdisco", "curl", "go") if count >= 1000 else ("uvdisco", "go"),
        run=run,
        value=lambda result: 1000 * result["cpu_us"] / result["wall_us"],
        unit="thousandths of one core, the client's",
        quick=(api, count) == ("v3", 1000),
        rounds=1,
        skip=no_v2(api),
    )


CASES = [_case(api, count) for api in APIS for count in COUNTS]

GROUP = Group(
    name="heartbeat",
    title="Heartbeats",
    note=f"Client CPU in thousandths of one core, with a time to live of {TTL} s.",
    plot=[name(api, count) for api in APIS for count in COUNTS],
)

LIMITS = [
    no_more_than(name("v3", 10000), name("v3", 10000), "uvdisco", 1, "thousandths of one core"),
    no_more_than(
        f"{name('v3', 1000)}: one request per interval",
        name("v3", 1000),
        "uvdisco",
        1.5,
        "requests per second",
        lambda result: result["requests_per_second"],
    ),
    at_most(name("v2", 1000), name("v2", 1000), "uvdisco", "go", 0.3),
    no_more_than(
        f"{name('v2', 1000)}: to {WATCHERS} watchers",
        name("v2", 1000),
        "uvdisco",
        0,
        "bytes",
        lambda result: result["bytes_to_watchers"],
        "not a byte",
    ),
]
