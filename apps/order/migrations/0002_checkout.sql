-- Paying by card, and the checkout of an order as a saga: where each stands, and what it did.
ALTER TABLE orders
    -- Why it is, or will be, cancelled.
    ADD COLUMN reason text CHECK (reason IN ('sold_out', 'payment_declined', 'payment_unavailable',
                                             'stock_unavailable', 'by_customer', 'by_staff', 'by_operator')),
    DROP CONSTRAINT orders_payment_method_check,
    ADD CONSTRAINT orders_payment_method_check CHECK (payment_method IN ('counter', 'card')),
    DROP CONSTRAINT orders_payment_status_check,
    ADD CONSTRAINT orders_payment_status_check CHECK (payment_status IN ('due', 'captured', 'refunded', 'void')),
    ADD CONSTRAINT cancelled_owes_nothing CHECK (checkout <> 'cancelled'
                                                 OR (payment_status IN ('refunded', 'void') AND reason IS NOT NULL)),
    ADD CONSTRAINT card_is_paid_first CHECK (payment_method <> 'card' OR checkout <> 'confirmed'
                                             OR payment_status = 'captured');

-- One row per order, for ever: where its saga stands.
CREATE TABLE checkouts (
    order_id uuid PRIMARY KEY REFERENCES orders,
    state text NOT NULL CHECK (state IN ('running', 'manual', 'settled')),
    direction text NOT NULL CHECK (direction IN ('forward', 'back')),
    -- The row of the saga's table that is to be done (forward) or undone (back) next.
    step text NOT NULL CHECK (step IN ('place', 'reserve', 'authorise', 'capture', 'confirm')),
    -- Whether the card is charged at all: by card, and not for nothing.
    charged boolean NOT NULL,
    -- Tries of this step so far, and whether one of them may have had its effect.
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    doubt boolean NOT NULL DEFAULT false,
    -- Whether the money is known to have been taken, given back or not.
    captured boolean NOT NULL DEFAULT false,
    -- After this the saga goes forward no more.
    deadline timestamptz NOT NULL,
    -- Somebody wishes the order to be undone.
    cancel text CHECK (cancel IN ('by_customer', 'by_staff', 'by_operator')),
    -- Why it goes back.
    reason text,
    last_error text,
    -- The card's token, until the card is authorised or refused.
    card_token text,
    trace_parent text,
    -- Who holds it, and the number of its hold: only the holder of the newest one may write.
    owner uuid,
    fence bigint NOT NULL,
    -- From when on anybody may take hold of it: the end of the lease, or of the pause between two tries. By the
    -- database's clock, the one that all processes share.
    claimable_at timestamptz NOT NULL,
    parked_at timestamptz,
    settled_at timestamptz,
    CHECK (direction = 'forward' OR reason IS NOT NULL),
    CHECK (state = 'running' OR (owner IS NULL AND card_token IS NULL)),
    CHECK ((state = 'manual') = (parked_at IS NOT NULL)),
    CHECK ((state = 'settled') = (settled_at IS NOT NULL)),
    CONSTRAINT token_until_authorised CHECK (card_token IS NULL
                                             OR (direction = 'forward' AND step IN ('reserve', 'authorise')))
);

CREATE INDEX checkouts_running ON checkouts (claimable_at) WHERE state = 'running';
CREATE INDEX checkouts_manual ON checkouts (order_id) WHERE state = 'manual';

-- What each saga did, in the statement of its effect on the saga.
CREATE TABLE checkout_history (
    order_id uuid NOT NULL REFERENCES checkouts,
    position bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    -- Under which hold; none for what people did.
    fence bigint,
    -- reserve, release, authorise, void, capture, refund; confirm, cancel, park; recall, retry, settle.
    action text NOT NULL,
    -- done, refused, captured, unknown, unavailable.
    outcome text NOT NULL,
    note text,
    PRIMARY KEY (order_id, position)
);

-- Orders from before there were sagas: paid at the counter, confirmed by their own commit.
INSERT INTO checkouts (order_id, state, direction, step, charged, deadline, fence, claimable_at, settled_at)
SELECT id, 'settled', 'forward', 'confirm', false, placed_at, 0, placed_at, placed_at FROM orders;
