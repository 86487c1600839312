-- Events that are stored but not yet known to be published. A row is deleted once the sidecar has taken it.
CREATE TABLE outbox.events (
    -- The order of publishing. Not gapless, and not the order of commits: only rows of one subject, which their
    -- aggregate's row lock puts one after the other, may rely on it.
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    source text NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    sequence bigint NOT NULL,
    time timestamptz NOT NULL,
    trace_parent text,
    -- An event above the broker's limit of 1 MiB would block all that follow it, so it is refused here.
    data jsonb NOT NULL CHECK (octet_length(data::text) <= 262144),
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (source, subject, sequence)
);

-- Rows live for milliseconds: vacuum by count, or the dead ones pile up at the front of the primary key.
ALTER TABLE outbox.events SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
