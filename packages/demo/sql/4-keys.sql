-- Keys, indexes, what people ask for most often, and what it all means.

ALTER TABLE products ADD PRIMARY KEY (id), ADD CONSTRAINT products_sku UNIQUE (sku);
ALTER TABLE customers ADD PRIMARY KEY (id), ADD CONSTRAINT customers_email UNIQUE (email);
ALTER TABLE addresses ADD PRIMARY KEY (id);
ALTER TABLE orders ADD PRIMARY KEY (id), ADD CONSTRAINT orders_number UNIQUE (number);
ALTER TABLE order_lines ADD PRIMARY KEY (order_id, line_no);
ALTER TABLE payments ADD PRIMARY KEY (id);
ALTER TABLE shipments ADD PRIMARY KEY (id);
ALTER TABLE refunds ADD PRIMARY KEY (id);

ALTER TABLE categories ADD FOREIGN KEY (parent_id) REFERENCES categories;
ALTER TABLE products ADD FOREIGN KEY (category_id) REFERENCES categories;
ALTER TABLE addresses ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers,
  ADD FOREIGN KEY (shipping_address_id) REFERENCES addresses;
ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE,
  ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE payments ADD FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE shipments ADD FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE refunds ADD FOREIGN KEY (payment_id) REFERENCES payments;

CREATE INDEX products_by_category ON products (category_id);
CREATE INDEX customers_by_name ON customers (last_name, first_name);
CREATE INDEX addresses_by_customer ON addresses (customer_id);
CREATE INDEX orders_by_customer ON orders (customer_id, placed_at DESC);
CREATE INDEX orders_by_time ON orders (placed_at);
CREATE INDEX orders_in_progress ON orders (status, placed_at) WHERE status IN ('pending', 'paid', 'shipped');
CREATE INDEX order_lines_by_product ON order_lines (product_id);
CREATE INDEX payments_by_order ON payments (order_id);
CREATE INDEX shipments_by_order ON shipments (order_id);
CREATE INDEX refunds_by_payment ON refunds (payment_id);

SELECT setval(pg_get_serial_sequence(name, 'id'), last) FROM (
  SELECT 'products' AS name, max(id) AS last FROM products UNION ALL SELECT 'customers', max(id) FROM customers
  UNION ALL SELECT 'addresses', max(id) FROM addresses UNION ALL SELECT 'orders', max(id) FROM orders
  UNION ALL SELECT 'payments', max(id) FROM payments UNION ALL SELECT 'shipments', max(id) FROM shipments
  UNION ALL SELECT 'refunds', max(id) FROM refunds
) AS tables;

CREATE VIEW order_overview AS
SELECT o.id, o.number, o.placed_at, o.status, c.first_name || ' ' || c.last_name AS customer, c.country, o.total, o.currency,
  (SELECT sum(quantity) FROM order_lines AS l WHERE l.order_id = o.id) AS items,
  (SELECT coalesce(sum(r.amount), 0) FROM refunds AS r JOIN payments AS p ON p.id = r.payment_id WHERE p.order_id = o.id) AS refunded,
  (SELECT max(s.delivered_at) FROM shipments AS s WHERE s.order_id = o.id) AS delivered_at
FROM orders AS o JOIN customers AS c ON c.id = o.customer_id;

CREATE VIEW monthly_sales AS
SELECT date_trunc('month', placed_at)::date AS month, currency, count(*) AS orders, sum(total) AS total,
  round(avg(total), 2) AS average, count(*) FILTER (WHERE status = 'returned') AS returned
FROM orders WHERE status NOT IN ('pending', 'cancelled')
GROUP BY 1, 2;

CREATE FUNCTION customer_value(customer integer)
RETURNS TABLE (currency char(3), orders bigint, spent numeric, refunded numeric, first_order timestamptz, last_order timestamptz)
LANGUAGE sql STABLE
AS $$
  SELECT o.currency, count(*), sum(o.total), coalesce(sum(r.amount), 0), min(o.placed_at), max(o.placed_at)
  FROM orders AS o
  LEFT JOIN LATERAL (
    SELECT sum(refunds.amount) AS amount FROM refunds JOIN payments ON payments.id = payment_id WHERE payments.order_id = o.id
  ) AS r ON true
  WHERE o.customer_id = customer AND o.status NOT IN ('pending', 'cancelled')
  GROUP BY o.currency
$$;

COMMENT ON TABLE categories IS 'Departments (no parent) and the ranges in them';
COMMENT ON TABLE products IS 'What the shop sells, and sold';
COMMENT ON TABLE customers IS 'People with an account; personal data';
COMMENT ON TABLE addresses IS 'Where customers have parcels sent; personal data';
COMMENT ON TABLE orders IS 'One row an order, from the basket''s submission on';
COMMENT ON TABLE order_lines IS 'What was ordered, at the price of that day';
COMMENT ON TABLE payments IS 'Every attempt to pay, the declined ones too';
COMMENT ON TABLE shipments IS 'Parcels';
COMMENT ON TABLE refunds IS 'Money paid back, in whole or in part';
COMMENT ON VIEW order_overview IS 'Orders as customer care wants to see them';
COMMENT ON VIEW monthly_sales IS 'Sales by month and currency, without what was never paid';
COMMENT ON FUNCTION customer_value IS 'What one customer has been worth so far, by currency';
COMMENT ON COLUMN customers.email IS 'Personal data';
COMMENT ON COLUMN customers.phone IS 'Personal data';
COMMENT ON COLUMN customers.date_of_birth IS 'Personal data';
COMMENT ON COLUMN payments.card_last4 IS 'Personal data';
COMMENT ON COLUMN products.cost IS 'Confidential: what we pay';

SET LOCAL default_statistics_target = 30;
ANALYZE categories, products, customers, addresses, orders, order_lines, payments, shipments, refunds;
