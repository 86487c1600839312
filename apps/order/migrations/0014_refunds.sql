-- What payment gave back of an order and no return explains, as its events tell it: for the receipt. No read model of the
-- kind that is dropped and filled again: a receipt says the same for ever.
CREATE TABLE refunds (
    -- Payment's id of it: told twice it is one.
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    -- In the order's currency.
    amount bigint NOT NULL CHECK (amount > 0),
    -- A manager gave this amount back, or the order was undone.
    cause text NOT NULL CHECK (cause IN ('amount', 'undone')),
    -- By payment's clock.
    at timestamptz NOT NULL
);

CREATE INDEX refunds_of_order ON refunds (order_id, at);
