"""The command line: run · demo · doctor · check-config · config-example · import-receiver · replay · keys-check."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for and return the exit code: 0 done, 1 it could not be, 2 misspelt."""
    chosen = _parser().parse_args(arguments)
    return int(chosen.run(chosen))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="opsbot", description="Alerts and the cluster, in a Matrix room.")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    run = verbs.add_parser("run", help="serve until stopped")
    run.add_argument("--config", type=Path, required=True, metavar="FILE")
    run.add_argument("--debug", action="store_true", help="log more; never bodies or secrets")
    run.set_defaults(run=_run)
    check = verbs.add_parser("check-config", help="check a configuration; exit 0, or 1 with what is wrong")
    check.add_argument("config", type=Path, metavar="FILE")
    check.add_argument(
        "--no-secrets", action="store_true", help="leave the secret files alone: for a machine without them"
    )
    check.set_defaults(run=_check_config)
    doctor = verbs.add_parser(
        "doctor", help="ask what the bot may do and whom it reaches; exit 0, 1 to change something, 2 not answered"
    )
    doctor.add_argument("--config", type=Path, required=True, metavar="FILE")
    doctor.add_argument("--cluster", "-C", "--cluster-name", default="", metavar="NAME", help="one of `clusters`")
    doctor.set_defaults(run=_doctor)
    example = verbs.add_parser("config-example", help="print a configuration with every key and its reason")
    example.add_argument("--catalogue", action="store_true", help="print the default services instead")
    example.set_defaults(run=_config_example)
    receiver = verbs.add_parser(
        "import-receiver", help="print our configuration, made from matrix-alertmanager-receiver's"
    )
    receiver.add_argument("config", type=Path, metavar="FILE")
    receiver.set_defaults(run=_import_receiver)
    replay = verbs.add_parser("replay", help="show the card of a saved webhook body in the terminal")
    replay.add_argument("body", type=Path, metavar="FILE", help="- for standard input")
    replay.add_argument("--timezone", default="UTC")
    replay.set_defaults(run=_replay)
    keys = verbs.add_parser("keys-check", help="write down whether the Secret with OpenBao's keys holds any")
    keys.add_argument("--secret", default="data/openbao-keys", metavar="NS/NAME", help="default: %(default)s")
    keys.add_argument(
        "--report", default="data/openbao-keys-check", metavar="NS/NAME", help="the ConfigMap; default: %(default)s"
    )
    keys.add_argument("--kubeconfig", type=Path, default=None, metavar="FILE", help="default: the pod's own account")
    keys.set_defaults(run=_keys_check)
    demo = verbs.add_parser(
        "demo", help="start a homeserver, OpenBao and a simulated cluster here, and play an incident"
    )
    demo.add_argument(
        "--script", action="store_true", help="play the incident and leave, non-zero if anything was not answered"
    )
    demo.add_argument(
        "--directory", type=Path, default=None, help="where the demo keeps its files; default: a temporary one"
    )
    demo.set_defaults(run=_demo)
    return parser


def _run(chosen: argparse.Namespace) -> int:
    from bot.config import ConfigError, load  # noqa: PLC0415 - each verb loads what it needs
    from bot.logs import set_up  # noqa: PLC0415

    try:
        settings = load(chosen.config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    set_up(settings.log, debug=chosen.debug)
    from bot.app import App  # noqa: PLC0415
    from bot.clients.process import leave_no_dump  # noqa: PLC0415
    from bot.core.errors import StoreFailed  # noqa: PLC0415

    leave_no_dump()
    try:
        asyncio.run(App(settings).run())
    except (StoreFailed, OSError) as error:
        print(f"opsbot cannot start: {error}", file=sys.stderr)
        return 1
    return 0


def _check_config(chosen: argparse.Namespace) -> int:
    from bot.config import ConfigError, load  # noqa: PLC0415

    try:
        load(chosen.config, look_into_secrets=not chosen.no_secrets)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{chosen.config}: fine")
    return 0


def _doctor(chosen: argparse.Namespace) -> int:
    from bot.config import ConfigError, load  # noqa: PLC0415
    from bot.core.errors import UsageError  # noqa: PLC0415
    from bot.doctor import examine  # noqa: PLC0415
    from bot.logs import set_up  # noqa: PLC0415

    try:
        settings = load(chosen.config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    set_up(settings.log, debug=False)
    try:
        return examine(settings, chosen.cluster)
    except UsageError as error:
        print(f"{error.problem}; {error.hint}", file=sys.stderr)
        return 1


def _config_example(chosen: argparse.Namespace) -> int:
    from bot.config.example import catalogue, example  # noqa: PLC0415

    print(catalogue() if chosen.catalogue else example(), end="")
    return 0


def _import_receiver(chosen: argparse.Namespace) -> int:
    from bot.config.receiver import converted  # noqa: PLC0415
    from bot.core.errors import UsageError  # noqa: PLC0415

    try:
        print(converted(chosen.config.read_text(encoding="utf-8")), end="")
    except OSError as error:
        print(f"{chosen.config} cannot be read ({error.strerror})", file=sys.stderr)
        return 1
    except UsageError as error:
        print(f"{chosen.config}: {error.problem}; {error.hint}", file=sys.stderr)
        return 1
    return 0


def _replay(chosen: argparse.Namespace) -> int:
    from bot.replay import replay  # noqa: PLC0415

    try:
        body = sys.stdin.buffer.read() if str(chosen.body) == "-" else chosen.body.read_bytes()
    except OSError as error:
        print(f"{chosen.body} cannot be read ({error.strerror})", file=sys.stderr)
        return 1
    return replay(body, chosen.timezone)


def _keys_check(chosen: argparse.Namespace) -> int:
    from bot.keyscheck import keys_check  # noqa: PLC0415

    return keys_check(chosen.secret, chosen.report, chosen.kubeconfig)


def _demo(chosen: argparse.Namespace) -> int:
    from bot.demo.play import demo  # noqa: PLC0415

    return demo(script=chosen.script, directory=chosen.directory)


if __name__ == "__main__":
    sys.exit(main())
