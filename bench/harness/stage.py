"""What the cases run on: servers, each started when it is first asked for."""

from functools import cached_property

import recording
import registry
import servers


class Stage:
    """quick: less of everything."""

    def __init__(self, programs, etcd_program, work, quick):
        self.programs = programs
        self.etcd_program = etcd_program
        self.work = work
        self.quick = quick
        self.etcd_version = ".".join(str(part) for part in servers.etcd_version(etcd_program))

    @cached_property
    def certificates(self):
        return servers.Certificates(self.work)

    @cached_property
    def registry(self):
        """An etcd with services of 3 to 10,000 hosts, which nobody changes."""
        etcd = self.new_etcd()
        registry.fill(etcd, registry.SIZES[:3] if self.quick else registry.SIZES)
        return etcd

    @cached_property
    def registry_tls(self):
        """The same, for those who have a certificate."""
        return self._copy_of_registry(tls=self.certificates)

    @cached_property
    def recorded(self):
        """The etcd on which the watches were recorded, with all events in its history."""
        return self._copy_of_registry()

    @cached_property
    def events(self):
        """Files of the recorded watches: as many events of each API as event_count tells."""
        return recording.record(self.recorded, self.event_count, self.work)

    @cached_property
    def memory_etcd(self):
        """For hosts that come and go."""
        return self.new_etcd()

    @cached_property
    def _sharded(self):
        return {}

    def sharded(self, service, shards):
        """An etcd with a service of 300 hosts on so many shards."""
        if service not in self._sharded:
            etcd = self.new_etcd()
            registry.fill_sharded(etcd, service, 300, shards)
            self._sharded[service] = etcd
        return self._sharded[service]

    @cached_property
    def _many(self):
        return {}

    def many(self, *sizes):
        """An etcd with services of these sizes, in v3 alone, and its replay."""
        if sizes not in self._many:
            etcd = self.new_etcd()
            registry.fill(etcd, sizes, v2=False)
            program = self.programs.directory / "replay-server"
            self._many[sizes] = (etcd, servers.Replay(program, etcd))
        return self._many[sizes]

    @property
    def event_count(self):
        """Of one stream, and of as many polls as take a similar time."""
        return {"v3": 10000, "v2": 1000} if self.quick else {"v3": 100000, "v2": 20000}

    @cached_property
    def replay(self):
        """Answers as the registry does."""
        return self._replay()

    @cached_property
    def replay_tls(self):
        """Likewise, to those who have a certificate."""
        return self._replay(tls=self.certificates)

    @cached_property
    def replay_watch(self):
        """Likewise, with the recorded watches."""
        return self._replay(events=self.events)

    def new_etcd(self, tls=False):
        """An etcd of one's own, to be stopped with remove()."""
        certificates = self.certificates if tls else None
        return servers.Etcd(self.etcd_program, self.work, tls=certificates)

    @property
    def tls_arguments(self):
        files = self.certificates
        return {"ca": files.ca, "cert": files.client, "key": files.client_key}

    def run(self, program, case, **arguments):
        """What a program says of a case; raises programs.Declined, or Trouble."""
        return self.programs.run(program, case, arguments)

    def _copy_of_registry(self, tls=None):
        self.registry.stop()
        directory = self.registry.copy()
        self.registry.start()
        return servers.Etcd(self.etcd_program, self.work, directory, tls)

    def _replay(self, **options):
        events = options.get("events")
        program = self.programs.directory / "replay-server"
        return servers.Replay(program, self.registry, options.get("tls"), events)
