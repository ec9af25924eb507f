"""Values and pure decisions.

Here belongs what can be said without asking anybody: names, verdicts, parsing, policy. Never I/O, never a clock,
never a package beyond the standard library and pydantic.
"""
