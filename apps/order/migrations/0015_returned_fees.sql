-- What bringing an order cost may be given back with a return of it, once.
ALTER TABLE returns
    -- Contained in `amount`.
    ADD COLUMN fee bigint NOT NULL DEFAULT 0 CHECK (fee BETWEEN 0 AND amount);

CREATE UNIQUE INDEX fee_given_once ON returns (order_id) WHERE fee > 0 AND state <> 'rejected';

ALTER TABLE sales_returns
    -- The same, as the event tells it.
    ADD COLUMN delivery bigint NOT NULL DEFAULT 0;
