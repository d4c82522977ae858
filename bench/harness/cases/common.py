"""What several groups have in common."""

APIS = ("v2", "v3")

# Behind a limit for v3: the Go package has no other API.
GO_ON_V2 = ", which is on v2"


def no_v2(api):
    """A case's skip(stage)."""

    def skip(stage):
        return "this etcd has no v2" if api == "v2" and not stage.registry.has_v2 else None

    return skip
