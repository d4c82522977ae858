"""The groups of cases, in the order in which they are run and shown."""

from cases import fleet, heartbeat, lookup, memory, tls, watch

GROUPS = (lookup, watch, heartbeat, tls, memory, fleet)
