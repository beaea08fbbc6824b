-- The rows, always the same ones: row n of 'draws' has eight numbers in [0, 1) that come from a hash of n alone, and each
-- table takes its chances from rows of its own. Times are fixed: a clock would make every home's data another.

CREATE TEMPORARY TABLE draws (n INT UNSIGNED PRIMARY KEY, a DOUBLE, b DOUBLE, c DOUBLE, d DOUBLE, e DOUBLE, f DOUBLE, g DOUBLE, h DOUBLE) AS
SELECT n, CONV(SUBSTR(x, 1, 8), 16, 10) / 4294967296 AS a, CONV(SUBSTR(x, 9, 8), 16, 10) / 4294967296 AS b,
       CONV(SUBSTR(x, 17, 8), 16, 10) / 4294967296 AS c, CONV(SUBSTR(x, 25, 8), 16, 10) / 4294967296 AS d,
       CONV(SUBSTR(x, 33, 8), 16, 10) / 4294967296 AS e, CONV(SUBSTR(x, 41, 8), 16, 10) / 4294967296 AS f,
       CONV(SUBSTR(x, 49, 8), 16, 10) / 4294967296 AS g, CONV(SUBSTR(x, 57, 8), 16, 10) / 4294967296 AS h
FROM (SELECT seq AS n, SHA2(CONCAT('roast ', seq), 256) AS x FROM seq_1_to_40000) AS hashed;

INSERT INTO products (id, sku, name, origin, process, roast, grams, price, stock, active, since)
SELECT n, CONCAT('HR-', LPAD(n, 5, '0')),
       CONCAT(origin, ' ', ELT(1 + FLOOR(c * 8), 'Harbour', 'Lighthouse', 'Breakwater', 'Night Tide', 'Sunday', 'Foghorn', 'Pier', 'Estate'),
              ' ', IF(grams = 1000, '1 kg', CONCAT(grams, ' g'))),
       origin, 1 + FLOOR(d * d * 3), 1 + FLOOR(e * 3), grams,
       FLOOR(grams * (0.028 + 0.035 * f) * IF(grams = 1000, 0.8, 1)) + 0.90, FLOOR(g * g * 400), h < 0.9,
       DATE_ADD('2023-01-05', INTERVAL FLOOR(b * 900) DAY)
FROM (SELECT draws.*, ELT(1 + FLOOR(a * 12), 'Ethiopia', 'Kenya', 'Rwanda', 'Colombia', 'Brazil', 'Guatemala', 'Honduras',
                          'Peru', 'Sumatra', 'India', 'Costa Rica', 'Burundi') AS origin,
             ELT(1 + n % 3, 250, 500, 1000) AS grams FROM draws WHERE n <= 120) AS p;

INSERT INTO customers (id, email, name, street, city, country, birthday, newsletter, joined_at)
SELECT id, CONCAT(LOWER(given), '.', REPLACE(LOWER(family), 'ü', 'ue'), id, '@', ELT(1 + FLOOR(h * 4), 'example.com', 'example.org', 'example.net', 'mail.example')),
       CONCAT(given, ' ', family),
       CONCAT(ELT(1 + FLOOR(c * 8), 'Hafenstraße', 'Rue du Port', 'Quay Street', 'Kade', 'Elm Street', 'Via Roma', 'Calle Mayor', 'Storgatan'), ' ', 1 + FLOOR(d * 180)),
       SUBSTRING_INDEX(place, '|', -1), LEFT(place, 2),
       IF(e < 0.3, NULL, DATE_ADD('1948-03-01', INTERVAL FLOOR(e * 21000) DAY)), f < 0.35,
       DATE_ADD('2023-01-05 07:30:00', INTERVAL FLOOR(g * 120000000) SECOND)
FROM (SELECT draws.n - 200 AS id, draws.*,
             ELT(1 + FLOOR(a * 16), 'Anna', 'Ben', 'Clara', 'David', 'Elena', 'Femke', 'Georg', 'Hanna', 'Ivan', 'Julia', 'Karl', 'Lea', 'Marek', 'Nora', 'Omar', 'Petra') AS given,
             ELT(1 + FLOOR(b * 16), 'Becker', 'Dubois', 'Evans', 'Fischer', 'Garcia', 'Hansen', 'Ivanova', 'Jansen', 'Kowalski', 'Lindberg', 'Müller', 'Novak', 'Rossi', 'Smith', 'Weber', 'Zhang') AS family,
             ELT(1 + FLOOR(c * c * 12), 'DE|Hamburg', 'DE|Berlin', 'NL|Rotterdam', 'FR|Nantes', 'GB|Bristol', 'AT|Wien', 'PL|Gdańsk', 'SE|Göteborg', 'IT|Genova', 'ES|Vigo', 'US|Boston', 'CH|Basel') AS place
      FROM draws WHERE n BETWEEN 201 AND 6200) AS c;

