-- +goose Up

-- The store in PostgreSQL: the tables of the embedded store (gateway/store/sqlite), column by
-- column, in plain tables and indexes.
--
-- Every text is compared byte by byte (COLLATE "C"): times are UTC text of one fixed width,
-- positions and orders are those of the embedded store. Item sets are the bits of
-- profiles.ItemSet. What a trigger forbids there, the rights of the role cpa_gateway forbid
-- here: see the end.

-- One row for each resource, in the order in which they were first stored.
CREATE TABLE resources (
    place     bigint PRIMARY KEY,        -- never changes: the order that a plain walk follows
    type      text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL,
    person    text COLLATE "C" NOT NULL, -- empty: staff and organisations
    custodian text COLLATE "C" NOT NULL,
    version   bigint NOT NULL UNIQUE,
    deleted   bigint NOT NULL,           -- 1: that version says that the resource is no more
    need      bigint NOT NULL,           -- its label
    "any"     bigint NOT NULL,
    status    text COLLATE "C" NOT NULL, -- where everybody who sees the resource sees it; else empty
    UNIQUE (type, id)
);
CREATE INDEX resources_of_person ON resources (person, custodian, type, place);

-- Every version of every resource, byte for byte.
CREATE TABLE versions (
    seq      bigint PRIMARY KEY,         -- order over the whole store: what "as of" means
    resource bigint NOT NULL REFERENCES resources (place),
    number   bigint NOT NULL,            -- 1, 2, 3 ... of the resource
    stored   text COLLATE "C" NOT NULL,
    source   text COLLATE "C" NOT NULL,
    origin   text COLLATE "C" NOT NULL,  -- what of the source it was made of, and by what
    deleted  bigint NOT NULL,            -- 1: the resource is no more; the body is empty
    body     bytea NOT NULL,
    UNIQUE (resource, number)
);
ALTER TABLE resources ADD FOREIGN KEY (version) REFERENCES versions (seq) DEFERRABLE INITIALLY DEFERRED;

-- All tables from here to faults can be worked out anew from the versions, and refer to
-- them and to resources. To have every one of their rows checked would cost more than to
-- write it: the suites hold what they refer to.

-- What each version is, and to whom it is a new version: to whoever is granted
-- need and one of any (0: no more than need) of some row of changes.
CREATE TABLE labels (
    version bigint PRIMARY KEY,
    rules   bigint NOT NULL,             -- records.Rules that it was made by; 0: its targets have changed since
    need    bigint NOT NULL,
    "any"   bigint NOT NULL
);
CREATE INDEX labels_by_rules ON labels (rules);
CREATE TABLE changes (
    version bigint NOT NULL,
    need    bigint NOT NULL,
    "any"   bigint NOT NULL,
    PRIMARY KEY (version, need, "any")
);

-- What each version and the one before it refer to: where that changes, the labels
-- of the version are outdated.
CREATE TABLE refs (
    custodian text COLLATE "C" NOT NULL, -- of the version, and of what it can lead to
    target    text COLLATE "C" NOT NULL, -- Type/id
    version   bigint NOT NULL,
    PRIMARY KEY (custodian, target, version)
);

-- The search index: one row for each entry of each current version. What finds few
-- rows is in the index; what is then looked at, only here.
CREATE TABLE terms (
    resource  bigint NOT NULL,
    number    bigint NOT NULL,           -- 1, 2, 3 ... of the resource
    person    text COLLATE "C" NOT NULL,
    custodian text COLLATE "C" NOT NULL,
    type      text COLLATE "C" NOT NULL,
    param     text COLLATE "C" NOT NULL,
    kind      bigint NOT NULL,           -- search.Kind
    value     text COLLATE "C" NOT NULL, -- code, Type/id or text, by the kind
    system    text COLLATE "C" NOT NULL, -- of a code
    need      bigint NOT NULL,           -- what must be granted for the row to count
    low       text COLLATE "C" NOT NULL, -- a date's interval [low, high); empty: open on that side
    high      text COLLATE "C" NOT NULL,
    PRIMARY KEY (resource, number)
);
CREATE INDEX terms_by_value ON terms (person, custodian, type, param, kind, value);

