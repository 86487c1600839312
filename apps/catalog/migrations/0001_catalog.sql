-- One catalogue, offered by several stores: what a thing is belongs to the company, what it costs belongs to a store.
-- A variation or option without a price in a store is not offered there.

CREATE TABLE stores (
    id       uuid PRIMARY KEY,
    name     text NOT NULL CHECK (name <> ''),
    street   text NOT NULL,
    city     text NOT NULL,
    timezone text NOT NULL CHECK (timezone <> ''),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    position integer NOT NULL UNIQUE,
    -- Grows with every change that can alter this store's menu (see the triggers below).
    version  bigint NOT NULL DEFAULT 1
);

-- Rates in basis points: 800 is 8 %. They differ by country, so by store.
CREATE TABLE tax_rates (
    store_id  uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
    tax_class text NOT NULL CHECK (tax_class IN ('drink', 'food', 'goods')),
    rate_bp   integer NOT NULL CHECK (rate_bp BETWEEN 0 AND 10000),
    PRIMARY KEY (store_id, tax_class)
);

CREATE TABLE categories (
    id       uuid PRIMARY KEY,
    name     text NOT NULL CHECK (name <> ''),
    position integer NOT NULL UNIQUE
);

CREATE TABLE products (
    id          uuid PRIMARY KEY,
    category_id uuid NOT NULL REFERENCES categories,
    name        text NOT NULL CHECK (name <> ''),
    description text NOT NULL,
    image       text NOT NULL CHECK (image ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    allergens   text[] NOT NULL DEFAULT '{}',
    tax_class   text NOT NULL CHECK (tax_class IN ('drink', 'food', 'goods')),
    position    integer NOT NULL,
    UNIQUE (category_id, position)
);

CREATE TABLE variations (
    id         uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE,
    name       text NOT NULL CHECK (name <> ''),
    position   integer NOT NULL,
    UNIQUE (product_id, position)
);

-- Amounts in minor units of the store's currency. The upper bound keeps any order of 50 lines far inside 64 bits.
CREATE TABLE variation_prices (
    store_id     uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
    variation_id uuid NOT NULL REFERENCES variations ON DELETE CASCADE,
    amount       bigint NOT NULL CHECK (amount BETWEEN 0 AND 100000000),
    PRIMARY KEY (store_id, variation_id)
);
CREATE INDEX variation_prices_variation ON variation_prices (variation_id);

CREATE TABLE option_groups (
    id          uuid PRIMARY KEY,
    name        text NOT NULL CHECK (name <> ''),
    min_options smallint NOT NULL CHECK (min_options >= 0),
    max_options smallint NOT NULL CHECK (max_options >= 1),
    CHECK (min_options <= max_options)
);

CREATE TABLE options (
    id         uuid PRIMARY KEY,
    group_id   uuid NOT NULL REFERENCES option_groups ON DELETE CASCADE,
    name       text NOT NULL CHECK (name <> ''),
    is_default boolean NOT NULL DEFAULT false,
    position   integer NOT NULL,
    UNIQUE (group_id, position)
);

CREATE TABLE option_prices (
    store_id  uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
    option_id uuid NOT NULL REFERENCES options ON DELETE CASCADE,
    amount    bigint NOT NULL CHECK (amount BETWEEN 0 AND 100000000),
    PRIMARY KEY (store_id, option_id)
);
CREATE INDEX option_prices_option ON option_prices (option_id);

CREATE TABLE product_option_groups (
    product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE,
    group_id   uuid NOT NULL REFERENCES option_groups,
    position   integer NOT NULL,
    PRIMARY KEY (product_id, group_id),
    UNIQUE (product_id, position)
);
CREATE INDEX product_option_groups_group ON product_option_groups (group_id);

-- The service keeps rendered menus in memory and compares one number. The database counts, so that no write, by
-- whatever hand, can leave an old price in a cached menu.
CREATE FUNCTION count_store_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;

CREATE TRIGGER stores_version BEFORE UPDATE ON stores
    FOR EACH ROW EXECUTE FUNCTION count_store_change();

-- Shared rows reach every store, and a store's own rows are rare: counting all stores is simple and never wrong.
CREATE FUNCTION count_menu_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE stores SET version = version;
    RETURN NULL;
END $$;

CREATE TRIGGER tax_rates_version AFTER INSERT OR UPDATE OR DELETE ON tax_rates
    FOR EACH STATEMENT EXECUTE FUNCTION count_menu_change();
CREATE TRIGGER categories_version AFTER INSERT OR UPDATE OR DELETE ON categories
    FOR EACH STATEMENT EXECUTE FUNCTION count_menu_change();
CREATE TRIGGER products_version AFTER INSERT OR UPDATE OR DELETE ON products
    FOR EACH STATEMENT EXECUTE FUNCTION count_menu_change();
CREATE TRIGGER variations_version AFTER INSERT OR UPDATE OR DELETE ON variations
    FOR EACH STATEMENT EXECUTE FUNCTION count_menu_change();
CREATE TRIGGER variation_prices_version AFTER INSERT OR UPDATE OR DELETE ON variation_prices
    FOR EACH STATEMENT EXECUTE FUNCTION count_menu_change();
CREATE TRIGGER option_groups_version AFTER INSERT OR UPDATE OR DELETE ON option_groups
    FOR EACH STATEMENT EXECUTE FUNCTION count_menu_change();
CREATE TRIGGER options_version AFTER INSERT OR UPDATE OR DELETE ON options
    FOR EACH STATEMENT EXECUTE FUNCTION count_menu_change();
CREATE TRIGGER option_prices_version AFTER INSERT OR UPDATE OR DELETE ON option_prices
    FOR EACH STATEMENT EXECUTE FUNCTION count_menu_change();
CREATE TRIGGER product_option_groups_version AFTER INSERT OR UPDATE OR DELETE ON product_option_groups
    FOR EACH STATEMENT EXECUTE FUNCTION count_menu_change();
