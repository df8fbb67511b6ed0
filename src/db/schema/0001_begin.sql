-- recalld: sessions, users, groups, and the memory of each graph. docs/storage.md explains.
-- Numbers are BIGINT, times microseconds UTC, JSON is TEXT, a uuid is 16 bytes.

CREATE TABLE projects (
    project     BIGINT NOT NULL,
    name        TEXT COLLATE "C", -- null: deleted, and being erased
    description TEXT,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (project)
); -- clustered
CREATE UNIQUE INDEX projects_by_name ON projects (name);

CREATE TABLE api_keys (
    hash       BYTEA NOT NULL, -- SHA-256 of the key
    project    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (hash)
); -- clustered
CREATE INDEX api_keys_by_project ON api_keys (project, created_at);

-- Totals and last given numbers, kept in the transaction that changes them. Project 0 is the store.
CREATE TABLE counts (
    project BIGINT NOT NULL,
    kind    BIGINT NOT NULL,
    slot    BIGINT NOT NULL,
    total   BIGINT NOT NULL,
    last    BIGINT NOT NULL,
    PRIMARY KEY (project, kind, slot)
); -- clustered
-- postgres: CREATE SEQUENCE project_numbers;
-- postgres: CREATE SEQUENCE graph_numbers;
-- postgres: CREATE SEQUENCE row_numbers;

CREATE TABLE users (
    project    BIGINT NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    graph      BIGINT NOT NULL,
    email      TEXT,
    first_name TEXT,
    last_name  TEXT,
    metadata   TEXT,
    rating     TEXT,
    no_ontology BIGINT, -- disable_default_ontology: 0, 1 or not said
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (project, user_id)
); -- clustered
CREATE INDEX users_by_number ON users (project, graph);

CREATE TABLE groups (
    project     BIGINT NOT NULL,
    group_id    TEXT COLLATE "C" NOT NULL,
    graph       BIGINT NOT NULL,
    name        TEXT,
    description TEXT,
    rating      TEXT,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (project, group_id)
); -- clustered
CREATE INDEX groups_by_number ON groups (project, graph);

CREATE TABLE sessions (
    project         BIGINT NOT NULL,
    session_id      TEXT COLLATE "C" NOT NULL,
    id              BIGINT NOT NULL,
    graph           BIGINT NOT NULL,
    session         BIGINT NOT NULL,
    user_id         TEXT COLLATE "C" NOT NULL, -- empty: none, and the graph is the session's own
    metadata        TEXT,
    rating          TEXT,
    classifications TEXT,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (project, session_id)
); -- clustered
CREATE INDEX sessions_by_number ON sessions (project, id);
CREATE INDEX sessions_by_user ON sessions (project, user_id, id);

-- The owner's side, keyed by graph: all below goes with its graph.

CREATE TABLE graphs (
    graph         BIGINT NOT NULL,
    project       BIGINT NOT NULL,
    kind          BIGINT NOT NULL, -- 1 a user's, 2 a group's, 3 of a session without a user
    owner         TEXT COLLATE "C" NOT NULL,
    speaker       TEXT, -- the user's first name
    index_version BIGINT NOT NULL,
    next_session  BIGINT NOT NULL,
    next_episode  BIGINT NOT NULL,
    next_node     BIGINT NOT NULL,
    next_edge     BIGINT NOT NULL,
    folded        BIGINT NOT NULL, -- episodes up to this number are in postings and blocks
    sessions      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (graph)
); -- clustered

CREATE TABLE strands (
    graph      BIGINT NOT NULL,
    session    BIGINT NOT NULL,
    project    BIGINT NOT NULL,
    session_id TEXT COLLATE "C" NOT NULL,
    id         BIGINT NOT NULL,
    messages   BIGINT NOT NULL,
    next_place BIGINT NOT NULL,
    ended_at   BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (graph, session)
); -- clustered
CREATE INDEX strands_by_update ON strands (project, updated_at, id);

CREATE TABLE episodes (
    graph              BIGINT NOT NULL,
    number             BIGINT NOT NULL,
    session            BIGINT NOT NULL, -- 0: data without a session
    place              BIGINT NOT NULL, -- in the session, from 1
    uuid               BYTEA,           -- given by the client; null: made from added_at, graph, number
    source             BIGINT NOT NULL, -- 1 message, 2 text, 3 json
    role_type          BIGINT NOT NULL,
    role               TEXT,
    content            TEXT NOT NULL,
    metadata           TEXT,
    source_description TEXT,
    created_at         BIGINT NOT NULL,
    added_at           BIGINT NOT NULL,
    terms              BYTEA NOT NULL, -- its own words, packed; see docs/search.md
    PRIMARY KEY (graph, number)
); -- clustered
CREATE INDEX episodes_by_place ON episodes (graph, session, place);

CREATE TABLE given_uuids (
    project BIGINT NOT NULL,
    uuid    BYTEA NOT NULL,
    kind    BIGINT NOT NULL,
    graph   BIGINT NOT NULL,
    number  BIGINT NOT NULL,
    PRIMARY KEY (project, uuid)
); -- clustered

CREATE TABLE postings (
    graph  BIGINT NOT NULL,
    term   BIGINT NOT NULL,
    chunk  BIGINT NOT NULL, -- the first episode's number
    packed BYTEA NOT NULL,
    PRIMARY KEY (graph, term, chunk)
); -- clustered

CREATE TABLE blocks (
    graph  BIGINT NOT NULL,
    block  BIGINT NOT NULL, -- the first episode's number
    packed BYTEA NOT NULL,
    PRIMARY KEY (graph, block)
); -- clustered

-- Work accepted with its cause, done after it. Graph 0: of a whole project.
CREATE TABLE jobs (
    project    BIGINT NOT NULL,
    graph      BIGINT NOT NULL,
    kind       BIGINT NOT NULL, -- 1 erase, 2 index anew
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project, graph, kind)
); -- clustered
