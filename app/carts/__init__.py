"""The bonus discount in the shop's own cart: a coupon of exactly what is held, for one customer, for minutes."""
