"""What survives a crash: one SQLite file, and the statements on it, a file a subject.

Only `database` knows the vendor. Everything else is functions that take a transaction, so that what belongs together is
committed together.
"""
