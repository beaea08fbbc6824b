-- The rows, made by the server itself and always the same ones: every choice is a hash of what is chosen and of the
-- row's number. 'draw' gives a number in [0, 1); shapes (long tails, seasons, ages) are made from it below.

-- Nothing is known of the new tables' sizes yet; hashing is right for all of these joins.
SET LOCAL enable_mergejoin = off;

CREATE FUNCTION pg_temp.draw(what text, n bigint) RETURNS double precision LANGUAGE sql IMMUTABLE
RETURN ((hashint8extended(n, hashtextextended(what, 20231105)) >> 11) & 9007199254740991)::double precision / 9007199254740992;

CREATE FUNCTION pg_temp.pick(choices text[], u double precision) RETURNS text LANGUAGE sql IMMUTABLE
RETURN choices[1 + floor(u * cardinality(choices))::integer];

-- The shop's first morning and its last evening. Fixed: a clock would make every home's data another.
CREATE FUNCTION pg_temp.opening() RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN timestamptz '2023-01-05 07:30:00+00';

CREATE FUNCTION pg_temp.today() RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN timestamptz '2026-10-31 20:00:00+00';

CREATE TEMP TABLE countries (code, dialling, currency, cities) ON COMMIT DROP AS VALUES
  ('DE', '49', 'EUR', ARRAY['Hamburg', 'Kiel', 'Lübeck', 'Bremen', 'Berlin', 'Rostock', 'Köln', 'München']),
  ('FR', '33', 'EUR', ARRAY['Brest', 'La Rochelle', 'Marseille', 'Lorient', 'Nantes', 'Saint-Malo', 'Paris']),
  ('GB', '44', 'GBP', ARRAY['Southampton', 'Cowes', 'Plymouth', 'Bristol', 'London', 'Falmouth', 'Oban']),
  ('NL', '31', 'EUR', ARRAY['Rotterdam', 'Lemmer', 'Hoorn', 'Amsterdam', 'Medemblik', 'Vlissingen']),
  ('US', '1', 'USD', ARRAY['Annapolis', 'Newport', 'Boston', 'Seattle', 'San Diego', 'Charleston']),
  ('SE', '46', 'SEK', ARRAY['Göteborg', 'Stockholm', 'Marstrand', 'Malmö', 'Visby']),
  ('ES', '34', 'EUR', ARRAY['Palma', 'Barcelona', 'Valencia', 'Vigo', 'Cádiz']),
  ('IT', '39', 'EUR', ARRAY['Genova', 'La Spezia', 'Trieste', 'Napoli', 'Olbia']),
  ('PL', '48', 'PLN', ARRAY['Gdańsk', 'Gdynia', 'Szczecin', 'Sopot']),
  ('AT', '43', 'EUR', ARRAY['Bregenz', 'Wien', 'Linz']);

