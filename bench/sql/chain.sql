-- A chain: 10,000 products in 100 categories, 200 stores that sell 500 of them each, half of them with two of eight
-- groups of options. Names are of three words each, so that any word is in some products' names and in most is not.
BEGIN;
CREATE FUNCTION pg_temp.id(kind int, nth int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT format('0190a000-%s-7000-8000-%s', lpad(kind::text, 4, '0'), lpad(nth::text, 12, '0'))::uuid
$$;
CREATE FUNCTION pg_temp.word(words text[], nth int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT words[1 + nth % array_length(words, 1)]
$$;
INSERT INTO stores (id, name, street, city, timezone, currency, position)
SELECT pg_temp.id(1, n), 'Crema ' || n, n || ' High Street', 'Leipzig', 'Europe/Berlin', 'EUR', 1000 + n
FROM generate_series(1, 200) n;
INSERT INTO tax_rates SELECT pg_temp.id(1, n), class, 700
FROM generate_series(1, 200) n, unnest(ARRAY['drink', 'food', 'goods']) class;
INSERT INTO opening_hours SELECT pg_temp.id(1, n), day, 420, 1200 FROM generate_series(1, 200) n, generate_series(1, 7) day;
INSERT INTO categories (id, name, position) SELECT pg_temp.id(2, n), 'Shelf ' || n, 1000 + n FROM generate_series(1, 100) n;
INSERT INTO products (id, category_id, name, description, image, allergens, tax_class, position)
SELECT pg_temp.id(3, n), pg_temp.id(2, 1 + n % 100),
       pg_temp.word(ARRAY['Toasted', 'Iced', 'Smoked', 'Salted', 'Sweet', 'Dark', 'White', 'Golden', 'Wild', 'Little',
                          'Double', 'Spiced', 'Creamy', 'Crisp', 'Winter', 'Summer', 'Garden', 'Monday', 'Harbour', 'Velvet'], n)
       || ' ' ||
       pg_temp.word(ARRAY['almond', 'cinnamon', 'caramel', 'hazelnut', 'vanilla', 'cardamom', 'pistachio', 'raspberry',
                          'blueberry', 'orange', 'lemon', 'ginger', 'chocolate', 'coconut', 'honey', 'maple', 'plum',
                          'cherry', 'walnut', 'sesame', 'pumpkin', 'apple', 'banana'], n / 20)
       || ' ' ||
       pg_temp.word(ARRAY['latte', 'cappuccino', 'mocha', 'espresso', 'macchiato', 'cortado', 'tea', 'lemonade', 'muffin',
                          'croissant', 'cookie', 'brownie', 'sandwich', 'bagel', 'granola', 'cake', 'tart', 'scone',
                          'roast', 'blend', 'smoothie', 'juice'], n / 460)
       || ' ' || n,
       'Made in the morning, and gone by the afternoon.', 'flat-white', '{}', 'drink', n
FROM generate_series(1, 10000) n;
INSERT INTO variations (id, product_id, name, position)
SELECT pg_temp.id(4, n), pg_temp.id(3, n), 'Regular', 0 FROM generate_series(1, 10000) n;
INSERT INTO option_groups (id, name, min_options, max_options) SELECT pg_temp.id(5, n), 'Choice ' || n, 0, 1 FROM generate_series(1, 8) n;
INSERT INTO options (id, group_id, name, position)
SELECT pg_temp.id(6, n), pg_temp.id(5, 1 + n / 4), 'Way ' || n, n % 4 FROM generate_series(0, 31) n;
INSERT INTO product_option_groups
SELECT pg_temp.id(3, n), pg_temp.id(5, 1 + (n / 2 + more) % 8), more
FROM generate_series(2, 10000, 2) n, generate_series(0, 1) more;
INSERT INTO variation_prices (store_id, variation_id, amount)
SELECT pg_temp.id(1, store), pg_temp.id(4, n), 200 + n % 700
FROM generate_series(1, 200) store, generate_series(1, 10000) n WHERE (n + 7 * store) % 20 = 0;
INSERT INTO option_prices (store_id, option_id, amount)
SELECT pg_temp.id(1, store), pg_temp.id(6, n), 10 * n FROM generate_series(1, 200) store, generate_series(0, 31) n;
COMMIT;
ANALYZE;
