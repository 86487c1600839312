-- The catalogue is edited by managers: every resource counts its versions, prices may change at a planned instant, and
-- what is sold is found by its words.

-- Trusted: whoever owns the database may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- The database counts, as it does for stores, so that no write by whatever hand leaves a version as it was.
ALTER TABLE categories ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE products ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE option_groups ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE variation_prices ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE option_prices ADD COLUMN version bigint NOT NULL DEFAULT 1;
-- Counted by whoever changes a store's rates, which are edited together.
ALTER TABLE stores ADD COLUMN tax_version bigint NOT NULL DEFAULT 1;

CREATE TRIGGER categories_own_version BEFORE UPDATE ON categories
    FOR EACH ROW EXECUTE FUNCTION count_store_change();
CREATE TRIGGER products_own_version BEFORE UPDATE ON products
    FOR EACH ROW EXECUTE FUNCTION count_store_change();
CREATE TRIGGER option_groups_own_version BEFORE UPDATE ON option_groups
    FOR EACH ROW EXECUTE FUNCTION count_store_change();
CREATE TRIGGER variation_prices_own_version BEFORE UPDATE ON variation_prices
    FOR EACH ROW EXECUTE FUNCTION count_store_change();
CREATE TRIGGER option_prices_own_version BEFORE UPDATE ON option_prices
    FOR EACH ROW EXECUTE FUNCTION count_store_change();

-- A name is the natural key of a creation: one that is repeated because its answer was lost creates nothing twice.
CREATE UNIQUE INDEX categories_name ON categories (lower(name));
CREATE UNIQUE INDEX products_name ON products (category_id, lower(name));
CREATE UNIQUE INDEX option_groups_name ON option_groups (lower(name));

-- Managers choose positions, and two may be the same; rows that are edited as a list swap theirs in one transaction.
ALTER TABLE categories DROP CONSTRAINT categories_position_key;
ALTER TABLE products DROP CONSTRAINT products_category_id_position_key;
ALTER TABLE variations DROP CONSTRAINT variations_product_id_position_key,
    ADD CONSTRAINT variations_position UNIQUE (product_id, position) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE options DROP CONSTRAINT options_group_id_position_key,
    ADD CONSTRAINT options_position UNIQUE (group_id, position) DEFERRABLE INITIALLY DEFERRED;

-- Regulation (EU) No 1169/2011, Annex II.
ALTER TABLE products ADD CONSTRAINT products_allergens CHECK (allergens <@ ARRAY[
    'gluten', 'crustaceans', 'eggs', 'fish', 'peanuts', 'soya', 'milk', 'nuts', 'celery', 'mustard', 'sesame',
    'sulphites', 'lupin', 'molluscs']);

-- What a store does not sell any more keeps its row without an amount, so that its versions go on.
ALTER TABLE variation_prices ALTER COLUMN amount DROP NOT NULL;
ALTER TABLE option_prices ALTER COLUMN amount DROP NOT NULL;

-- Prices to come. One is in effect from its instant on, whether or not somebody has moved it into the list by then:
-- who reads prices looks here too. Each has a row in the list, so both together are one left join.
CREATE TABLE price_changes (
    id              uuid PRIMARY KEY,
    store_id        uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
    variation_id    uuid,
    option_id       uuid,
    item_id         uuid NOT NULL GENERATED ALWAYS AS (COALESCE(variation_id, option_id)) STORED,
    -- Without one it is not sold from then on.
    amount          bigint CHECK (amount BETWEEN 0 AND 100000000),
    takes_effect_at timestamptz NOT NULL,
    CHECK (num_nonnulls(variation_id, option_id) = 1),
    UNIQUE (store_id, item_id, takes_effect_at),
    FOREIGN KEY (store_id, variation_id) REFERENCES variation_prices,
    FOREIGN KEY (store_id, option_id) REFERENCES option_prices
);
CREATE INDEX price_changes_due ON price_changes (takes_effect_at);
CREATE INDEX price_changes_variation ON price_changes (variation_id) WHERE variation_id IS NOT NULL;
CREATE INDEX price_changes_option ON price_changes (option_id) WHERE option_id IS NOT NULL;

-- What belongs to a store is edited row by row now, and planned prices come by hundreds: they count their own stores.
DROP TRIGGER tax_rates_version ON tax_rates;
DROP TRIGGER variation_prices_version ON variation_prices;
DROP TRIGGER option_prices_version ON option_prices;

CREATE FUNCTION count_stores_menu_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE stores SET version = version WHERE id IN (SELECT store_id FROM changed);
    RETURN NULL;
END $$;

DO $$
DECLARE
    own text;
BEGIN
    FOREACH own IN ARRAY ARRAY['tax_rates', 'variation_prices', 'option_prices', 'price_changes'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_inserted AFTER INSERT ON %1$I REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION count_stores_menu_change()', own);
        EXECUTE format('CREATE TRIGGER %1$s_updated AFTER UPDATE ON %1$I REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION count_stores_menu_change()', own);
        EXECUTE format('CREATE TRIGGER %1$s_deleted AFTER DELETE ON %1$I REFERENCING OLD TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION count_stores_menu_change()', own);
    END LOOP;
END $$;

-- Of each item the changes that are in effect at an instant and not yet in the list: how many, and the last amount.
CREATE FUNCTION due_prices(of_store uuid, instant timestamptz)
    RETURNS TABLE (item_id uuid, amount bigint, changes bigint) LANGUAGE sql STABLE AS $$
    SELECT change.item_id, (array_agg(change.amount ORDER BY change.takes_effect_at DESC))[1], count(*)
    FROM price_changes AS change
    WHERE change.store_id = of_store AND change.takes_effect_at <= instant
    GROUP BY change.item_id
$$;

-- Words with a letter too few, too many or another one share most of their trigrams. Writes are rare: none of them is
-- left for a reader to look through.
CREATE INDEX products_name_words ON products USING gin (name gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX products_description_words ON products USING gin (description gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX categories_name_words ON categories USING gin (name gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX options_name_words ON options USING gin (name gin_trgm_ops) WITH (fastupdate = off);
