"""What an action would touch, as its prompt says it: a title that asks, and the evidence below."""

from collections.abc import Callable, Mapping
from typing import Any

from commands.backupnow import BackupPlan
from commands.exec import ExecPlan
from commands.kvwrite import RollbackPlan, WritePlan
from commands.muting import MutePlan
from commands.putback import DeletePlan
from commands.renew import RenewPlan
from commands.restart import RestartPlan
from commands.rollout import ScalePlan, UndoPlan
from commands.rotating import RotationPlan
from commands.seal import SealPlan
from commands.secrets import ResyncPlan
from formatters import backup, kvwrite, muting, restart, rollout, rotate, secrets
from formatters import exec as execs
from formatters.document import Document
from formatters.putback import delete_plan
from formatters.renew import renew_plan
from formatters.seal import seal_plan

PLANS: Mapping[type, Callable[[Any], Document]] = {
    RestartPlan: restart.restart_plan,
    UndoPlan: rollout.undo_plan,
    ScalePlan: rollout.scale_plan,
    MutePlan: muting.mute_plan,
    BackupPlan: backup.backup_plan,
    RenewPlan: renew_plan,
    DeletePlan: delete_plan,
    ExecPlan: execs.exec_plan,
    ResyncPlan: secrets.resync_plan,
    SealPlan: seal_plan,
    WritePlan: kvwrite.write_plan,
    RollbackPlan: kvwrite.rollback_plan,
    RotationPlan: rotate.rotation_plan,
}
"""Type of what a preview found → the function that puts it into words; the title is a question without a glyph."""


def planned(what: object) -> Document:
    """Put what a preview found into words; a missing or failing formatter is a bug and raises."""
    return PLANS[type(what)](what)
