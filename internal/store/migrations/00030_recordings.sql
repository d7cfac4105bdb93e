-- +goose Up

-- journal: the index of recorded talks, made from the facts about them
CREATE TABLE recordings (
    id         TEXT             NOT NULL PRIMARY KEY, -- the file is recordings/ID.wav
    call       TEXT             NOT NULL,
    started    BIGINT           NOT NULL,
    ended      BIGINT           NOT NULL, -- 0: it goes on, or the program was killed
    seconds    DOUBLE PRECISION NOT NULL,
    deleted    BIGINT           NOT NULL, -- 0: the sound is kept
    deleted_by TEXT             NOT NULL,
    reason     TEXT             NOT NULL
);
CREATE INDEX recordings_call ON recordings (call);
CREATE INDEX recordings_kept ON recordings (deleted, started);

-- +goose Down
DROP TABLE recordings;
