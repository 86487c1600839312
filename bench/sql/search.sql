-- What a search asks of PostgreSQL (apps/catalog/src/store/search.rs), for words of which two are not quite right.
\set store random(1, 200)
SELECT 'hazlenut capuccino'::text AS words \gset
BEGIN;
SELECT set_config('pg_trgm.word_similarity_threshold', '0.34', true), set_config('plan_cache_mode', 'force_generic_plan', true);
WITH found AS (
    SELECT id AS product_id, 0.7 * word_similarity(:words, name) + 0.5 * similarity(:words, name) AS score
    FROM products WHERE :words <% name
    UNION ALL
    SELECT id, 0.3 * word_similarity(:words, description) FROM products WHERE :words <% description
    UNION ALL
    SELECT p.id, 0.3 * word_similarity(:words, c.name)
    FROM categories c JOIN products p ON p.category_id = c.id WHERE :words <% c.name
    UNION ALL
    SELECT pg.product_id, 0.2 * max(word_similarity(:words, o.name))
    FROM options o JOIN product_option_groups pg ON pg.group_id = o.group_id WHERE :words <% o.name
    GROUP BY pg.product_id
)
SELECT p.id
FROM found JOIN products p ON p.id = found.product_id JOIN categories c ON c.id = p.category_id
WHERE NOT p.allergens && '{}'
  AND EXISTS (SELECT FROM variations v JOIN variation_prices vp ON vp.variation_id = v.id
              WHERE v.product_id = p.id AND vp.store_id = ('0190a000-0001-7000-8000-' || lpad(:store::text, 12, '0'))::uuid)
GROUP BY p.id, c.id
ORDER BY sum(found.score) DESC, c.position, c.name, p.position, p.name
LIMIT 500;
COMMIT;
