"""The neighbours for a machine that has none: real servers where a package brings them, simulated ones over HTTP.

Everything here listens on loopback only and is gone with its directory. The bot itself never imports it.
"""
