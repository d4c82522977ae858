"""The groups of cases, in the order in which they are run and shown."""

from cases import lookup

GROUPS = (lookup,)
