-- One text for SQLite and PostgreSQL. Times are microseconds since 1970 in UTC (0: did not happen), lengths of time are
-- microseconds, lists are JSON. Each table belongs to the room named above it.

-- +goose Up

-- journal
CREATE TABLE facts (
    call        TEXT             NOT NULL,
    seq         INTEGER          NOT NULL,
    at          BIGINT           NOT NULL,
    kind        TEXT             NOT NULL,
    from_number TEXT             NOT NULL,
    to_number   TEXT             NOT NULL,
    agent       TEXT             NOT NULL,
    name        TEXT             NOT NULL,
    value       TEXT             NOT NULL,
    cause       TEXT             NOT NULL,
    share       DOUBLE PRECISION NOT NULL,
    count       INTEGER          NOT NULL,
    seconds     DOUBLE PRECISION NOT NULL,
    test        BOOLEAN          NOT NULL,
    PRIMARY KEY (call, seq)
);

CREATE TABLE records (
    call              TEXT    NOT NULL PRIMARY KEY,
    arrived           BIGINT  NOT NULL,
    answered          BIGINT  NOT NULL,
    ended             BIGINT  NOT NULL,
    from_number       TEXT    NOT NULL,
    to_number         TEXT    NOT NULL,
    via               TEXT    NOT NULL,
    outcome           TEXT    NOT NULL,
    cause             TEXT    NOT NULL,
    path              TEXT    NOT NULL,
    services          TEXT    NOT NULL,
    informed          BOOLEAN NOT NULL,
    asked             BOOLEAN NOT NULL,
    topic             TEXT    NOT NULL,
    queued            BOOLEAN NOT NULL,
    left_for          TEXT    NOT NULL,
    agent             TEXT    NOT NULL,
    wait_us           BIGINT  NOT NULL,
    time_to_person_us BIGINT  NOT NULL,
    talk_us           BIGINT  NOT NULL,
    hold_us           BIGINT  NOT NULL,
    wrap_up_us        BIGINT  NOT NULL,
    score             INTEGER NOT NULL,
    solved            TEXT    NOT NULL,
    card              TEXT    NOT NULL,
    test              BOOLEAN NOT NULL
);
CREATE INDEX records_arrived ON records (arrived, call);

CREATE TABLE open_calls ( -- calls with facts and no record yet: what a start has to close
    call TEXT NOT NULL PRIMARY KEY
);

-- casework
CREATE TABLE card_numbers (
    year INTEGER NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL
);

CREATE TABLE cards (
    number      TEXT    NOT NULL PRIMARY KEY,
    call        TEXT    NOT NULL,
    origin      TEXT    NOT NULL, -- 'talk' or 'message'
    created     BIGINT  NOT NULL,
    from_number TEXT    NOT NULL,
    topic       TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    waited_s    INTEGER NOT NULL,
    agent       TEXT    NOT NULL,
    essence     TEXT    NOT NULL,
    answer      TEXT    NOT NULL,
    services    TEXT    NOT NULL,
    result      TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    updated     BIGINT  NOT NULL,
    version     INTEGER NOT NULL
);
CREATE INDEX cards_call ON cards (call);
CREATE UNIQUE INDEX cards_one_per_talk ON cards (call) WHERE origin = 'talk';

CREATE TABLE card_changes (
    number  TEXT    NOT NULL REFERENCES cards (number),
    version INTEGER NOT NULL,
    at      BIGINT  NOT NULL,
    login   TEXT    NOT NULL,
    body    TEXT    NOT NULL, -- the card as it stood after the change
    PRIMARY KEY (number, version)
);

CREATE TABLE messages (
    number      TEXT             NOT NULL PRIMARY KEY REFERENCES cards (number),
    call        TEXT             NOT NULL,
    box         TEXT             NOT NULL,
    created     BIGINT           NOT NULL,
    from_number TEXT             NOT NULL,
    seconds     DOUBLE PRECISION NOT NULL,
    sound       TEXT             NOT NULL UNIQUE,
    due         BIGINT           NOT NULL,
    taken_by    TEXT             NOT NULL,
    taken_at    BIGINT           NOT NULL,
    done_by     TEXT             NOT NULL,
    done_at     BIGINT           NOT NULL,
    note        TEXT             NOT NULL
);
CREATE INDEX messages_open ON messages (done_at, due);

-- survey
CREATE TABLE survey_answers (
    call   TEXT    NOT NULL PRIMARY KEY,
    at     BIGINT  NOT NULL,
    score  INTEGER NOT NULL,
    solved TEXT    NOT NULL
);

-- staff
CREATE TABLE agents (
    login         TEXT   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    role          TEXT   NOT NULL,
    post          TEXT   NOT NULL,
    order_number  TEXT   NOT NULL,
    order_date    TEXT   NOT NULL,
    valid_until   TEXT   NOT NULL,
    created       BIGINT NOT NULL,
    password_hash TEXT   NOT NULL,
    ha1           TEXT   NOT NULL
);

CREATE TABLE sign_ins (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    login      TEXT   NOT NULL REFERENCES agents (login),
    since      BIGINT NOT NULL,
    seen       BIGINT NOT NULL
);
CREATE INDEX sign_ins_login ON sign_ins (login);

-- audit
CREATE TABLE audit_notes (
    id    BIGINT NOT NULL PRIMARY KEY,
    at    BIGINT NOT NULL,
    login TEXT   NOT NULL,
    act   TEXT   NOT NULL,
    what  TEXT   NOT NULL,
    item  TEXT   NOT NULL,
    ip    TEXT   NOT NULL,
    note  TEXT   NOT NULL
);
CREATE INDEX audit_notes_item ON audit_notes (what, item);

-- +goose Down
DROP TABLE audit_notes;
DROP TABLE sign_ins;
DROP TABLE agents;
DROP TABLE survey_answers;
DROP TABLE messages;
DROP TABLE card_changes;
DROP TABLE cards;
DROP TABLE card_numbers;
DROP TABLE open_calls;
DROP TABLE records;
DROP TABLE facts;
