"""What happens, in order: intake of alerts, hearing and answering people, the gate, the audit trail, the outbox.

Here belongs sequence, never a decision that could be pure (that is `bot.core`) and never a word for the room (that is
`formatters`). The command list and `render` are handed in; a vendor is only ever met through `bot.clients`.
"""
