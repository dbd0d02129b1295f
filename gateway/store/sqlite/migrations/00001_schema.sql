-- +goose Up
-- +goose StatementBegin

-- The embedded store.
--
-- Times are UTC text of one fixed width, so that they compare as they read.
-- Item sets are the bits of profiles.ItemSet. Every column that refers to another
-- table leads an index: without one, SQLite looks through the whole table when a
-- row that it could refer to is written.

-- One row for each resource, in the order in which they were first stored.
CREATE TABLE resources (
    place     INTEGER PRIMARY KEY,       -- never changes: the order that a plain walk follows
    type      TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    person    TEXT    NOT NULL,          -- empty: staff and organisations
    custodian TEXT    NOT NULL,
    version   INTEGER NOT NULL UNIQUE REFERENCES versions (seq) DEFERRABLE INITIALLY DEFERRED,
    deleted   INTEGER NOT NULL,          -- 1: that version says that the resource is no more
    need      INTEGER NOT NULL,          -- its label
    "any"     INTEGER NOT NULL,
    status    TEXT    NOT NULL,          -- where everybody who sees the resource sees it; else empty
    UNIQUE (type, id)
) STRICT;
CREATE INDEX resources_of_person ON resources (person, custodian, type, place);

-- Every version of every resource, byte for byte. body comes last, so that the
-- small columns are read without it.
CREATE TABLE versions (
    seq      INTEGER PRIMARY KEY,        -- order over the whole store: what "as of" means
    resource INTEGER NOT NULL REFERENCES resources (place),
    number   INTEGER NOT NULL,           -- 1, 2, 3 ... of the resource
    stored   TEXT    NOT NULL,
    source   TEXT    NOT NULL,
    origin   TEXT    NOT NULL,           -- what of the source it was made of, and by what
    deleted  INTEGER NOT NULL,           -- 1: the resource is no more; the body is empty
    body     BLOB    NOT NULL,
    UNIQUE (resource, number)
) STRICT;
CREATE TRIGGER versions_stay_as_they_are BEFORE UPDATE ON versions
    BEGIN SELECT RAISE(ABORT, 'a version is never changed'); END;
CREATE TRIGGER versions_stay BEFORE DELETE ON versions
    BEGIN SELECT RAISE(ABORT, 'a version is never removed'); END;

-- All tables from here to faults can be worked out anew from the versions.

-- What each version is, and to whom it is a new version: to whoever is granted
-- need and one of any (0: no more than need) of some row of changes.
CREATE TABLE labels (
    version INTEGER PRIMARY KEY REFERENCES versions (seq),
    rules   INTEGER NOT NULL,            -- records.Rules that it was made by; 0: its targets have changed since
    need    INTEGER NOT NULL,
    "any"   INTEGER NOT NULL
) STRICT;
CREATE INDEX labels_by_rules ON labels (rules);
CREATE TABLE changes (
    version INTEGER NOT NULL REFERENCES versions (seq),
    need    INTEGER NOT NULL,
    "any"   INTEGER NOT NULL,
    PRIMARY KEY (version, need, "any")
) STRICT, WITHOUT ROWID;

-- What each version and the one before it refer to: where that changes, the labels
-- of the version are outdated.
CREATE TABLE refs (
    custodian TEXT    NOT NULL,          -- of the version, and of what it can lead to
    target    TEXT    NOT NULL,          -- Type/id
    version   INTEGER NOT NULL,
    PRIMARY KEY (custodian, target, version)
) STRICT, WITHOUT ROWID;

