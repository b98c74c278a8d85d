"""The pages of the shop: products and prices, coupons, orders, the points mall."""
