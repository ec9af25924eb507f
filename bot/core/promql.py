"""Questions to Prometheus, built from parts: foreign text enters as a quoted label value and in no other way."""


def quoted(text: str) -> str:
    """Return a text as a string of PromQL, for a label's value."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
