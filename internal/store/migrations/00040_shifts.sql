-- +goose Up

-- staff: what each agent was doing, interval after interval; until = 0: it goes on. seen tells how long the program knew so.
CREATE TABLE shifts (
    login    TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    seen     BIGINT NOT NULL,
    status   TEXT   NOT NULL,
    reason   TEXT   NOT NULL,
    activity TEXT   NOT NULL,
    device   TEXT   NOT NULL,
    PRIMARY KEY (login, since)
);
CREATE INDEX shifts_open ON shifts (until, login);

-- +goose Down
DROP TABLE shifts;
