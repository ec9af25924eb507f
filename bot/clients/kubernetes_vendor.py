"""The vendor's package for Kubernetes, without its models: they take 60 MB and two seconds, and we ask for none."""

import logging
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

_NAME = "kubernetes_asyncio"
# Packages whose own code would import every model and every API. Their modules work without that.
_HOLLOW = (_NAME, f"{_NAME}.client", f"{_NAME}.client.models")
_USED = (("configuration", "Configuration"), ("api_client", "ApiClient"))


def load() -> Any:
    """Import what is used of it: `client.Configuration`, `client.ApiClient` and `config`; takes a moment."""
    if _NAME not in sys.modules:
        for name in _HOLLOW:
            _hollow(name)
        client = sys.modules[f"{_NAME}.client"]
        for module, name in _USED:
            setattr(client, name, getattr(import_module(f"{_NAME}.client.{module}"), name))
        import_module(f"{_NAME}.config")
    # At DEBUG it writes whole answers into the log (K3).
    logger = logging.getLogger(_NAME)
    logger.setLevel(max(logging.WARNING, logger.getEffectiveLevel()))
    return sys.modules[_NAME]


def _hollow(name: str) -> ModuleType:
    """Put a package in its place without running it, so that its modules can be imported from where they are."""
    spec = find_spec(name)
    if spec is None:
        raise ImportError(f"{name} is not installed")
    module = module_from_spec(spec)
    sys.modules[name] = module
    parent, _, own = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], own, module)
    return module
