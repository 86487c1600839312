-- What reading a store's menu anew asks of PostgreSQL (apps/catalog/src/menus.rs, store.rs, store/hours.rs).
\set nth random(1, 200)
SELECT ('0190a000-0001-7000-8000-' || lpad(:nth::text, 12, '0'))::uuid AS store \gset
SELECT version FROM stores WHERE id = :store::uuid;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT id, name, street, city, timezone, currency, version,
       (SELECT min(takes_effect_at) FROM price_changes WHERE store_id = :store::uuid AND takes_effect_at > now())
FROM stores WHERE id = :store::uuid;
SELECT g.id, g.name, g.min_options, g.max_options, o.id, o.name, o.is_default, price.amount
FROM option_prices op
LEFT JOIN due_prices(:store::uuid, now()) due ON due.item_id = op.option_id
CROSS JOIN LATERAL (SELECT CASE WHEN due.item_id IS NULL THEN op.amount ELSE due.amount END AS amount) price
JOIN options o ON o.id = op.option_id
JOIN option_groups g ON g.id = o.group_id
WHERE op.store_id = :store::uuid AND price.amount IS NOT NULL
ORDER BY g.id, o.position;
SELECT c.id, c.name, p.id, p.name, p.description, p.image, p.allergens, t.rate_bp,
       (SELECT json_agg(json_build_object('width', r.width, 'height', r.height, 'hash', r.hash) ORDER BY r.width)
        FROM product_renditions r WHERE r.product_id = p.id),
       ARRAY(SELECT group_id FROM product_option_groups pg WHERE pg.product_id = p.id ORDER BY pg.position), v.id, v.name, price.amount
FROM variation_prices vp
LEFT JOIN due_prices(:store::uuid, now()) due ON due.item_id = vp.variation_id
CROSS JOIN LATERAL (SELECT CASE WHEN due.item_id IS NULL THEN vp.amount ELSE due.amount END AS amount) price
JOIN variations v ON v.id = vp.variation_id
JOIN products p ON p.id = v.product_id
JOIN tax_rates t ON t.store_id = vp.store_id AND t.tax_class = p.tax_class
JOIN categories c ON c.id = p.category_id
WHERE vp.store_id = :store::uuid AND price.amount IS NOT NULL
ORDER BY c.position, c.name, p.position, p.name, v.position;
SELECT timezone, hours_version FROM stores WHERE id = :store::uuid;
SELECT weekday, opens, closes FROM opening_hours WHERE store_id = :store::uuid;
SELECT day, reason FROM closures WHERE store_id = :store::uuid;
COMMIT;
