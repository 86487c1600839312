-- Photographs of products: encoded once, in a few widths, and kept by the hash of their bytes, so that products with the
-- same picture share it and an address never means anything else.

CREATE TABLE renditions (
    hash  text PRIMARY KEY,
    bytes bytea NOT NULL,
    -- Whatever hand writes here, what is served under a hash has it.
    CHECK (hash = encode(sha256(bytes), 'hex'))
);
-- JPEG does not shrink a second time.
ALTER TABLE renditions ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE product_renditions (
    product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE,
    width      integer NOT NULL CHECK (width BETWEEN 1 AND 960),
    height     integer NOT NULL CHECK (height BETWEEN 1 AND 3840),
    hash       text NOT NULL REFERENCES renditions,
    PRIMARY KEY (product_id, width)
);
CREATE INDEX product_renditions_hash ON product_renditions (hash);

CREATE TRIGGER product_renditions_version AFTER INSERT OR UPDATE OR DELETE ON product_renditions
    FOR EACH STATEMENT EXECUTE FUNCTION count_menu_change();

-- What no product shows any more goes with the last that did, also when the product itself goes.
CREATE FUNCTION drop_unused_renditions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM renditions r
    WHERE r.hash IN (SELECT hash FROM gone)
      AND NOT EXISTS (SELECT FROM product_renditions p WHERE p.hash = r.hash);
    RETURN NULL;
END $$;
CREATE TRIGGER product_renditions_removed AFTER DELETE ON product_renditions REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION drop_unused_renditions();