CREATE TEMP TABLE ranges (department, name, nouns, median) ON COMMIT DROP AS VALUES
  ('Deck', 'Ropes and lines', ARRAY['halyard', 'sheet', 'mooring line', 'dock line', 'reefing line'], 48),
  ('Deck', 'Blocks and cleats', ARRAY['single block', 'double block', 'horn cleat', 'cam cleat'], 62),
  ('Deck', 'Winches', ARRAY['winch handle', 'self-tailing winch', 'winch service kit'], 240),
  ('Deck', 'Anchoring', ARRAY['plough anchor', 'anchor chain', 'anchor shackle', 'windlass remote'], 130),
  ('Clothing', 'Foul-weather gear', ARRAY['jacket', 'salopettes', 'smock', 'sailing gloves'], 165),
  ('Clothing', 'Knitwear', ARRAY['guernsey', 'watch cap', 'troyer', 'boot socks'], 74),
  ('Clothing', 'Footwear', ARRAY['deck shoes', 'sea boots', 'dinghy boots'], 112),
  ('Clothing', 'Base layers', ARRAY['thermal top', 'thermal leggings', 'quick-dry shirt'], 46),
  ('Safety', 'Lifejackets', ARRAY['lifejacket', 'child lifejacket', 'rearming kit', 'crotch strap'], 128),
  ('Safety', 'Signals', ARRAY['hand flare set', 'fog horn', 'signal mirror', 'radar reflector'], 39),
  ('Safety', 'First aid', ARRAY['first-aid kit', 'burn kit', 'seasickness bands'], 35),
  ('Safety', 'Fire and rescue', ARRAY['extinguisher', 'fire blanket', 'throwing line', 'rescue sling'], 83),
  ('Navigation', 'Compasses', ARRAY['steering compass', 'hand-bearing compass', 'compass cover'], 118),
  ('Navigation', 'Instruments', ARRAY['depth sounder', 'wind transducer', 'speed log', 'multi display'], 420),
  ('Navigation', 'Radio', ARRAY['handheld VHF', 'fixed VHF', 'VHF aerial', 'AIS receiver'], 215),
  ('Navigation', 'Chart table', ARRAY['parallel rule', 'dividers', 'chart light', 'logbook'], 24),
  ('Cabin', 'Galley', ARRAY['gimballed stove', 'kettle', 'melamine set', 'cool box'], 58),
  ('Cabin', 'Berths', ARRAY['lee cloth', 'sleeping bag', 'berth mattress', 'cushion'], 92),
  ('Cabin', 'Lighting', ARRAY['cabin lamp', 'reading light', 'lantern', 'strip light'], 44),
  ('Cabin', 'Heating', ARRAY['diesel heater', 'cabin fan', 'dehumidifier'], 310),
  ('Engine room', 'Filters', ARRAY['fuel filter', 'oil filter', 'water strainer'], 21),
  ('Engine room', 'Pumps', ARRAY['bilge pump', 'impeller', 'fresh-water pump'], 76),
  ('Engine room', 'Electrics', ARRAY['battery', 'shore-power cable', 'battery monitor', 'fuse panel'], 138),
  ('Engine room', 'Fluids', ARRAY['engine oil', 'coolant', 'fuel additive'], 19),
  ('Care', 'Paint', ARRAY['antifouling', 'primer', 'topcoat', 'varnish'], 68),
  ('Care', 'Cleaning', ARRAY['hull cleaner', 'deck brush', 'teak cleaner', 'bucket'], 22),
  ('Care', 'Sail repair', ARRAY['sail needle set', 'repair tape', 'palm', 'whipping twine'], 14),
  ('Care', 'Tools', ARRAY['splicing fid', 'rigging knife', 'torque wrench', 'shackle key'], 33),
  ('Library', 'Charts', ARRAY['chart folio', 'passage chart', 'chart atlas'], 41),
  ('Library', 'Pilots', ARRAY['pilot book', 'harbour guide', 'tidal atlas'], 37),
  ('Library', 'Seamanship', ARRAY['seamanship manual', 'knot handbook', 'weather primer'], 26),
  ('Library', 'Gifts', ARRAY['enamel mug', 'tide clock', 'brass bell', 'signal-flag towel'], 29);

INSERT INTO categories (id, parent_id, name)
SELECT row_number() OVER (ORDER BY first_seen), NULL, department
FROM (SELECT department, min(ctid) AS first_seen FROM ranges GROUP BY department) AS departments;

INSERT INTO categories (id, parent_id, name)
SELECT 100 + row_number() OVER (ORDER BY r.ctid), c.id, r.name
FROM ranges AS r JOIN categories AS c ON c.name = r.department;

-- 40 products a range; names are distinct because each (model, noun) comes once.
INSERT INTO products (id, sku, name, category_id, price, cost, weight_grams, stock, attributes, discontinued, listed_on)
SELECT id, format('%s-%s', upper(left(replace(range, ' ', ''), 3)), lpad(id::text, 5, '0')), model || ' ' || noun, category_id, price,
  round(price * (0.45 + 0.2 * pg_temp.draw('product cost', id))::numeric, 2),
  (30 + 4000 * power(pg_temp.draw('product weight', id), 3))::integer,
  floor(180 * power(pg_temp.draw('product stock', id), 2))::integer,
  jsonb_build_object(
    'colour', pg_temp.pick(ARRAY['navy', 'red', 'white', 'black', 'sand', 'signal yellow'], pg_temp.draw('colour', id)),
    'warranty_years', (ARRAY[1, 2, 2, 3, 5])[1 + floor(5 * pg_temp.draw('warranty', id))::integer]),
  pg_temp.draw('discontinued', id) < 0.06,
  date '2022-03-01' + floor(1400 * pg_temp.draw('listed', id))::integer
