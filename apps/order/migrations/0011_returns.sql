-- Returns: what of a completed order came back, what was given for it, and how far each return has come.

ALTER TABLE orders
    -- The store's IANA zone at that time, for its receipt. The default is for orders from before, and for a version of the
    -- service that does not know of it.
    ADD COLUMN zone text NOT NULL DEFAULT 'UTC';

ALTER TABLE order_lines
    -- By all returns that were not rejected: how many came back, and what they are given for.
    ADD COLUMN returned integer NOT NULL DEFAULT 0,
    ADD COLUMN refunded bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT no_more_back_than_went CHECK (returned BETWEEN 0 AND quantity AND refunded BETWEEN 0 AND line_total - discount);

CREATE TABLE returns (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    store_id uuid NOT NULL,
    -- From 1 upwards, per order.
    number integer NOT NULL CHECK (number > 0),
    reason text NOT NULL CHECK (reason IN ('wrong_item', 'quality', 'damaged', 'late', 'changed_mind', 'other')),
    note text,
    amount bigint NOT NULL CHECK (amount >= 0),
    -- [{"rate_bp", "gross", "tax"}]: the tax contained in `amount`.
    tax jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'rejected', 'running', 'manual', 'done')),
    -- What is to be done next, once it may be.
    step text NOT NULL CHECK (step IN ('refund', 'stock', 'finish')),
    -- Tries of this step so far, and what the last one in vain met.
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    last_error text,
    trace_parent text,
    -- Who holds it, and the number of its hold: only the holder of the newest one may write. As in `checkouts`.
    owner uuid,
    fence bigint NOT NULL DEFAULT 0,
    claimable_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    -- Who let it go on, or did not.
    decided_by text,
    decided_at timestamptz,
    ended_at timestamptz,
    UNIQUE (order_id, number),
    CHECK (state = 'running' OR owner IS NULL),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((state IN ('rejected', 'done')) = (ended_at IS NOT NULL)),
    CHECK (state <> 'done' OR step = 'finish'),
    CONSTRAINT decided_by_another CHECK (decided_by <> asked_by)
);

CREATE INDEX returns_running ON returns (claimable_at) WHERE state = 'running';
CREATE INDEX returns_waiting ON returns (store_id, id) WHERE state = 'waiting';
CREATE INDEX returns_manual ON returns (id) WHERE state = 'manual';

CREATE TABLE return_lines (
    return_id uuid NOT NULL REFERENCES returns,
    order_id uuid NOT NULL,
    line integer NOT NULL,
    -- None for a part of the price that is given back while the goods stay.
    quantity integer NOT NULL CHECK (quantity >= 0),
    amount bigint NOT NULL CHECK (amount >= 0),
    goods text NOT NULL CHECK (goods IN ('restocked', 'wasted', 'kept')),
    PRIMARY KEY (return_id, line),
    FOREIGN KEY (order_id, line) REFERENCES order_lines,
    CHECK (quantity > 0 OR (goods = 'kept' AND amount > 0))
);

CREATE INDEX return_lines_of_order ON return_lines (order_id);

-- What each return has been through, in the statement of its effect.
CREATE TABLE return_history (
    return_id uuid NOT NULL REFERENCES returns,
    position bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    -- Under which hold; none for what people did.
    fence bigint,
    -- A token's subject, or this service.
    actor text NOT NULL,
    -- ask, approve, reject; refund, stock, finish, park; retry, settle.
    action text NOT NULL,
    -- done, refused, unknown, unavailable.
    outcome text NOT NULL,
    note text,
    PRIMARY KEY (return_id, position)
);
