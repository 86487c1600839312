-- History that shows when somebody has changed it: each row is chained to the one before it of its order, and seals
-- are chained over the newest rows of all orders. src/audit.rs says what exactly is hashed, for a checker of one's own.

-- SHA-256 over the row before and this row, written as netstrings.
CREATE FUNCTION history_hash(previous bytea, order_id uuid, version bigint, at timestamptz, actor text, axis text,
                             from_status text, to_status text)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(previous || string_agg(
        coalesce(convert_to(octet_length(field) || ':' || field || ',', 'UTF8'), '-,'::bytea), ''::bytea ORDER BY place))
    FROM unnest(ARRAY[order_id::text, version::text, (extract(epoch FROM at) * 1000000)::bigint::text, actor, axis,
                      from_status, to_status]) WITH ORDINALITY AS fields (field, place)
$$;

ALTER TABLE order_history ADD COLUMN hash bytea CHECK (octet_length(hash) = 32);

-- Rows from before this migration are chained as they stand now.
WITH RECURSIVE chained AS (
    SELECT order_id, version,
           history_hash(decode(repeat('00', 32), 'hex'), order_id, version, at, actor, axis, from_status, to_status)
               AS hash
    FROM order_history WHERE version = 1
    UNION ALL
    SELECT row.order_id, row.version,
           history_hash(chained.hash, row.order_id, row.version, row.at, row.actor, row.axis, row.from_status,
                        row.to_status)
    FROM chained JOIN order_history row ON row.order_id = chained.order_id AND row.version = chained.version + 1
)
UPDATE order_history SET hash = chained.hash
FROM chained WHERE order_history.order_id = chained.order_id AND order_history.version = chained.version;

-- Fails here if an old row has no row before it: better than a chain that begins in the middle.
ALTER TABLE order_history ALTER COLUMN hash SET NOT NULL;

-- What no seal covers yet. The sealer takes it all and leaves nothing, so it needs no index.
CREATE TABLE unsealed_history (
    order_id uuid NOT NULL,
    version bigint NOT NULL
);
INSERT INTO unsealed_history SELECT order_id, max(version) FROM order_history GROUP BY order_id;

-- One seal: the newest rows of the orders that changed since the last one.
CREATE TABLE history_seals (
    seal bigint PRIMARY KEY CHECK (seal > 0),
    at timestamptz NOT NULL,
    -- Side by side, by order id: orders[n] had come to versions[n].
    orders uuid[] NOT NULL,
    versions bigint[] NOT NULL CHECK (cardinality(versions) = cardinality(orders)),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32)
);

-- In the database, so that no writer can forget it: not an older version of the service during a rolling restart
-- either. The caller holds the lock on the order, so the row before is there and final.
CREATE FUNCTION chain_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    previous bytea := decode(repeat('00', 32), 'hex');
BEGIN
    IF NEW.version > 1 THEN
        SELECT hash INTO previous FROM order_history WHERE order_id = NEW.order_id AND version = NEW.version - 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'order % has no history before version %', NEW.order_id, NEW.version
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    NEW.hash := history_hash(previous, NEW.order_id, NEW.version, NEW.at, NEW.actor, NEW.axis, NEW.from_status,
                             NEW.to_status);
    INSERT INTO unsealed_history VALUES (NEW.order_id, NEW.version);
    RETURN NEW;
END $$;
CREATE TRIGGER chain_history BEFORE INSERT ON order_history FOR EACH ROW EXECUTE FUNCTION chain_history();
