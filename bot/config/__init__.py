"""The configuration: frozen values, read once, with errors that name file, line and key."""

from bot.config.load import ConfigError, load
from bot.config.settings import Cluster, Person, Settings
from bot.core.policy import Role

__all__ = ["Cluster", "ConfigError", "Person", "Role", "Settings", "load"]
