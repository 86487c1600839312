-- Goods that came back after they were sold and handed over.
ALTER TABLE movements
    -- For which return, if for one; `order_id` then names its order.
    ADD COLUMN return_id uuid;

-- A return of the order service's: what it has brought back of what its order bought.
CREATE TABLE returns (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES reservations,
    -- SHA-256 of the command, so that another one of the same return is told apart.
    fingerprint bytea NOT NULL,
    -- What came back, items ascending, as many quantities, and how much of each was thrown away.
    items uuid[] NOT NULL,
    quantities bigint[] NOT NULL,
    wasted bigint[] NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK (cardinality(items) = cardinality(quantities) AND cardinality(items) = cardinality(wasted)),
    CHECK (0 < ALL (quantities)),
    CHECK (0 <= ALL (wasted))
);

CREATE INDEX returns_of_order ON returns (order_id);
