"""The simulated Kubernetes API: objects, versions, watches, logs, exec and faults over HTTP, on loopback.

Here belongs what any cluster does. What is in this one (the SBBB) belongs to `bot.demo.world`.
"""

from bot.demo.cluster.exec import ExecAnswer
from bot.demo.cluster.kubeconfig import kubeconfig
from bot.demo.cluster.logs import LogLine
from bot.demo.cluster.refusals import Refusal
from bot.demo.cluster.server import SimulatedCluster
from bot.demo.cluster.store import Object, Store

__all__ = ["ExecAnswer", "LogLine", "Object", "Refusal", "SimulatedCluster", "Store", "kubeconfig"]
