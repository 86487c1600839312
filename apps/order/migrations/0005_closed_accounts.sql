-- Accounts that were closed lately: what they ordered and nobody has begun to make is cancelled. A row goes once no
-- token of its person can be valid any more.
CREATE TABLE closed_accounts (
    person uuid PRIMARY KEY,
    -- When we heard of it, by our own clock.
    closed_at timestamptz NOT NULL
);

ALTER TABLE orders
    DROP CONSTRAINT orders_reason_check,
    ADD CONSTRAINT orders_reason_check CHECK (reason IN ('sold_out', 'payment_declined', 'payment_unavailable',
                                                         'stock_unavailable', 'by_customer', 'by_staff', 'by_operator',
                                                         'account_closed'));
ALTER TABLE checkouts
    DROP CONSTRAINT checkouts_cancel_check,
    ADD CONSTRAINT checkouts_cancel_check CHECK (cancel IN ('by_customer', 'by_staff', 'by_operator',
                                                            'account_closed'));
