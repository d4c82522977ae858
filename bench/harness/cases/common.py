"""What several groups have in common."""

APIS = ("v2", "v3")


def no_v2(api):
    """A case's skip(stage)."""

    def skip(stage):
        return "this etcd has no v2" if api == "v2" and not stage.registry.has_v2 else None

    return skip
