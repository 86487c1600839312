-- What each store has, what is made of it, what is held for which order, and every change there ever was.
CREATE TABLE items (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    unit text NOT NULL CHECK (unit IN ('g', 'ml', 'piece'))
);

-- How much of an item one piece of a variation, or one choice of an option, takes.
CREATE TABLE variation_recipes (
    variation_id uuid NOT NULL,
    item_id uuid NOT NULL REFERENCES items,
    quantity bigint NOT NULL CHECK (quantity BETWEEN 1 AND 1000000),
    PRIMARY KEY (variation_id, item_id)
);

CREATE TABLE option_recipes (
    option_id uuid NOT NULL,
    item_id uuid NOT NULL REFERENCES items,
    quantity bigint NOT NULL CHECK (quantity BETWEEN 1 AND 1000000),
    PRIMARY KEY (option_id, item_id)
);

-- A store, and what could not be made there when the sweeper last looked.
CREATE TABLE stores (
    id uuid PRIMARY KEY,
    sold_out_variations uuid[] NOT NULL DEFAULT '{}',
    sold_out_options uuid[] NOT NULL DEFAULT '{}',
    availability_version bigint NOT NULL DEFAULT 1
);

-- Supply (initial, received, restocked, adjusted) and where it is now (available, reserved) or went (sold, wasted).
-- Each counter is the sum of the level's movements; the constraints refuse what a faulty statement would do.
CREATE TABLE levels (
    store_id uuid NOT NULL REFERENCES stores,
    item_id uuid NOT NULL REFERENCES items,
    initial bigint NOT NULL DEFAULT 0,
    received bigint NOT NULL DEFAULT 0,
    restocked bigint NOT NULL DEFAULT 0,
    adjusted bigint NOT NULL DEFAULT 0,
    available bigint NOT NULL DEFAULT 0 CONSTRAINT available_not_negative CHECK (available >= 0),
    reserved bigint NOT NULL DEFAULT 0 CONSTRAINT reserved_not_negative CHECK (reserved >= 0),
    sold bigint NOT NULL DEFAULT 0 CONSTRAINT sold_not_negative CHECK (sold >= 0),
    wasted bigint NOT NULL DEFAULT 0 CONSTRAINT wasted_not_negative CHECK (wasted >= 0),
    -- Below it the stock is low.
    threshold bigint NOT NULL DEFAULT 0 CHECK (threshold >= 0),
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (store_id, item_id),
    CONSTRAINT nothing_lost CHECK (available + reserved + sold + wasted = initial + received + restocked + adjusted)
);

-- A hot item's row is rewritten with every order: room on its page keeps that within the page, and no index but the
-- key means that none is touched.
ALTER TABLE levels SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- One row per change of a level, written in the statement of the change. No foreign key: that statement takes the
-- row's store and item from the level that it has locked, and a look-up per row would cost what the insert costs.
CREATE TABLE movements (
    id uuid NOT NULL,
    store_id uuid NOT NULL,
    item_id uuid NOT NULL,
    kind text NOT NULL CHECK
        (kind IN ('initial', 'receipt', 'waste', 'adjustment', 'reservation', 'release', 'sale', 'restock')),
    quantity bigint NOT NULL CHECK (quantity > 0 OR (kind = 'adjustment' AND quantity <> 0)),
    reason text,
    -- A token's subject, or the app id of whose event it was.
    actor text NOT NULL,
    order_id uuid,
    at timestamptz NOT NULL,
    -- Ids are UUIDv7: their order is the order of the movements.
    PRIMARY KEY (store_id, item_id, id)
);

-- What is held for an order. A row without a store is a tombstone: the order was released before it was ever reserved.
CREATE TABLE reservations (
    order_id uuid PRIMARY KEY,
    -- No foreign key: every order of a store would share-lock one row.
    store_id uuid,
    -- SHA-256 of the command, so that another one for the same order is told apart.
    fingerprint bytea,
    status text NOT NULL CHECK (status IN ('held', 'committed', 'released', 'expired')),
    -- What is held, items ascending, and as many quantities.
    items uuid[] NOT NULL,
    quantities bigint[] NOT NULL,
    -- The sequence of its last event.
    version bigint NOT NULL CHECK (version >= 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    CHECK (cardinality(items) = cardinality(quantities)),
    CHECK (0 < ALL (quantities)),
    CONSTRAINT tombstone_is_empty CHECK (
        (store_id IS NULL) = (fingerprint IS NULL) AND (store_id IS NULL) = (expires_at IS NULL)
        AND (store_id IS NOT NULL OR (status = 'released' AND cardinality(items) = 0))
    )
);

CREATE INDEX reservations_held ON reservations (expires_at) WHERE status = 'held';

-- What the world was last told of a level. Apart from the level, so that telling does not wait for its row lock.
CREATE TABLE told (
    store_id uuid NOT NULL,
    item_id uuid NOT NULL,
    version bigint NOT NULL,
    low boolean NOT NULL,
    -- The sequence of its last alert.
    alerts bigint NOT NULL,
    PRIMARY KEY (store_id, item_id),
    FOREIGN KEY (store_id, item_id) REFERENCES levels
);

-- The answer to a command under an Idempotency-Key, written in the command's own transaction.
CREATE TABLE replays (
    subject text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    -- SHA-256 of the command, so that another one under the same key is told apart.
    fingerprint bytea NOT NULL,
    -- Null only inside that transaction.
    response jsonb,
    stored_at timestamptz NOT NULL,
    PRIMARY KEY (subject, route, key)
);

CREATE INDEX replays_by_age ON replays (stored_at);
