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
from processes import Trouble
from programs import Declined

COUNTS = (1, 100, 1000, 10000)
SERVICE = "beat"
TTL = 5
SECONDS = 8
QUICK_SECONDS = 5
# The peers' interval: each host is written once in it, whenever it begins.
PEER_SECONDS = 4
WATCHERS = 100
HEARD_WITHIN = 10
ASIDE = 1  # seconds at both ends, in which nobody watches yet or any more


def name(api, count):
    return f"heartbeats, {api}, {count:,} registrations"


class Watchers(threading.Thread):
    """When all hosts are there, opens watches of the service, and counts the bytes that come once all
    of these are there. In the end something is written, which all must hear: else they would have
    heard nothing anyway."""

    def __init__(self, etcd, api, hosts, seconds):
        super().__init__(daemon=True)
        self.etcd = etcd
        self.api = api
        self.hosts = hosts
        self.seconds = seconds
        self.bytes = None
        self.requests = None
        self.cpu_us = None
        self.deaf = WATCHERS
        self.trouble = None

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

    def _write(self):
        put = {"v2": registry.v2_put, "v3": registry.v3_put}[self.api]
        writer = registry.Writer(self.etcd)
        writer.send([put(f"/services/{SERVICE}/heard", "by all")])
        writer.close()

    def _hear(self, selector):
        self._write()
        end = time.monotonic() + HEARD_WITHIN
        hearing = set()
        while len(hearing) < WATCHERS and (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                if key.fileobj.recv(65536):
                    hearing.add(key.fd)
        self.deaf = WATCHERS - len(hearing)

    def run(self):
        try:
            self._wait_for_hosts()
            self._watch()
        except (OSError, Trouble) as error:
            self.trouble = error

    def result(self):
        """Of them, when the program has ended."""
        self.join(60)
        if self.is_alive() or self.trouble:
            raise Trouble(f"the watchers have failed: {self.trouble or 'they hang'}")
        if self.deaf:
            raise Trouble(f"{self.deaf} of {WATCHERS} watchers hear nothing")
        return {
            "bytes_to_watchers": self.bytes,
            "requests_per_second": self.requests,
            "server_cores": self.cpu_us / 1e6,
        }

    def _wait_for_hosts(self):
        end = time.monotonic() + 60
        while not are_there(self.etcd, self.api, self.hosts):
            if time.monotonic() > end:
                raise Trouble(f"{self.hosts} hosts do not come")
            time.sleep(0.1 if self.hosts < 10000 else 0.5)

    def _watch(self):
        with selectors.DefaultSelector() as selector:
            self._open(selector)
            self._count(selector, time.monotonic() + ASIDE)  # the heads
            requests, cpu_us = requests_of(self.etcd, self.api), self.etcd.cpu_us()
            begin = time.monotonic()
            self.bytes = self._count(selector, begin + self.seconds)
            took = time.monotonic() - begin
            self.requests = (requests_of(self.etcd, self.api) - requests) / took
            self.cpu_us = (self.etcd.cpu_us() - cpu_us) / took
            self._hear(selector)
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


def _case(api, count):
    def run(stage, program):
        if program == "curl" and stage.quick:
            raise Declined("not in the quick mode")
        seconds = QUICK_SECONDS if stage.quick else SECONDS
        given = {"api": api, "service": SERVICE, "registrations": count, "ttl": TTL}
        given["seconds"] = seconds if program == "uvdisco" else PEER_SECONDS
        etcd = stage.new_etcd()
        watchers = Watchers(etcd, api, count, seconds - 3 * ASIDE)
        try:
            if program == "uvdisco":
                watchers.start()
            result = stage.run(program, "heartbeat", url=etcd.url, **given)
            return result | (watchers.result() if program == "uvdisco" else {})
        finally:
            etcd.remove()

    return Case(
        name=name(api, count),
        ask="heartbeat",
        programs=("uvdisco", "curl", "go") if count >= 1000 else ("uvdisco", "go"),
        run=run,
        value=lambda result: 1000 * result["cpu_us"] / result["wall_us"],
        unit="thousandths of one core, the client's",
        quick=(api, count) == ("v2", 1000),
        quick_rounds=2,
        skip=no_v2(api),
    )


CASES = [_case(api, count) for api in APIS for count in COUNTS]

GROUP = Group(
    name="heartbeat",
    title="Heartbeats",
    note=f"Client CPU in thousandths of one core, with a time to live of {TTL} s. The peers write the"
    f" hosts every {PEER_SECONDS} s. While this library keeps its hosts, {WATCHERS} watch them.",
    plot=[name(api, count) for api in APIS for count in COUNTS],
    also={
        "server_cores": "the server's cores",
        "requests_per_second": "requests/s",
        "bytes_to_watchers": f"bytes to {WATCHERS} watchers",
        "allocations": "allocations",
    },
)

LIMITS = [
    no_more_than(name("v3", 10000), name("v3", 10000), "uvdisco", 1, "thousandths of one core"),
    # An interval lasts 1.5 s at least; the window of five seconds may begin and end with a request.
    no_more_than(
        f"{name('v3', 10000)}: one request per interval",
        name("v3", 10000),
        "uvdisco",
        0.8,
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
for _api in APIS:
    LIMITS.append(
        no_more_than(
            f"{name(_api, 1000)}: allocations",
            name(_api, 1000),
            "uvdisco",
            0,
            "",
            lambda result: result["allocations"],
            "none",
        )
    )
