-- What was sold: a read model, filled from order-events alone and from nothing else, so that it can be dropped and filled
-- again. A row is what the newest event of its order, or the one event of its return, tells; sums are made when somebody
-- asks, so nothing is counted that could be counted twice.
CREATE TABLE sales (
    order_id uuid PRIMARY KEY,
    -- The order's version in the newest event so far.
    version bigint NOT NULL,
    store_id uuid NOT NULL,
    -- The store's own calendar day on which it was placed.
    business_day date NOT NULL,
    checkout text NOT NULL,
    -- Whether it counts: it will be made, or was.
    sold boolean NOT NULL GENERATED ALWAYS AS (checkout IN ('confirmed', 'completed')) STORED,
    currency text NOT NULL,
    gross bigint NOT NULL,
    discount bigint NOT NULL,
    -- What it costs to have it brought.
    delivery bigint NOT NULL,
    tip bigint NOT NULL,
    total bigint NOT NULL,
    -- [{"rate_bp", "gross", "tax"}], in minor units.
    tax jsonb NOT NULL,
    -- [{"variation_id", "product", "variation", "quantity", "gross", "discount"}], in minor units.
    lines jsonb NOT NULL
);

CREATE INDEX sales_of_store ON sales (store_id, business_day);

CREATE TABLE sales_returns (
    return_id uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    store_id uuid NOT NULL,
    -- The store's own calendar day on which it was given for.
    business_day date NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    tax jsonb NOT NULL,
    -- [{"variation_id", "product", "variation", "quantity", "amount"}], in minor units.
    lines jsonb NOT NULL
);

CREATE INDEX sales_returns_of_store ON sales_returns (store_id, business_day);

-- The timeline's rows are the documents of all events about orders, our own too: an order's are found by
-- timeline_of_order, those of one type by this.
CREATE INDEX timeline_of_type ON timeline (type, at);
