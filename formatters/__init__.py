"""The words: from a result to what the room reads.

Here belong pure functions from results to documents, one file per subject under the same name as in `commands`.
Never a clock (a result carries the moment it was true), never I/O, never logging, never markup by hand, never a vendor
package: the same result always gives the same words. Foreign text enters as plain `str` nodes and is cleaned and
escaped in `foreign` alone; status glyphs come from `Mark` alone.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bot.core.alerts import AlertCard
from bot.core.ending import SilenceEnds
from bot.core.paging import Escalated, Over, Page, Reminder, SecondPage
from bot.core.replies import (
    Broken,
    Changed,
    CutOff,
    Failure,
    Leaked,
    Misread,
    NotRecorded,
    Nudge,
    Prompt,
    PromptHint,
    PromptOver,
    Refusal,
    StrangerSeen,
    StrangerTried,
    TookTooLong,
    Unsure,
    Whispered,
)
from bot.core.standing import Board, BoardNotPinned, Digest, QuietOver
from bot.core.storm import StormCard
from bot.core.watchdog import WatchdogSilent
from commands.alerts import AlertList
from commands.announce import Announced, Announcement
from commands.audit import Trail
from commands.backup import BackupReport
from commands.backupnow import BackupRun
from commands.cards import CardHistory, CardReasons
from commands.ceremony import Invitation, UnsealReport
from commands.certs import CertChain, CertReport, NoCertificate
from commands.check import CheckReport
from commands.db import ConnectionReport, DatabaseReport
from commands.doctor import DoctorReport
from commands.events import EventReport
from commands.exec import ExecReport
from commands.graph import CardGraph, NoGraph
from commands.help import HelpEntry, HelpPage
from commands.kv import KvList, KvSecret
from commands.logs import LogReport
from commands.loki import LokiReport
from commands.objects import ObjectReport, ObjectTable
from commands.oncall import HandedOver, Handover, OnCall, OnCallSet
from commands.ping import Pong
from commands.putback import DeleteReport
from commands.renew import RenewReport
from commands.restart import RestartReport
from commands.restore import RestorePlan
from commands.rollout import RolledBack, RolloutHistory, RolloutStatus, Scaled
from commands.rotating import RotationReport
from commands.rules import RuleList
from commands.seal import SealReport
from commands.secrets import ResyncReport, SecretsReport
from commands.silences import Ended, Extended, Silenced, SilenceList
from commands.status import StatusReport
from commands.stop import Stopped
from commands.storing import ValueAwaited, ValueWanted, Written
from commands.taking import CardMuted, CardUnmuted, GivenBack, TakenOn
from commands.top import TopReport
from commands.unseal import UnsealCancelled
from commands.vault import VaultStatus
from formatters import (
    alert_list,
    alerts,
    announce,
    audit,
    backup,
    cards,
    certs,
    check,
    db,
    doctor,
    events,
    exec,  # noqa: A004 - named as its command
    graph,
    help,  # noqa: A004 - named as its command
    kv,
    kvwrite,
    leaks,
    logs,
    loki,
    objects,
    oncall,
    paging,
    ping,
    putback,
    renew,
    replies,
    restart,
    restore,
    rollout,
    rotate,
    rules,
    seal,
    secrets,
    silences,
    standing,
    status,
    stop,
    storm,
    taking,
    top,
    unseal,
    vault,
    watchdog,
)
from formatters.document import Document

FORMATTERS: Mapping[type, Callable[[Any], Document]] = {
    AlertCard: alerts.alert_card,
    StormCard: storm.storm_card,
    Page: paging.page,
    Reminder: paging.reminder,
    Over: paging.over,
    SecondPage: paging.second_page,
    Escalated: paging.escalated,
    OnCall: oncall.on_call,
    OnCallSet: oncall.on_call_set,
    Handover: oncall.handover,
    HandedOver: oncall.handed_over,
    Digest: standing.digest,
    QuietOver: standing.quiet_over,
    Board: standing.board,
    BoardNotPinned: standing.board_not_pinned,
    TakenOn: taking.taken_on,
    GivenBack: taking.given_back,
    CardMuted: taking.card_muted,
    CardUnmuted: taking.card_unmuted,
    CardReasons: cards.card_reasons,
    CardHistory: cards.card_history,
    CardGraph: graph.card_graph,
    NoGraph: graph.no_graph,
    StatusReport: status.status_report,
    CheckReport: check.check_report,
    LogReport: logs.log_report,
    LokiReport: loki.loki_report,
    Stopped: stop.stopped,
    EventReport: events.event_report,
    TopReport: top.top_report,
    ObjectTable: objects.object_table,
    ObjectReport: objects.object_report,
    CertReport: certs.cert_report,
    CertChain: certs.cert_chain,
    NoCertificate: certs.no_certificate,
    RenewReport: renew.renew_report,
    DeleteReport: putback.delete_report,
    DoctorReport: doctor.doctor_report,
    AlertList: alert_list.alert_list,
    RuleList: rules.rule_list,
    SilenceList: silences.silence_list,
    Silenced: silences.silenced,
    Extended: silences.extended,
    Ended: silences.ended,
    RestartReport: restart.restart_report,
    DatabaseReport: db.database_report,
    ConnectionReport: db.connection_report,
    BackupReport: backup.backup_report,
    BackupRun: backup.backup_run,
    RestorePlan: restore.restore_plan,
    ExecReport: exec.exec_report,
    UnsealReport: unseal.unseal_report,
    UnsealCancelled: unseal.unseal_cancelled,
    SealReport: seal.seal_report,
    Invitation: unseal.invitation,
    Written: kvwrite.written,
    ValueAwaited: kvwrite.value_awaited,
    ValueWanted: kvwrite.value_wanted,
    RolloutStatus: rollout.rollout_status,
    RolloutHistory: rollout.rollout_history,
    RolledBack: rollout.rolled_back,
    Scaled: rollout.scaled,
    VaultStatus: vault.vault_status,
    KvList: kv.kv_list,
    KvSecret: kv.kv_secret,
    SecretsReport: secrets.secrets_report,
    ResyncReport: secrets.resync_report,
    RotationReport: rotate.rotation_report,
    SilenceEnds: silences.silence_ends,
    HelpPage: help.help_page,
    HelpEntry: help.help_entry,
    Pong: ping.pong,
    Trail: audit.trail,
    Announcement: announce.announcement,
    Announced: announce.announced,
    Misread: replies.misread,
    Refusal: replies.refusal,
    Failure: replies.failure,
    Leaked: leaks.leaked,
    Whispered: leaks.whispered,
    TookTooLong: replies.took_too_long,
    Broken: replies.broken,
    NotRecorded: replies.not_recorded,
    Prompt: replies.prompt,
    PromptOver: replies.prompt_over,
    PromptHint: replies.prompt_hint,
    Unsure: replies.unsure,
    Changed: replies.changed,
    CutOff: replies.cut_off,
    Nudge: replies.nudge,
    StrangerTried: replies.stranger_tried,
    StrangerSeen: replies.stranger_seen,
    WatchdogSilent: watchdog.watchdog_silent,
}
"""Result type → the function that puts it into words."""