-- What each version sorts by, kept for old versions too: a walk by sort keys
-- follows the order of the moment at which it began.
CREATE TABLE sort_values (
    version bigint NOT NULL,
    param   text COLLATE "C" NOT NULL,
    need    bigint NOT NULL,
    low     text COLLATE "C" NOT NULL,   -- the earliest start, for ascending order
    high    text COLLATE "C" NOT NULL,   -- the latest end, for descending order
    PRIMARY KEY (version, param, need)
);

-- What decisions need of a resource, as JSON of facts.Compiled.
CREATE TABLE compiled (
    resource bigint PRIMARY KEY,
    person   text COLLATE "C" NOT NULL,
    body     text COLLATE "C" NOT NULL
);
CREATE INDEX compiled_of_person ON compiled (person);

-- The number of the last change to the store: of a version, a standing or a move. Every
-- transaction that writes locks this row before it looks at anything.
CREATE TABLE changed (
    id   bigint PRIMARY KEY CHECK (id = 1),
    last bigint NOT NULL
);
INSERT INTO changed (id, last) VALUES (1, 0);

-- Everybody about whom something is kept, with the number of the last change to
-- it, or to whom their identifiers lead.
CREATE TABLE persons (
    person     text COLLATE "C" PRIMARY KEY,
    generation bigint NOT NULL
);

-- Business identifiers of people, from their current Patient resources.
CREATE TABLE identifiers (
    system     text COLLATE "C" NOT NULL,
    value      text COLLATE "C" NOT NULL,
    resource   bigint NOT NULL,
    superseded bigint NOT NULL,          -- 1: no longer in use
    PRIMARY KEY (system, value, resource)
);
CREATE INDEX identifiers_of_resource ON identifiers (resource);

-- Who is not simply one person: kept apart from another, in doubt, or confirmed.
CREATE TABLE standings (
    person text COLLATE "C" PRIMARY KEY,
    apart  text COLLATE "C" NOT NULL,    -- from whom the records are kept apart; empty: from nobody
    doubt  text COLLATE "C" NOT NULL,    -- the first; empty: nobody has to look
    body   text COLLATE "C" NOT NULL     -- the standing as JSON
);
CREATE INDEX standings_apart ON standings (apart);
CREATE INDEX standings_doubt ON standings (doubt);

-- Moves of records from one person to another, as JSON.
CREATE TABLE moves (
    place bigint PRIMARY KEY,            -- 1, 2, 3 ...
    id    text COLLATE "C" NOT NULL UNIQUE,
    body  bytea NOT NULL
);

-- What a source last sent of a resource that others have written too.
CREATE TABLE images (
    type   text COLLATE "C" NOT NULL,
    id     text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    body   bytea NOT NULL,
    PRIMARY KEY (type, id, source)
);

-- Every edit that a client made through the API, which met again makes nothing.
CREATE TABLE edits (
    type text COLLATE "C" NOT NULL,
    id   text COLLATE "C" NOT NULL,
    edit bytea NOT NULL, -- a digest of who asked, of which version, and for what
    PRIMARY KEY (type, id, edit)
);

-- As of when each source last sent something of a thing: what is older is not taken.
CREATE TABLE sendings (
    id   text COLLATE "C" PRIMARY KEY,   -- a digest of the source and of what it was sent of
    "at" text COLLATE "C" NOT NULL       -- a later time is a greater text
);

-- Every register of agreements that was put in force: the newest one is.
CREATE TABLE registers (
    number bigint PRIMARY KEY,           -- of the change that put it in force
    "at"   bigint NOT NULL,              -- when, in nanoseconds since 1970
    hash   text COLLATE "C" NOT NULL,    -- of its content
    files  bytea NOT NULL                -- the texts by the names of their files, as JSON
);
CREATE INDEX registers_by_hash ON registers (hash, number);

-- Who is told of changes, as JSON.
CREATE TABLE subscriptions (
    id     text COLLATE "C" PRIMARY KEY,
    client text COLLATE "C" NOT NULL,
    body   bytea NOT NULL
);
CREATE INDEX subscriptions_of_client ON subscriptions (client, id);

-- What each is told of, as JSON.
CREATE TABLE events (
    subscription text COLLATE "C" NOT NULL,
    number       bigint NOT NULL,        -- 1, 2, 3 ... of the subscription
    body         bytea NOT NULL,
    PRIMARY KEY (subscription, number)
);

-- How far the versions have been looked through for them, and by whom, as JSON.
CREATE TABLE outbox (
    id   bigint PRIMARY KEY CHECK (id = 1),
    body bytea NOT NULL
);

