-- Which refund a return of goods stands for, and for ever: an Idempotency-Key is forgotten after a day, a return may wait
-- for a person for longer than that.
CREATE TABLE returns (
    -- The order service's id of it.
    id uuid PRIMARY KEY,
    -- The newest of its refunds: those before it were refused by the provider, and moved nothing.
    operation_id uuid NOT NULL UNIQUE REFERENCES operations
);
