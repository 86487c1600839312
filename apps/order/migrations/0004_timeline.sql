-- What other services did for an order: a read model, filled from their events alone and from nothing else, so that it
-- can be dropped and filled again.
CREATE TABLE timeline (
    source text NOT NULL,
    event_id text NOT NULL,
    order_id uuid NOT NULL,
    at timestamptz NOT NULL,
    sequence bigint NOT NULL,
    type text NOT NULL,
    detail jsonb NOT NULL,
    -- A second delivery is the same row.
    PRIMARY KEY (source, event_id)
);

CREATE INDEX timeline_of_order ON timeline (order_id, at);