FROM (
  SELECT (place - 1) * 40 + k AS id, category_id, range,
    (ARRAY['Offshore', 'Coastal', 'Harbour', 'Regatta', 'Storm', 'Classic', 'Compact', 'Pro', 'Ocean', 'Day', 'Lagoon',
      'Fastnet', 'Skerry', 'Nordic', 'Estuary'])[1 + (k - 1) / cardinality(nouns)] AS model,
    nouns[1 + (k - 1) % cardinality(nouns)] AS noun,
    -- A long tail of prices around the range's median, ending as prices do.
    greatest(round((median * exp(1.5 * (pg_temp.draw('price a', (place - 1) * 40 + k)
      + pg_temp.draw('price b', (place - 1) * 40 + k) - 1)))::numeric), 3) - 0.05 AS price
  FROM (
    SELECT row_number() OVER (ORDER BY r.ctid) AS place, c.id AS category_id, r.name AS range, nouns, median
    FROM ranges AS r JOIN categories AS c ON c.name = r.name AND c.parent_id IS NOT NULL
  ) AS numbered, generate_series(1, 40) AS k
) AS made;

INSERT INTO customers (id, first_name, last_name, email, phone, country, date_of_birth, tier, newsletter, created_at)
SELECT n, first, last,
  lower(translate(first || '.' || last, 'äöüåÖéèêëíıóúñçøßłń ''', 'aouaOeeeeiiouncosln')) || n || '@example.'
    || pg_temp.pick(ARRAY['com', 'com', 'org', 'net'], pg_temp.draw('mail', n)),
  CASE WHEN pg_temp.draw('has phone', n) < 0.7
    THEN '+' || dialling || ' 555 ' || lpad(floor(1e6 * pg_temp.draw('phone', n))::text, 6, '0') END,
  code,
  CASE WHEN pg_temp.draw('has birth', n) < 0.6 THEN date '1948-01-01'
    + floor(21000 * (pg_temp.draw('birth a', n) + pg_temp.draw('birth b', n)) / 2)::integer END,
  CASE WHEN pg_temp.draw('tier', n) < 0.03 THEN 'skipper' WHEN pg_temp.draw('tier', n) < 0.15 THEN 'crew' ELSE 'standard' END,
  pg_temp.draw('newsletter', n) < 0.41,
  pg_temp.opening() + interval '1 second' * floor(120e6 * power((n - 1 + pg_temp.draw('joined', n)) / 16000, 0.9))
FROM generate_series(1, 16000) AS n
CROSS JOIN LATERAL (SELECT
  pg_temp.pick(ARRAY['Anna', 'Jonas', 'Emma', 'Lukas', 'Marie', 'Paul', 'Sophie', 'Tom', 'Lena', 'Finn', 'Camille', 'Hugo',
    'Chloé', 'Louis', 'Olivia', 'Jack', 'Amelia', 'Harry', 'Grace', 'Oliver', 'Sanne', 'Daan', 'Fleur', 'Sem', 'Ava', 'Liam',
    'Ingrid', 'Erik', 'Astrid', 'Nils', 'Lucía', 'Mateo', 'Giulia', 'Marco', 'Zofia', 'Jakub', 'Maja', 'Piotr', 'Noor', 'Aylin',
    'Mei', 'Kenji', 'Amara', 'Tunde', 'Priya', 'Arjun', 'Leyla', 'Omar'], pg_temp.draw('first name', n)) AS first,
  pg_temp.pick(ARRAY['Müller', 'Schmidt', 'Petersen', 'Hansen', 'Fischer', 'Weber', 'Krüger', 'Jansen', 'de Vries', 'Bakker',
    'Visser', 'van Dijk', 'Martin', 'Bernard', 'Le Goff', 'Moreau', 'Kervella', 'Smith', 'Jones', 'Taylor', 'Walker',
    'Penrose', 'MacLeod', 'Johnson', 'Miller', 'Davis', 'Nguyen', 'Andersson', 'Lindqvist', 'Öberg', 'García', 'Ferrer',
    'Núñez', 'Rossi', 'Bianchi', 'Ricci', 'Kowalski', 'Nowak', 'Wójcik', 'Gruber', 'Huber', 'Okafor', 'Yılmaz', 'Tanaka',
    'Chen', 'Sharma', 'Haddad', 'O''Brien'], pg_temp.draw('last name', n)) AS last,
  pg_temp.pick(ARRAY['DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'FR', 'FR', 'FR', 'FR', 'GB', 'GB', 'GB', 'GB', 'NL', 'NL', 'NL',
    'US', 'US', 'US', 'SE', 'SE', 'ES', 'IT', 'PL', 'AT'], pg_temp.draw('country', n)) AS country
) AS drawn
JOIN countries ON code = country;