-- The search index: one row for each entry of each current version. person,
-- custodian and type are repeated here so that a search for one person's resources
-- by one parameter is one walk of one index for each custodian. What finds few rows
-- is in the index; what is then looked at, only here.
CREATE TABLE terms (
    resource  INTEGER NOT NULL REFERENCES resources (place),
    number    INTEGER NOT NULL,          -- 1, 2, 3 ... of the resource
    person    TEXT    NOT NULL,
    custodian TEXT    NOT NULL,
    type      TEXT    NOT NULL,
    param     TEXT    NOT NULL,
    kind      INTEGER NOT NULL,          -- search.Kind
    value     TEXT    NOT NULL,          -- code, Type/id or text, by the kind
    system    TEXT    NOT NULL,          -- of a code
    need      INTEGER NOT NULL,          -- what must be granted for the row to count
    low       TEXT    NOT NULL,          -- a date's interval [low, high); empty: open on that side
    high      TEXT    NOT NULL,
    PRIMARY KEY (resource, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX terms_by_value ON terms (person, custodian, type, param, kind, value);

-- What each version sorts by, kept for old versions too: a walk by sort keys
-- follows the order of the moment at which it began.
CREATE TABLE sort_values (
    version INTEGER NOT NULL REFERENCES versions (seq),
    param   TEXT    NOT NULL,
    need    INTEGER NOT NULL,
    low     TEXT    NOT NULL,            -- the earliest start, for ascending order
    high    TEXT    NOT NULL,            -- the latest end, for descending order
    PRIMARY KEY (version, param, need)
) STRICT, WITHOUT ROWID;

-- What decisions need of a resource, as JSON of facts.Compiled. person is repeated
-- here so that all of a person is one walk of one index.
CREATE TABLE compiled (
    resource INTEGER PRIMARY KEY REFERENCES resources (place),
    person   TEXT    NOT NULL,
    body     TEXT    NOT NULL
) STRICT;
CREATE INDEX compiled_of_person ON compiled (person);

-- The number of the last change to the store: of a version, a standing or a move.
CREATE TABLE changed (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO changed (id, last) VALUES (1, 0);
CREATE TRIGGER changed_only_grows BEFORE UPDATE ON changed WHEN new.last <= old.last
    BEGIN SELECT RAISE(ABORT, 'a number of a change never comes back'); END;

-- Everybody about whom something is kept, with the number of the last change to
-- it, or to whom their identifiers lead.
CREATE TABLE persons (
    person     TEXT    PRIMARY KEY,
    generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Business identifiers of people, from their current Patient resources.
CREATE TABLE identifiers (
    system   TEXT    NOT NULL,
    value    TEXT    NOT NULL,
    resource INTEGER NOT NULL REFERENCES resources (place),
    superseded INTEGER NOT NULL,         -- 1: no longer in use
    PRIMARY KEY (system, value, resource)
) STRICT, WITHOUT ROWID;
CREATE INDEX identifiers_of_resource ON identifiers (resource);

-- Who is not simply one person: kept apart from another, in doubt, or confirmed.
CREATE TABLE standings (
    person TEXT    PRIMARY KEY,
    apart  TEXT    NOT NULL,             -- from whom the records are kept apart; empty: from nobody
    doubt  TEXT    NOT NULL,             -- the first; empty: nobody has to look
    body   TEXT    NOT NULL              -- the standing as JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX standings_apart ON standings (apart);
CREATE INDEX standings_doubt ON standings (doubt);

-- Moves of records from one person to another, as JSON.
CREATE TABLE moves (
    place INTEGER PRIMARY KEY,
    id    TEXT NOT NULL UNIQUE,
    body  BLOB NOT NULL
) STRICT;
CREATE TRIGGER moves_stay_as_they_are BEFORE UPDATE ON moves
    BEGIN SELECT RAISE(ABORT, 'a move is never changed'); END;
CREATE TRIGGER moves_stay BEFORE DELETE ON moves
    BEGIN SELECT RAISE(ABORT, 'a move is never removed'); END;

-- What a source last sent of a resource that others have written too.
CREATE TABLE images (
    type   TEXT NOT NULL,
    id     TEXT NOT NULL,
    source TEXT NOT NULL,
    body   BLOB NOT NULL,
    PRIMARY KEY (type, id, source)
) STRICT, WITHOUT ROWID;

-- Every edit that a client made through the API, which met again makes nothing.
CREATE TABLE edits (
    type TEXT NOT NULL,
    id   TEXT NOT NULL,
    edit BLOB NOT NULL, -- a digest of who asked, of which version, and for what
    PRIMARY KEY (type, id, edit)
) STRICT, WITHOUT ROWID;

-- As of when each source last sent something of a thing: what is older is not taken.
CREATE TABLE sendings (
    id   TEXT NOT NULL PRIMARY KEY, -- a digest of the source and of what it was sent of
    "at" TEXT NOT NULL              -- a later time is a greater text
) STRICT, WITHOUT ROWID;

-- Every register of agreements that was put in force: the newest one is.
CREATE TABLE registers (
    number INTEGER PRIMARY KEY,          -- of the change that put it in force
    "at"   INTEGER NOT NULL,             -- when, in nanoseconds since 1970
    hash   TEXT    NOT NULL,             -- of its content
    files  BLOB    NOT NULL              -- the texts by the names of their files, as JSON
) STRICT;
CREATE INDEX registers_by_hash ON registers (hash, number);
CREATE TRIGGER registers_stay_as_they_are BEFORE UPDATE ON registers
    BEGIN SELECT RAISE(ABORT, 'a register is never changed'); END;
CREATE TRIGGER registers_stay BEFORE DELETE ON registers
    BEGIN SELECT RAISE(ABORT, 'a register is never removed'); END;

-- Who is told of changes, as JSON.
CREATE TABLE subscriptions (
    id     TEXT PRIMARY KEY,
    client TEXT NOT NULL,
    body   BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriptions_of_client ON subscriptions (client, id);

-- What each is told of, as JSON.
CREATE TABLE events (
    subscription TEXT    NOT NULL,
    number       INTEGER NOT NULL,       -- 1, 2, 3 ... of the subscription
    body         BLOB    NOT NULL,
    PRIMARY KEY (subscription, number)
) STRICT, WITHOUT ROWID;

-- How far the versions have been looked through for them, and by whom, as JSON.
CREATE TABLE outbox (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    body BLOB NOT NULL
) STRICT;

-- What imports could not take.
CREATE TABLE faults (
    place   INTEGER PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    source  TEXT    NOT NULL,
    custodian TEXT  NOT NULL,
    file    TEXT    NOT NULL,
    "row"   INTEGER NOT NULL,
    field   TEXT    NOT NULL,
    value   TEXT    NOT NULL,
    rule    TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    raw     BLOB    NOT NULL,
    against INTEGER NOT NULL,            -- 1: what refuses or takes back sharing stands in it
    record  TEXT    NOT NULL,            -- its name, the same in every extract; empty: it has none
    "at"    TEXT    NOT NULL,
    settled TEXT    NOT NULL,            -- empty while open
    came_right INTEGER NOT NULL          -- 1: settled because the source has sent it anew
) STRICT;
CREATE INDEX faults_open ON faults (source, "at", place) WHERE settled = '';
CREATE INDEX faults_waiting ON faults (source, record, id) WHERE settled = '' AND against = 0 AND record <> '';

-- The audit log, in the same file as the records: one transaction looks at what
-- a decision rests on and records it. Times are nanoseconds since 1970.

-- One row for each chain: where it ends, and who may go on with it.
CREATE TABLE audit_slots (
    slot   INTEGER PRIMARY KEY,          -- 1, 2, 3 ...
    seq    INTEGER NOT NULL,             -- of its newest entry; 0 where there is none
    hash   BLOB    NOT NULL,
    latest INTEGER NOT NULL,             -- when that was recorded
    holder TEXT    NOT NULL,             -- empty: nobody
    until  INTEGER NOT NULL              -- end of the lease
) STRICT;
CREATE TRIGGER audit_slots_stay BEFORE DELETE ON audit_slots
    BEGIN SELECT RAISE(ABORT, 'an audit chain is never removed'); END;
CREATE TRIGGER audit_slots_grow BEFORE UPDATE ON audit_slots WHEN new.slot <> old.slot OR new.seq < old.seq OR new.seq = old.seq AND new.hash <> old.hash
    BEGIN SELECT RAISE(ABORT, 'an audit chain is never cut'); END;

-- The entries. The columns before the body repeat what it says, to find it by.
CREATE TABLE audit (
    slot         INTEGER NOT NULL,
    seq          INTEGER NOT NULL,       -- 1, 2, 3 ... of the chain
    hash         BLOB    NOT NULL,       -- SHA-256 over the hash before and the body
    time         INTEGER NOT NULL,
    request      TEXT    NOT NULL,
    person       TEXT    NOT NULL,
    client       TEXT    NOT NULL,
    organisation TEXT    NOT NULL,
    professional TEXT    NOT NULL,
    agreement    TEXT    NOT NULL,
    duty         INTEGER NOT NULL,       -- 1: it asks for something to be told
    body         BLOB    NOT NULL,
    PRIMARY KEY (slot, seq)
) STRICT;
CREATE INDEX audit_of_person ON audit (person, time, slot, seq);
CREATE INDEX audit_of_request ON audit (request, time, slot, seq);
CREATE INDEX audit_of_agreement ON audit (agreement, time, slot, seq);
CREATE INDEX audit_of_client ON audit (client, time, slot, seq);
CREATE INDEX audit_of_duty ON audit (slot, seq) WHERE duty = 1;
CREATE TRIGGER audit_stays_as_it_is BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'an audit entry is never changed'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'an audit entry is never removed'); END;

-- The signed notes over all chains.
CREATE TABLE audit_checkpoints (
    number INTEGER PRIMARY KEY,          -- 1, 2, 3 ...
    note   TEXT    NOT NULL
) STRICT;
CREATE TRIGGER audit_checkpoints_stay_as_they_are BEFORE UPDATE ON audit_checkpoints
    BEGIN SELECT RAISE(ABORT, 'a checkpoint is never changed'); END;
CREATE TRIGGER audit_checkpoints_stay BEFORE DELETE ON audit_checkpoints
    BEGIN SELECT RAISE(ABORT, 'a checkpoint is never removed'); END;

-- What is settled once for the whole store, by name.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER meta_stays_as_it_is BEFORE UPDATE ON meta
    BEGIN SELECT RAISE(ABORT, 'what is settled once is never changed'); END;
CREATE TRIGGER meta_stays BEFORE DELETE ON meta
    BEGIN SELECT RAISE(ABORT, 'what is settled once is never removed'); END;
-- +goose StatementEnd
