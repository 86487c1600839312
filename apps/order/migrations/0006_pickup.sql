-- Picking up: when an order is due, the slots that orders hold, and how many orders a store takes for one.

ALTER TABLE orders
    -- When it is to be handed over. The default is for a version of the service that does not know of it.
    ADD COLUMN due_at timestamptz,
    -- The slot that it holds, by its beginning; none when it is made as soon as possible.
    ADD COLUMN slot timestamptz,
    -- When it was put on the counter.
    ADD COLUMN ready_at timestamptz;
UPDATE orders SET due_at = placed_at;
ALTER TABLE orders
    ALTER COLUMN due_at SET DEFAULT now(),
    ALTER COLUMN due_at SET NOT NULL,
    ADD CONSTRAINT due_in_its_slot CHECK (slot = due_at);

-- What a store has to make, by when it is due.
DROP INDEX orders_open;
CREATE INDEX orders_open ON orders (store_id, due_at, id) WHERE checkout = 'confirmed' AND fulfilment <> 'delivered';
-- What a store made lately of that which was wanted at once: the waiting time is learned from it.
CREATE INDEX orders_made ON orders (store_id, ready_at) WHERE slot IS NULL AND ready_at IS NOT NULL;

-- What a store's manager has set; a store without a row takes what the service takes by default.
CREATE TABLE pickup_settings (
    store_id uuid PRIMARY KEY,
    -- Orders per slot; at 0 no slot is offered.
    capacity integer NOT NULL CHECK (capacity BETWEEN 0 AND 1000),
    version  bigint NOT NULL CHECK (version > 0)
);

-- One row per slot that was ever taken, for ever.
CREATE TABLE pickup_slots (
    store_id  uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    -- By how many orders that are not cancelled.
    taken     integer NOT NULL CHECK (taken >= 0),
    -- What the store took per slot when this one was taken last: a later, smaller capacity makes nobody's order wrong.
    capacity  integer NOT NULL,
    PRIMARY KEY (store_id, starts_at),
    CONSTRAINT never_oversold CHECK (taken <= capacity)
);

-- In the database, so that no way to cancel can forget it: not in a version of the service that does not know of slots
-- either. Exactly once, because nothing leads out of being cancelled.
CREATE FUNCTION give_slot_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pickup_slots SET taken = taken - 1 WHERE store_id = NEW.store_id AND starts_at = NEW.slot;
    RETURN NULL;
END $$;
CREATE TRIGGER give_slot_back AFTER UPDATE OF checkout ON orders FOR EACH ROW
    WHEN (NEW.slot IS NOT NULL AND NEW.checkout = 'cancelled' AND OLD.checkout <> 'cancelled')
    EXECUTE FUNCTION give_slot_back();