-- Everyone has one address; a third has a second, often a marina.
INSERT INTO addresses (id, customer_id, label, line1, postal_code, city, country, is_default)
SELECT row_number() OVER (ORDER BY c.id, k), c.id,
  CASE WHEN k = 1 THEN 'home' ELSE pg_temp.pick(ARRAY['work', 'marina', 'marina'], pg_temp.draw('label', c.id)) END,
  CASE c.country
    WHEN 'GB' THEN house || ' ' || pg_temp.pick(ARRAY['Quay', 'Harbour', 'Chapel', 'Mill', 'Ferry', 'Church'], street) || ' Street'
    WHEN 'US' THEN house * 10 || ' ' || pg_temp.pick(ARRAY['Harbor', 'Maple', 'Spa Creek', 'Pier', 'Thames'], street) || ' Avenue'
    WHEN 'FR' THEN house || ' rue ' || pg_temp.pick(ARRAY['du Port', 'des Voiliers', 'de la Mer', 'des Dunes', 'du Phare'], street)
    WHEN 'ES' THEN 'Calle ' || pg_temp.pick(ARRAY['del Puerto', 'del Faro', 'de las Olas', 'de la Marina'], street) || ' ' || house
    WHEN 'IT' THEN 'Via ' || pg_temp.pick(ARRAY['del Porto', 'della Marina', 'del Faro', 'delle Onde'], street) || ' ' || house
    WHEN 'NL' THEN pg_temp.pick(ARRAY['Haven', 'Dijk', 'Molen', 'Linden', 'Zee'], street) || 'straat ' || house
    WHEN 'SE' THEN pg_temp.pick(ARRAY['Hamn', 'Fyr', 'Strand', 'Segel'], street) || 'gatan ' || house
    WHEN 'PL' THEN 'ulica ' || pg_temp.pick(ARRAY['Morska', 'Portowa', 'Nadbrzeżna', 'Lipowa'], street) || ' ' || house
    ELSE pg_temp.pick(ARRAY['Anker', 'Hafen', 'Linden', 'Mühlen', 'Möwen', 'Deich', 'Lotsen'], street) || 'weg ' || house END,
  CASE c.country
    WHEN 'GB' THEN 'SO' || house % 30 + 1 || ' ' || house % 9 + 1 || 'QX'
    WHEN 'NL' THEN digits || ' ' || pg_temp.pick(ARRAY['AB', 'CD', 'KL', 'PX', 'RG'], pg_temp.draw('letters', c.id * 2 + k))
    WHEN 'AT' THEN digits
    WHEN 'PL' THEN left(digits, 2) || '-' || right(digits, 2) || house % 10
    ELSE digits || house % 10 END,
  pg_temp.pick(cities, pg_temp.draw('city', c.id * 2 + k)), c.country, k = 1
FROM customers AS c
JOIN countries ON code = c.country
JOIN generate_series(1, 2) AS k ON k = 1 OR pg_temp.draw('second address', c.id) < 0.34
CROSS JOIN LATERAL (SELECT
  1 + floor(140 * power(pg_temp.draw('house', c.id * 2 + k), 1.5))::integer AS house,
  (1000 + floor(8999 * pg_temp.draw('postal', c.id * 2 + k)))::integer::text AS digits,
  pg_temp.draw('street', c.id * 2 + k) AS street
) AS drawn;

-- The shop grows; the weeks before Christmas take more than their share; who has been a customer longest buys most
-- (the power), and nobody buys before they have an account: customers are numbered in the order they joined.
CREATE TEMP TABLE drawn_orders ON COMMIT DROP AS
SELECT o.id, n, c.id AS customer_id, c.country, placed_at,
  date_part('year', placed_at)::integer AS year, date_part('month', placed_at)::integer AS month