-- Of new tables the server knows no sizes, and would look through them whole.
ANALYZE TABLE products, customers;

-- A few buy often, most now and then.
INSERT INTO baskets (id, customer_id, status, started_at, ordered_at, shipping)
SELECT b.id, b.customer_id, IF(b.b < 0.78, 'ordered', IF(b.started_at > '2026-10-17', 'open', 'abandoned')), b.started_at,
       IF(b.b < 0.78, DATE_ADD(b.started_at, INTERVAL FLOOR(60 + b.d * b.d * 7200) SECOND), NULL), IF(b.e < 0.4, 0, 4.90)
FROM (SELECT draws.n - 7000 AS id, draws.b, draws.d, draws.e, c.id AS customer_id,
             DATE_ADD(c.joined_at, INTERVAL FLOOR(draws.c * TIMESTAMPDIFF(SECOND, c.joined_at, '2026-10-31 20:00:00')) SECOND) AS started_at
      FROM draws JOIN customers c ON c.id = CAST(1 + FLOOR(draws.a * draws.a * 6000) AS UNSIGNED) WHERE draws.n BETWEEN 7001 AND 25000) AS b;

ANALYZE TABLE baskets;

-- One to four things in a basket; each slot takes another part of the range, so that nothing is there twice.
INSERT INTO basket_items (basket_id, product_id, quantity, unit_price, grind)
SELECT b.id, p.id, 1 + FLOOR(d.g * d.g * 4), p.price, 1 + FLOOR(d.h * d.h * 3)
FROM baskets b
JOIN draws d ON d.n = b.id + 12000
JOIN seq_0_to_3 slot ON slot.seq <= FLOOR(d.f * d.f * 4)
JOIN products p ON p.id = CAST(1 + slot.seq * 30 + FLOOR(ELT(1 + slot.seq, d.a, d.b, d.c, d.e) * 30) AS UNSIGNED);

ANALYZE TABLE basket_items;

INSERT INTO payments (basket_id, method, card_last4, iban, amount, status, paid_at)
SELECT b.id, method, IF(method = 'card', LPAD(FLOOR(d.c * 10000), 4, '0'), NULL),
       IF(method = 'transfer', CONCAT(c.country, LPAD(FLOOR(d.d * 90) + 10, 2, '0'), LPAD(FLOOR(d.e * 1000000000000000), 18, '0')), NULL),
       t.goods + b.shipping, IF(d.f < 0.02, 'refunded', 'captured'), DATE_ADD(b.ordered_at, INTERVAL 20 SECOND)
FROM (SELECT basket_id, SUM(quantity * unit_price) AS goods FROM basket_items GROUP BY basket_id) AS t
JOIN baskets b ON b.id = t.basket_id AND b.status = 'ordered'
JOIN customers c ON c.id = b.customer_id
JOIN draws d ON d.n = b.id + 20000
JOIN (SELECT n, ELT(1 + FLOOR(a * a * 3), 'card', 'wallet', 'transfer') AS method FROM draws) AS m ON m.n = d.n;

INSERT INTO payments (basket_id, method, amount, status, paid_at)
SELECT p.basket_id, 'card', p.amount, 'failed', DATE_SUB(p.paid_at, INTERVAL 15 SECOND)
FROM payments p JOIN draws d ON d.n = p.basket_id + 15000 WHERE d.a < 0.03;

INSERT INTO reviews (product_id, customer_id, stars, words, written_at)
SELECT i.product_id, b.customer_id, 5 - FLOOR(d.b * d.b * 5),
       ELT(1 + FLOOR(d.c * 8), 'Sweet and clean, like the label says.', 'Too dark for me.', 'Our new house espresso.', 'Arrived two days late, but worth it.',
           'Blueberries! Really.', 'A bit flat as filter.', 'Schmeckt nach mehr.', 'Très bon, je recommande.'),
       DATE_ADD(b.ordered_at, INTERVAL 3 + FLOOR(d.d * 25) DAY)
FROM baskets b JOIN draws d ON d.n = b.id + 10000 JOIN basket_items i ON i.basket_id = b.id
WHERE b.status = 'ordered' AND d.a < 0.15;

INSERT INTO vouchers (code, percent, valid_until, customer_id)
SELECT CONCAT(LEFT(UPPER(MD5(n)), 4), '-', SUBSTR(UPPER(MD5(n)), 5, 4)), ELT(1 + FLOOR(a * 3), 5, 10, 20),
       DATE_ADD('2026-01-31', INTERVAL FLOOR(b * 300) DAY), IF(c < 0.6, 1 + FLOOR(d * 6000), NULL)
FROM draws WHERE n BETWEEN 39001 AND 39400;

DROP TEMPORARY TABLE draws;
