"""The tables, as numbered steps: `user_version` tells how many were taken; a step, once released, never changes."""

MIGRATIONS = (
    """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- Events that may concern us, stored in one transaction with the sync position; the body is blanked once answered.
CREATE TABLE inbox (
  event_id TEXT PRIMARY KEY,
  room TEXT NOT NULL, sender TEXT NOT NULL, sort TEXT NOT NULL, body TEXT NOT NULL, target TEXT,
  encrypted INTEGER NOT NULL, sent_at TEXT NOT NULL, arrived_at TEXT NOT NULL,
  request TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('new', 'done'))
) STRICT;
CREATE INDEX inbox_open ON inbox (arrived_at) WHERE state = 'new';

-- A card is one message about one alert group, from its first alert to its last resolution.
CREATE TABLE cards (
  key TEXT PRIMARY KEY, handle TEXT NOT NULL, names TEXT NOT NULL, place TEXT NOT NULL,
  room TEXT NOT NULL, receiver TEXT NOT NULL, group_key TEXT NOT NULL, episode INTEGER NOT NULL,
  open INTEGER NOT NULL, card TEXT NOT NULL, opened_at TEXT NOT NULL, closed_at TEXT,
  UNIQUE (room, receiver, group_key, episode)
) STRICT;
CREATE INDEX cards_open ON cards (open) WHERE open;
CREATE INDEX cards_past ON cards (names, place, opened_at);
CREATE INDEX cards_handle ON cards (handle, opened_at);
CREATE TABLE alerts (
  card TEXT NOT NULL REFERENCES cards (key) ON DELETE CASCADE,
  fingerprint TEXT NOT NULL, starts_at TEXT NOT NULL, status TEXT NOT NULL,
  name TEXT NOT NULL, first_seen TEXT NOT NULL, last_change TEXT NOT NULL,
  PRIMARY KEY (card, fingerprint, starts_at)
) STRICT, WITHOUT ROWID;

-- Parcels that are not delivered yet. `unsure`: an attempt ended without a definite answer.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  room TEXT NOT NULL, key TEXT NOT NULL, rev INTEGER NOT NULL, priority INTEGER NOT NULL,
  content TEXT NOT NULL, file_name TEXT, file_text TEXT,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'dead')),
  unsure INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
  first_try TEXT, created_at TEXT NOT NULL,
  UNIQUE (room, key, rev)
) STRICT;
CREATE INDEX outbox_next ON outbox (room, priority, seq);

-- What was delivered: the event that a key's later revisions edit.
CREATE TABLE events (
  room TEXT NOT NULL, key TEXT NOT NULL, event_id TEXT NOT NULL, rev INTEGER NOT NULL, sent_at TEXT NOT NULL,
  PRIMARY KEY (room, key)
) STRICT;
CREATE INDEX events_by_id ON events (event_id);

-- Actions that wait for, or have passed, their confirmation. The code is kept as a hash only.
CREATE TABLE proposals (
  id TEXT PRIMARY KEY,
  event_id TEXT NOT NULL, room TEXT NOT NULL, requester TEXT NOT NULL, verb TEXT NOT NULL, tokens TEXT NOT NULL,
  about TEXT,
  risk INTEGER NOT NULL, target TEXT NOT NULL, code_hash TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  boot TEXT NOT NULL, not_before REAL NOT NULL, deadline REAL NOT NULL,
  beneath TEXT, confirmer TEXT, sent_at TEXT NOT NULL, created_at TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('pending', 'executing', 'done', 'failed', 'unknown', 'expired', 'cancelled', 'void'))
) STRICT;
CREATE INDEX proposals_by_event ON proposals (event_id);
CREATE INDEX proposals_open ON proposals (state) WHERE state IN ('pending', 'executing');

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, request TEXT NOT NULL, phase TEXT NOT NULL,
  entry TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL,
  UNIQUE (request, phase)
) STRICT;
""",
    """
-- Alertmanager's API tells a group's labels, but not its key; `rev` is the last revision that was promised.
ALTER TABLE cards ADD COLUMN labels TEXT NOT NULL DEFAULT '';
ALTER TABLE cards ADD COLUMN rev INTEGER NOT NULL DEFAULT 0;
CREATE INDEX cards_group ON cards (labels, opened_at);
CREATE INDEX cards_closed ON cards (closed_at) WHERE closed_at IS NOT NULL;
""",
    """
-- Why a card has no message of its own yet (`bot.core.held`); empty: it has one, or one is on its way.
ALTER TABLE cards ADD COLUMN held TEXT NOT NULL DEFAULT '';
CREATE INDEX cards_held ON cards (held, opened_at) WHERE held != '';
""",
    """
-- The words that take an action back, as a JSON list, and since when it is over.
ALTER TABLE proposals ADD COLUMN inverse TEXT;
ALTER TABLE proposals ADD COLUMN ended_at TEXT;
""",
    """
-- Where a card's webhook was posted: a route may have led it into another room.
ALTER TABLE cards ADD COLUMN posted TEXT NOT NULL DEFAULT '';
UPDATE cards SET posted = room;
CREATE INDEX cards_told ON cards (receiver, group_key);
""",
    """
-- Nothing read the alerts beside their cards. What a storm counts of a card stands beside it.
DROP TABLE alerts;
ALTER TABLE cards ADD COLUMN namespace TEXT NOT NULL DEFAULT '';
ALTER TABLE cards ADD COLUMN severity TEXT NOT NULL DEFAULT 'none';
ALTER TABLE cards ADD COLUMN alerts INTEGER NOT NULL DEFAULT 1;
CREATE INDEX cards_opened ON cards (room, opened_at);
-- `told`: what its card says since `told_at`; `done`: it is over, and what still burns has a card of its own.
CREATE TABLE storms (
  key TEXT PRIMARY KEY, room TEXT NOT NULL, since TEXT NOT NULL, over_at TEXT,
  told TEXT NOT NULL, told_at TEXT NOT NULL, rev INTEGER NOT NULL, done INTEGER NOT NULL
) STRICT;
-- The cards of each storm: all that were opened in its room while it lasted.
CREATE VIEW struck AS SELECT s.key AS storm, c.* FROM storms AS s JOIN cards AS c
  ON c.room = s.room AND c.opened_at >= s.since AND c.opened_at < coalesce(s.over_at, '~');
""",
    """
-- What is attached may be a picture; the content says all of it but the address.
ALTER TABLE outbox ADD COLUMN attachment BLOB;
UPDATE outbox SET attachment = CAST(file_text AS BLOB), content = json_set(content, '$.msgtype', 'm.file',
  '$.filename', file_name, '$."m.mentions"', json('{}'),
  '$.info', json_object('mimetype', 'text/plain', 'size', length(CAST(file_text AS BLOB)))) WHERE file_text IS NOT NULL;
ALTER TABLE outbox DROP COLUMN file_name;
ALTER TABLE outbox DROP COLUMN file_text;
""",
    """
-- Silences that last until what they mute is resolved: the end they were last given, and the one they never pass.
CREATE TABLE until_resolved (silence TEXT PRIMARY KEY, until TEXT NOT NULL, cap TEXT NOT NULL) STRICT;
""",
)
