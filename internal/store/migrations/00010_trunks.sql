-- +goose Up

-- trunk
CREATE TABLE trunks (
    name     TEXT    NOT NULL PRIMARY KEY,
    title    TEXT    NOT NULL,
    template TEXT    NOT NULL,
    enabled  BOOLEAN NOT NULL,
    settings TEXT    NOT NULL, -- JSON, without the password
    version  INTEGER NOT NULL,
    updated  BIGINT  NOT NULL
);

CREATE TABLE trunk_rules ( -- which header of this carrier says what, as learned from a real call
    trunk  TEXT   NOT NULL REFERENCES trunks (name),
    what   TEXT   NOT NULL, -- 'caller' or 'called'
    header TEXT   NOT NULL,
    number TEXT   NOT NULL, -- the called number that is ours under this rule; '' for 'caller'
    login  TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (trunk, what, number)
);

CREATE TABLE destinations ( -- where calls may go out to
    number TEXT   NOT NULL PRIMARY KEY,
    title  TEXT   NOT NULL,
    login  TEXT   NOT NULL,
    at     BIGINT NOT NULL
);

CREATE TABLE outgoing_calls ( -- every wish to dial out, let out or not
    id        BIGINT NOT NULL PRIMARY KEY,
    at        BIGINT NOT NULL,
    login     TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    to_number TEXT   NOT NULL,
    call      TEXT   NOT NULL,
    refused   TEXT   NOT NULL, -- '' when it was let out
    alarm     BOOLEAN NOT NULL,
    trunk     TEXT   NOT NULL, -- '' until one has taken it
    result    TEXT   NOT NULL  -- 'answered', or why not
);
CREATE INDEX outgoing_calls_at ON outgoing_calls (at);

-- +goose Down
DROP TABLE outgoing_calls;
DROP TABLE destinations;
DROP TABLE trunk_rules;
DROP TABLE trunks;
