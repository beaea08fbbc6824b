-- What runs in the database itself, in the name of the shop's own account.

CREATE DEFINER = `shop_app`@`%` VIEW revenue_by_month AS
SELECT DATE_FORMAT(paid_at, '%Y-%m') AS month, COUNT(*) AS payments, SUM(amount) AS revenue
FROM payments WHERE status = 'captured' GROUP BY month;

CREATE DEFINER = `shop_app`@`%` VIEW best_sellers AS
SELECT p.id, p.name, p.origin, SUM(i.quantity) AS sold, SUM(i.quantity * i.unit_price) AS turnover
FROM basket_items i JOIN baskets b ON b.id = i.basket_id AND b.status = 'ordered' JOIN products p ON p.id = i.product_id
GROUP BY p.id, p.name, p.origin;

CREATE DEFINER = `shop_app`@`%` FUNCTION basket_total(basket INT UNSIGNED) RETURNS DECIMAL(10, 2) READS SQL DATA
RETURN (SELECT COALESCE(SUM(i.quantity * i.unit_price), 0) + MAX(b.shipping)
        FROM baskets b LEFT JOIN basket_items i ON i.basket_id = b.id WHERE b.id = basket);

CREATE DEFINER = `shop_app`@`%` PROCEDURE refund(IN basket INT UNSIGNED)
BEGIN
  UPDATE payments SET status = 'refunded' WHERE basket_id = basket AND status = 'captured';
  IF ROW_COUNT() = 0 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'nothing was paid for this basket';
  END IF;
END;

CREATE DEFINER = `shop_app`@`%` TRIGGER price_as_offered BEFORE INSERT ON basket_items FOR EACH ROW
SET NEW.unit_price = COALESCE(NEW.unit_price, (SELECT price FROM products WHERE id = NEW.product_id));