-- What imports could not take.
CREATE TABLE faults (
    place     bigint PRIMARY KEY,        -- 1, 2, 3 ...
    id        text COLLATE "C" NOT NULL UNIQUE,
    source    text COLLATE "C" NOT NULL,
    custodian text COLLATE "C" NOT NULL,
    file      text COLLATE "C" NOT NULL,
    "row"     bigint NOT NULL,
    field     text COLLATE "C" NOT NULL,
    value     text COLLATE "C" NOT NULL,
    rule      text COLLATE "C" NOT NULL,
    reason    text COLLATE "C" NOT NULL,
    raw       bytea NOT NULL,
    against   bigint NOT NULL,           -- 1: what refuses or takes back sharing stands in it
    record    text COLLATE "C" NOT NULL, -- its name, the same in every extract; empty: it has none
    "at"      text COLLATE "C" NOT NULL,
    settled   text COLLATE "C" NOT NULL, -- empty while open
    came_right bigint NOT NULL           -- 1: settled because the source has sent it anew
);
CREATE INDEX faults_open ON faults (source, "at", place) WHERE settled = '';
CREATE INDEX faults_waiting ON faults (source, record, id) WHERE settled = '' AND against = 0 AND record <> '';

-- The audit log. Times are nanoseconds since 1970.

-- One row for each chain: where it ends, and who may go on with it.
CREATE TABLE audit_slots (
    slot   bigint PRIMARY KEY,           -- 1, 2, 3 ...
    seq    bigint NOT NULL,              -- of its newest entry; 0 where there is none
    hash   bytea NOT NULL,
    latest bigint NOT NULL,              -- when that was recorded
    holder text COLLATE "C" NOT NULL,    -- empty: nobody
    until  bigint NOT NULL               -- end of the lease
);

-- The entries. The columns before the body repeat what it says, to find it by.
CREATE TABLE audit (
    slot         bigint NOT NULL,
    seq          bigint NOT NULL,        -- 1, 2, 3 ... of the chain
    hash         bytea NOT NULL,         -- SHA-256 over the hash before and the body
    time         bigint NOT NULL,
    request      text COLLATE "C" NOT NULL,
    person       text COLLATE "C" NOT NULL,
    client       text COLLATE "C" NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    professional text COLLATE "C" NOT NULL,
    agreement    text COLLATE "C" NOT NULL,
    duty         bigint NOT NULL,        -- 1: it asks for something to be told
    body         bytea NOT NULL,
    PRIMARY KEY (slot, seq)
);
CREATE INDEX audit_of_person ON audit (person, time, slot, seq);
CREATE INDEX audit_of_request ON audit (request, time, slot, seq);
CREATE INDEX audit_of_agreement ON audit (agreement, time, slot, seq);
CREATE INDEX audit_of_client ON audit (client, time, slot, seq);
CREATE INDEX audit_of_duty ON audit (slot, seq) WHERE duty = 1;

-- The signed notes over all chains.
CREATE TABLE audit_checkpoints (
    number bigint PRIMARY KEY,           -- 1, 2, 3 ...
    note   text COLLATE "C" NOT NULL
);

-- What is settled once for the whole store, by name.
CREATE TABLE meta (
    name  text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL
);

-- The role that every connection of a gateway works as, whoever it logs in as. It can
-- neither change nor remove a version, a move, a register, an entry or a checkpoint of the audit log, or
-- what was settled, and it owns nothing. Who may not make roles has it made beforehand:
-- CREATE ROLE cpa_gateway NOLOGIN; GRANT cpa_gateway TO <owner>;
-- +goose StatementBegin
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'cpa_gateway') THEN
        CREATE ROLE cpa_gateway NOLOGIN;
        EXECUTE format('GRANT cpa_gateway TO %I', current_user);
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of this server makes it at this moment
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO cpa_gateway', current_schema());
END
$$;
-- +goose StatementEnd
GRANT SELECT ON goose_db_version TO cpa_gateway;
GRANT SELECT, INSERT ON versions, edits, moves, registers, audit, audit_checkpoints, meta TO cpa_gateway;
GRANT SELECT, INSERT, UPDATE ON resources, changed, persons, faults, images, sendings, outbox TO cpa_gateway;
GRANT SELECT, INSERT, UPDATE ON audit_slots TO cpa_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON labels, changes, refs, terms, sort_values, compiled, identifiers, standings, subscriptions, events TO cpa_gateway;
