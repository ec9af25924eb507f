"""What a person can ask: one file per subject, each a frozen result and a handler that asks clients and returns it.

Handlers never write text, never import a vendor or a formatter and never ask for the time but through their context.
"""

from bot.command import Command
from commands.alerts import alerts
from commands.announce import announce
from commands.audit import audit
from commands.backup import backup
from commands.backupnow import backup_now
from commands.cards import history, why
from commands.certs import cert, certs
from commands.check import check
from commands.db import db, db_connections
from commands.doctor import doctor
from commands.events import events
from commands.exec import exec_
from commands.graph import graph
from commands.help import help_
from commands.kv import kv_get, kv_list
from commands.kvwrite import kv_patch, kv_put, kv_rollback
from commands.logs import logs
from commands.loki import loki
from commands.objects import describe, get
from commands.oncall import assign, handover, oncall
from commands.ping import ping
from commands.putback import delete
from commands.renew import cert_renew
from commands.restart import restart
from commands.restore import restore_plan
from commands.rollout import rollout_history, rollout_status, rollout_undo, scale
from commands.rotate import rotate
from commands.rotatedb import rotate_db
from commands.seal import seal
from commands.secrets import resync, secrets
from commands.silences import expire, extend, silence, silences
from commands.status import status
from commands.stop import stop
from commands.taking import ack, mute, unack, unmute
from commands.top import top
from commands.undo import undo
from commands.unseal import unseal, unseal_cancel
from commands.vault import vault_status

COMMANDS: tuple[Command, ...] = (
    status,
    check,
    logs,
    loki,
    events,
    top,
    get,
    describe,
    certs,
    cert,
    alerts,
    silences,
    why,
    history,
    graph,
    oncall,
    rollout_status,
    rollout_history,
    db,
    db_connections,
    backup,
    restore_plan,
    vault_status,
    kv_list,
    kv_get,
    secrets,
    doctor,
    ping,
    audit,
    ack,
    unack,
    mute,
    unmute,
    silence,
    extend,
    expire,
    assign,
    handover,
    unseal,
    unseal_cancel,
    seal,
    kv_patch,
    kv_put,
    kv_rollback,
    restart,
    rollout_undo,
    scale,
    resync,
    rotate,
    rotate_db,
    backup_now,
    cert_renew,
    delete,
    exec_,
    announce,
    undo,
    stop,
    help_,
)
"""Every command, in the order help shows them."""
