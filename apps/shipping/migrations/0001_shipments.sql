-- Where each store delivers, and for what. The zones are one document: they are checked, replaced and read as a whole.
CREATE TABLE stores (
    id uuid PRIMARY KEY,
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    zones jsonb NOT NULL,
    version bigint NOT NULL DEFAULT 1
);

-- The delivery of one order, from the moment it is announced on. An order without a row is fetched by its customer.
CREATE TABLE shipments (
    order_id uuid PRIMARY KEY,
    -- No foreign key: every order of a store would share-lock one row.
    store_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    status text NOT NULL CHECK
        (status IN ('announced', 'searching', 'booked', 'dispatched', 'delivered', 'failed', 'cancelled')),
    -- The sequence of its last event; versions that tell nothing leave gaps.
    version bigint NOT NULL CHECK (version > 0),
    -- SHA-256 of the announcement, so that another one for the same order is told apart. It goes with the address, which
    -- could be guessed from it.
    fingerprint bytea,
    zone text NOT NULL,
    fee bigint NOT NULL CHECK (fee >= 0),
    currency text NOT NULL,
    tax_rate_bp integer NOT NULL,
    minutes integer NOT NULL,
    -- Personal data: the only place in all of Crema where it stands.
    address jsonb,
    search_until timestamptz,
    ready boolean NOT NULL,
    told_ready boolean NOT NULL,
    to_call_off boolean NOT NULL,
    booking text,
    courier text,
    expected_at timestamptz,
    reason text CHECK (reason IN ('no_courier', 'undeliverable')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    forget boolean NOT NULL,
    -- When the carrier is to be asked for something; nothing while there is nothing to ask.
    due_at timestamptz,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    -- Of what is due now.
    tries integer NOT NULL DEFAULT 0,
    CONSTRAINT failed_for_a_reason CHECK ((status = 'failed') = (reason IS NOT NULL)),
    CONSTRAINT driven_to_an_address CHECK (address IS NOT NULL OR status NOT IN ('searching', 'booked', 'dispatched')),
    CONSTRAINT forgotten_whole CHECK (address IS NOT NULL OR fingerprint IS NULL)
);

CREATE INDEX shipments_due ON shipments (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX shipments_under_way ON shipments (store_id, order_id) WHERE status IN ('searching', 'booked', 'dispatched');
CREATE INDEX shipments_to_forget ON shipments (updated_at)
    WHERE address IS NOT NULL AND status IN ('announced', 'delivered', 'failed', 'cancelled');
CREATE INDEX shipments_of_customer ON shipments (customer_id) WHERE address IS NOT NULL;

-- What the carrier told, update by update.
CREATE TABLE tracking (
    order_id uuid NOT NULL REFERENCES shipments,
    -- The carrier's number of it.
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    status text NOT NULL,
    note text NOT NULL,
    PRIMARY KEY (order_id, seq)
);

-- How far the carrier's updates have been read: one row.
CREATE TABLE feed (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    cursor bigint NOT NULL DEFAULT 0 CHECK (cursor >= 0),
    leased_until timestamptz NOT NULL DEFAULT '-infinity'
);

INSERT INTO feed DEFAULT VALUES;
