-- Delivery: what bringing an order costs, and where its courier is, as shipping tells it. Where it is brought stands at
-- shipping alone (docs/decisions/0041).

-- One row per order that is brought. Not columns of `orders`: those change with the order's version, this with shipping's.
CREATE TABLE deliveries (
    order_id uuid PRIMARY KEY REFERENCES orders,
    -- Contained in the order's total, in its currency, with the tax at this rate in it.
    fee bigint NOT NULL CHECK (fee >= 0),
    tax_rate_bp integer NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),
    -- From the order to the door.
    minutes integer NOT NULL CHECK (minutes >= 0),
    courier text NOT NULL DEFAULT 'awaited' CHECK (courier IN ('awaited', 'booked', 'dispatched', 'delivered', 'failed')),
    -- The newest event of the shipment that was heard; nothing older changes `courier`.
    sequence bigint NOT NULL DEFAULT 0
);

ALTER TABLE orders
    DROP CONSTRAINT orders_reason_check,
    ADD CONSTRAINT orders_reason_check CHECK (reason IN ('sold_out', 'payment_declined', 'payment_unavailable',
                                                         'stock_unavailable', 'by_customer', 'by_staff', 'by_operator',
                                                         'account_closed', 'no_courier'));
ALTER TABLE checkouts
    DROP CONSTRAINT checkouts_cancel_check,
    ADD CONSTRAINT checkouts_cancel_check CHECK (cancel IN ('by_customer', 'by_staff', 'by_operator',
                                                            'account_closed', 'no_courier'));