FROM (
  SELECT row_number() OVER (ORDER BY placed_at, n)::integer AS id, n, placed_at
  FROM generate_series(1, 50000) AS n
  CROSS JOIN LATERAL (SELECT
    CASE WHEN pg_temp.draw('gift', n) < 0.11
      THEN make_timestamptz(2023 + floor(3 * sqrt(pg_temp.draw('year', n)))::integer, 11, 18, 6, 0, 0, 'UTC')
        + interval '1 second' * floor(3e6 * pg_temp.draw('advent', n))
      ELSE pg_temp.opening() + interval '1 day' + (pg_temp.today() - pg_temp.opening() - interval '1 day') * power(pg_temp.draw('placed', n), 0.65)
    END AS placed_at) AS drawn
) AS o
JOIN customers AS c ON c.id = greatest(1, ceil(
  floor(16000 * power(least(1, extract(epoch FROM placed_at - pg_temp.opening())::double precision / 120e6), 1 / 0.9))
    * power(pg_temp.draw('customer', n), 1.5)))::integer;

-- Half the orders have one or two lines, a few have many; some products sell far better than others; prices were
-- lower in earlier years; November has its sale.
INSERT INTO order_lines (order_id, line_no, product_id, quantity, unit_price, discount_percent)
SELECT o.id, k, p.id,
  CASE WHEN q < 0.78 THEN 1 WHEN q < 0.92 THEN 2 WHEN q < 0.97 THEN 3 WHEN q < 0.992 THEN 4 ELSE 12 END,
  greatest(round(p.price * (ARRAY[0.88, 0.92, 0.96, 1])[year - 2022], 1) - 0.05, 0.95),
  CASE WHEN month = 11 AND d < 0.45 THEN 20 WHEN d < 0.07 THEN 10 WHEN d < 0.09 THEN 15 ELSE 0 END
FROM drawn_orders AS o
CROSS JOIN LATERAL (SELECT pg_temp.draw('lines', n) AS u) AS size
CROSS JOIN LATERAL generate_series(1, CASE WHEN u < 0.38 THEN 1 WHEN u < 0.64 THEN 2 WHEN u < 0.8 THEN 3 WHEN u < 0.9 THEN 4
  WHEN u < 0.96 THEN 5 WHEN u < 0.99 THEN 7 ELSE 11 END) AS k
JOIN products AS p ON p.id = 1 + (floor(1280 * power(pg_temp.draw('product', n * 16 + k), 2.1))::integer * 389) % 1280
CROSS JOIN LATERAL (SELECT pg_temp.draw('quantity', n * 16 + k) AS q, pg_temp.draw('discount', n * 16 + k) AS d) AS line;

INSERT INTO orders (id, number, customer_id, shipping_address_id, status, channel, currency, goods_total, shipping_fee, note, placed_at)
SELECT o.id, 'SO-' || year || '-' || lpad(o.id::text, 6, '0'), o.customer_id, a.id,
  CASE
    WHEN age < interval '14 hours' THEN CASE WHEN s < 0.35 THEN 'pending' ELSE 'paid' END
    WHEN age < interval '3 days' THEN CASE WHEN s < 0.05 THEN 'cancelled' WHEN s < 0.45 THEN 'paid' ELSE 'shipped' END
    WHEN age < interval '8 days' THEN CASE WHEN s < 0.05 THEN 'cancelled' WHEN s < 0.5 THEN 'shipped' ELSE 'delivered' END
    ELSE CASE WHEN s < 0.05 THEN 'cancelled' WHEN s < 0.09 THEN 'returned' ELSE 'delivered' END
  END,
  CASE WHEN h < 0.58 THEN 'web' WHEN h < 0.85 THEN 'app' WHEN h < 0.95 THEN 'marketplace' ELSE 'phone' END,
  currency, goods.total,
  CASE WHEN goods.total >= 80 THEN 0 WHEN o.country IN ('DE', 'AT', 'NL') THEN 4.90 WHEN o.country = 'US' THEN 24.90 ELSE 9.90 END,
  CASE WHEN pg_temp.draw('note', n) < 0.05 THEN pg_temp.pick(ARRAY['Please leave it with the harbour master.',
    'Needed before the weekend, thank you!', 'Gift: no invoice in the parcel, please.', 'Ring the bell at berth 14.'],
    pg_temp.draw('which note', n)) END,
  o.placed_at
FROM drawn_orders AS o
JOIN (SELECT order_id, sum(line_total) AS total FROM order_lines GROUP BY order_id) AS goods ON goods.order_id = o.id
JOIN (SELECT customer_id, min(id) AS id, max(id) AS last_id FROM addresses GROUP BY customer_id) AS known
  ON known.customer_id = o.customer_id
