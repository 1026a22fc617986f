-- Times are milliseconds since the Unix epoch. Every change of a machine's state is one transaction with its effects and events.
CREATE TABLE IF NOT EXISTS machines (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    status        TEXT NOT NULL,
    progress      TEXT,
    reason        TEXT,
    revision      INTEGER NOT NULL DEFAULT 0,
    status_since  INTEGER NOT NULL,
    deadline      INTEGER,
    step          TEXT,
    firmware      TEXT,
    architecture  TEXT,
    power         TEXT NOT NULL,
    power_state   TEXT NOT NULL DEFAULT 'unknown',
    deployment    TEXT,
    inventory     TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS interfaces (
    mac         TEXT PRIMARY KEY,
    machine_id  TEXT NOT NULL REFERENCES machines(id) ON DELETE CASCADE
) STRICT;
CREATE INDEX IF NOT EXISTS interfaces_machine ON interfaces(machine_id);
CREATE TABLE IF NOT EXISTS leases (
    address    INTEGER PRIMARY KEY,
    mac        TEXT NOT NULL,
    client_id  BLOB,
    hostname   TEXT,
    state      TEXT NOT NULL,
    since      INTEGER NOT NULL,
    expires    INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS leases_mac ON leases(mac);
CREATE TABLE IF NOT EXISTS events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    time        INTEGER NOT NULL,
    machine_id  TEXT,
    name        TEXT,
    mac         TEXT,
    kind        TEXT NOT NULL,
    message     TEXT NOT NULL,
    details     TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS events_machine ON events(machine_id, id);
CREATE TABLE IF NOT EXISTS effects (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    machine_id  TEXT NOT NULL REFERENCES machines(id) ON DELETE CASCADE,
    kind        TEXT NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    not_before  INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS credentials (
    token_key     TEXT PRIMARY KEY,
    token_secret  TEXT NOT NULL,
    consumer_key  TEXT NOT NULL,
    machine_id    TEXT NOT NULL REFERENCES machines(id) ON DELETE CASCADE,
    scope         TEXT NOT NULL,
    instance_id   TEXT NOT NULL,
    bootstrap     TEXT UNIQUE,
    address       INTEGER,
    UNIQUE (machine_id, scope)
) STRICT;
CREATE TABLE IF NOT EXISTS script_results (
    machine_id   TEXT NOT NULL REFERENCES machines(id) ON DELETE CASCADE,
    phase        TEXT NOT NULL,
    name         TEXT NOT NULL,
    exit_status  INTEGER NOT NULL,
    seconds      REAL NOT NULL,
    output       TEXT NOT NULL,
    time         INTEGER NOT NULL,
    PRIMARY KEY (machine_id, phase, name)
) STRICT;
CREATE TABLE IF NOT EXISTS keys (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    key  TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE IF NOT EXISTS logins (
    token    TEXT PRIMARY KEY,
    kind     TEXT NOT NULL,
    csrf     TEXT NOT NULL,
    expires  INTEGER NOT NULL
) STRICT;
