"""What the README's figures come from: the bot beside a bare script, on the same homeserver, in one run.

Here belong loads, clocks and the table. Nothing here is imported by the bot or shipped with it.
"""
