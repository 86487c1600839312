-- What was consumed, in the consumer's own database, so that an effect and its admission commit together.
CREATE SCHEMA inbox;

-- Every event that was admitted, for ever: a consumer that starts again at the first offset changes nothing.
CREATE TABLE inbox.messages (
    source text NOT NULL,
    id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source, id)
);

-- The highest sequence that was admitted of each subject.
CREATE TABLE inbox.heads (
    source text NOT NULL,
    subject text NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (source, subject)
);

-- The audit of what came after something newer of its subject.
CREATE TABLE inbox.late (
    source text NOT NULL,
    id text NOT NULL,
    subject text NOT NULL,
    sequence bigint NOT NULL,
    newest bigint NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source, id),
    CHECK (newest > sequence)
);

-- What was given up after its retries, for an operator to look at and to redrive.
CREATE TABLE inbox.dead_letters (
    id uuid PRIMARY KEY,
    -- The dead-letter topic that it came from.
    topic text NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    subject text NOT NULL,
    event_id text NOT NULL,
    -- Not jsonb, which has no place for U+0000: whatever was delivered can be kept.
    event json NOT NULL,
    received_at timestamptz NOT NULL,
    redriven_at timestamptz,
    UNIQUE (topic, source, event_id)
);
