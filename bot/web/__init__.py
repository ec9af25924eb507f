"""The bot's own front door: the HTTP server that Alertmanager, Kubernetes and Prometheus talk to.

Here belongs what guards a socket and turns a request into a call: tokens, limits, status codes. What a webhook means
and where it is kept is handed in as callables. Never a word for the room, never the payload in an answer or a log.
"""
