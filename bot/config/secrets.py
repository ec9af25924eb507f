"""Reads secrets when they are needed, from a value or a file, so that none stays in a value that gets printed."""

from pathlib import Path

from pydantic import SecretStr

from bot.core.errors import NeighbourError


def secret(value: SecretStr | None, file: Path | None) -> str | None:
    """Return the secret of a setting and its `_file` form; the file wins, so that a mounted one can be rotated."""
    if file:
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise NeighbourError("secret file", f"{file} cannot be read ({error.strerror})") from error
    return value.get_secret_value() if value else None


def tokens(value: SecretStr | None, file: Path | None) -> tuple[str, ...]:
    """Return every line of a secret: several are valid at once while one is being rotated out."""
    text = secret(value, file) or ""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
