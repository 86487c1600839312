-- Orders with their lines, the history of their transitions, the numbers people call out, and replays of commands.
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    customer uuid NOT NULL,
    store_id uuid NOT NULL,
    store_name text NOT NULL,
    -- The store's own calendar day, in which `number` is unique.
    business_day date NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    placed_at timestamptz NOT NULL,
    checkout text NOT NULL CHECK (checkout IN ('pending', 'confirmed', 'cancelled', 'completed', 'manual')),
    fulfilment text NOT NULL CHECK (fulfilment IN ('waiting', 'preparation', 'ready', 'delivered')),
    payment_method text NOT NULL CHECK (payment_method IN ('counter')),
    payment_status text NOT NULL CHECK (payment_status IN ('due', 'captured')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    total bigint NOT NULL CHECK (total >= 0),
    -- [{"rate_bp", "gross", "tax"}]: a snapshot, never searched.
    tax jsonb NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    UNIQUE (store_id, business_day, number),
    CONSTRAINT completed_is_paid CHECK (checkout <> 'completed' OR payment_status = 'captured')
);

-- Ids are UUIDv7: their order is the order of placing.
CREATE INDEX orders_of_customer ON orders (customer, id DESC);
CREATE INDEX orders_open ON orders (store_id, id) WHERE checkout = 'confirmed' AND fulfilment <> 'delivered';

CREATE TABLE order_lines (
    order_id uuid NOT NULL REFERENCES orders,
    line integer NOT NULL,
    variation_id uuid NOT NULL,
    product text NOT NULL,
    variation text NOT NULL,
    -- [{"id", "group", "name", "price"}]: what was chosen, at the prices of that moment.
    options jsonb NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_price bigint NOT NULL CHECK (unit_price >= 0),
    line_total bigint NOT NULL CHECK (line_total = unit_price * quantity),
    tax_rate_bp integer NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),
    PRIMARY KEY (order_id, line)
);

-- One row per version, written in the transaction of the transition.
CREATE TABLE order_history (
    order_id uuid NOT NULL REFERENCES orders,
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    axis text NOT NULL CHECK (axis IN ('checkout', 'fulfilment')),
    from_status text,
    to_status text NOT NULL,
    PRIMARY KEY (order_id, version)
);

-- The last number given out, per store and day; its row lock makes numbers unique.
CREATE TABLE daily_numbers (
    store_id uuid NOT NULL,
    business_day date NOT NULL,
    last integer NOT NULL,
    PRIMARY KEY (store_id, business_day)
);

-- The answer to a command under an Idempotency-Key, written in the command's own transaction.
CREATE TABLE replays (
    subject text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    -- SHA-256 of the command, so that another one under the same key is told apart.
    fingerprint bytea NOT NULL,
    response jsonb NOT NULL,
    stored_at timestamptz NOT NULL,
    PRIMARY KEY (subject, route, key)
);

CREATE INDEX replays_by_age ON replays (stored_at);