CROSS JOIN LATERAL (SELECT CASE WHEN pg_temp.draw('to', n) < 0.3 THEN known.last_id ELSE known.id END AS id) AS a
JOIN countries ON code = o.country
CROSS JOIN LATERAL (SELECT pg_temp.today() - o.placed_at AS age, pg_temp.draw('status', n) AS s, pg_temp.draw('channel', n) AS h) AS drawn
ORDER BY o.id;

-- One payment an order that is not pending; some were declined first; those of cancelled orders were never taken.
INSERT INTO payments (id, order_id, method, status, amount, card_last4, provider_reference, created_at)
SELECT row_number() OVER (ORDER BY at, id, attempt), id, method,
  CASE WHEN attempt = 1 AND declined THEN 'declined' WHEN status = 'cancelled' THEN 'voided' ELSE 'captured' END,
  total, CASE WHEN method = 'card' THEN lpad(floor(1e4 * pg_temp.draw('card', customer_id))::text, 4, '0') END,
  'pay_' || left(md5('payment ' || id || ' ' || attempt), 20), at
FROM (
  SELECT o.*, attempt, declined, placed_at + interval '40 seconds' * attempt * (1 + pg_temp.draw('pay time', id * 2 + attempt)) AS at,
    CASE WHEN m < 0.52 THEN 'card' WHEN m < 0.78 THEN 'paypal' WHEN m < 0.9 THEN 'sepa' ELSE 'invoice' END AS method
  FROM orders AS o
  CROSS JOIN LATERAL (SELECT pg_temp.draw('declined', id) < 0.04 AS declined, pg_temp.draw('method', customer_id) AS m) AS drawn
  JOIN generate_series(1, 2) AS attempt ON attempt = 1 OR declined
  WHERE status <> 'pending'
) AS attempts;

INSERT INTO shipments (id, order_id, carrier, tracking_code, dispatched_at, delivered_at)
SELECT row_number() OVER (ORDER BY dispatched_at, id), id, carrier, upper(left(md5('parcel ' || id), 14)), dispatched_at,
  CASE WHEN status <> 'shipped' THEN least(dispatched_at + interval '1 day' * (0.7 + 5 * pg_temp.draw('transit', id)), pg_temp.today()) END
FROM (
  SELECT o.id, o.status, o.placed_at + interval '1 hour' * (3 + 40 * power(pg_temp.draw('packed', o.id), 2)) AS dispatched_at,
    CASE c.country WHEN 'GB' THEN 'Royal Mail' WHEN 'US' THEN 'UPS' WHEN 'NL' THEN 'PostNL' WHEN 'FR' THEN 'Colissimo' WHEN 'SE' THEN 'PostNord'
      ELSE pg_temp.pick(ARRAY['DHL', 'DHL', 'GLS', 'DPD'], pg_temp.draw('carrier', o.id)) END AS carrier
  FROM orders AS o JOIN customers AS c ON c.id = o.customer_id
  WHERE o.status IN ('shipped', 'delivered', 'returned')
) AS parcels;

-- Returned orders are paid back; of some delivered ones, a part.
INSERT INTO refunds (id, payment_id, amount, reason, created_at)
SELECT row_number() OVER (ORDER BY at, payment_id), payment_id, amount, reason, least(at, pg_temp.today())
FROM (
  SELECT p.id AS payment_id, s.delivered_at + interval '1 day' * (2 + 16 * pg_temp.draw('refund time', o.id)) AS at,
    CASE o.status WHEN 'returned' THEN o.goods_total
      ELSE greatest(round(o.goods_total * (0.1 + 0.3 * pg_temp.draw('refund part', o.id))::numeric, 2), 0.5) END AS amount,
    pg_temp.pick(CASE o.status WHEN 'returned' THEN ARRAY['wrong size', 'changed their mind', 'arrived too late', 'not as described']
      ELSE ARRAY['damaged in transit', 'part missing', 'goodwill'] END, pg_temp.draw('refund reason', o.id)) AS reason
  FROM orders AS o
  JOIN payments AS p ON p.order_id = o.id AND p.status = 'captured'
  JOIN shipments AS s ON s.order_id = o.id
  WHERE o.status = 'returned' OR (o.status = 'delivered' AND pg_temp.draw('refunded', o.id) < 0.02)
) AS paid_back;
