-- A coffee roaster's web shop: what is sold, who buys, what lies in their baskets, how they pay and what they think.

CREATE TABLE products (
  id SMALLINT UNSIGNED PRIMARY KEY,
  sku CHAR(8) NOT NULL UNIQUE,
  name VARCHAR(80) NOT NULL,
  origin VARCHAR(40) NOT NULL,
  process ENUM('washed', 'natural', 'honey') NOT NULL,
  roast ENUM('light', 'medium', 'dark') NOT NULL,
  grams SMALLINT UNSIGNED NOT NULL,
  price DECIMAL(8, 2) NOT NULL CHECK (price > 0),
  stock INT NOT NULL DEFAULT 0,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  since DATE NOT NULL
) COMMENT 'What is on sale; inactive ones were';

CREATE TABLE customers (
  id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  email VARCHAR(120) NOT NULL UNIQUE,
  name VARCHAR(80) NOT NULL,
  street VARCHAR(80) NOT NULL,
  city VARCHAR(60) NOT NULL,
  country CHAR(2) NOT NULL,
  birthday DATE NULL,
  newsletter BOOLEAN NOT NULL DEFAULT FALSE,
  joined_at DATETIME NOT NULL,
  KEY (country, city)
) COMMENT 'People: personal data';

CREATE TABLE baskets (
  id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  customer_id INT UNSIGNED NOT NULL,
  status ENUM('open', 'ordered', 'abandoned') NOT NULL DEFAULT 'open',
  started_at DATETIME NOT NULL,
  ordered_at DATETIME NULL,
  shipping DECIMAL(6, 2) NOT NULL DEFAULT 0,
  FOREIGN KEY (customer_id) REFERENCES customers (id),
  KEY (status, started_at)
);

CREATE TABLE basket_items (
  basket_id INT UNSIGNED NOT NULL,
  product_id SMALLINT UNSIGNED NOT NULL,
  quantity TINYINT UNSIGNED NOT NULL CHECK (quantity > 0),
  unit_price DECIMAL(8, 2) NOT NULL,
  grind ENUM('beans', 'filter', 'espresso') NOT NULL DEFAULT 'beans',
  PRIMARY KEY (basket_id, product_id),
  FOREIGN KEY (basket_id) REFERENCES baskets (id) ON DELETE CASCADE,
  FOREIGN KEY (product_id) REFERENCES products (id)
);

CREATE TABLE payments (
  id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  basket_id INT UNSIGNED NOT NULL,
  method ENUM('card', 'wallet', 'transfer') NOT NULL,
  card_last4 CHAR(4) NULL,
  iban VARCHAR(34) NULL,
  amount DECIMAL(10, 2) NOT NULL,
  status ENUM('captured', 'refunded', 'failed') NOT NULL,
  paid_at DATETIME NOT NULL,
  FOREIGN KEY (basket_id) REFERENCES baskets (id),
  KEY (paid_at)
) COMMENT 'Where the money is: a failed try may be followed by another';

CREATE TABLE reviews (
  id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  product_id SMALLINT UNSIGNED NOT NULL,
  customer_id INT UNSIGNED NOT NULL,
  stars TINYINT UNSIGNED NOT NULL CHECK (stars BETWEEN 1 AND 5),
  words VARCHAR(200) NOT NULL,
  written_at DATETIME NOT NULL,
  FOREIGN KEY (product_id) REFERENCES products (id),
  FOREIGN KEY (customer_id) REFERENCES customers (id)
);

CREATE TABLE vouchers (
  code CHAR(9) PRIMARY KEY,
  percent TINYINT UNSIGNED NOT NULL,
  valid_until DATE NOT NULL,
  customer_id INT UNSIGNED NULL COMMENT 'Who used it',
  FOREIGN KEY (customer_id) REFERENCES customers (id)
);
