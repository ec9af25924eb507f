"""The file a client reads to find the cluster."""

import yaml


def kubeconfig(url: str, token: str | None) -> str:
    """Return a kubeconfig (YAML) with one context, `demo`, for the cluster at `url`."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "demo", "cluster": {"server": url}}],
        "users": [{"name": "demo", "user": {"token": token} if token else {}}],
        "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "demo", "namespace": "default"}}],
        "current-context": "demo",
    }
    return yaml.safe_dump(config, sort_keys=False)
