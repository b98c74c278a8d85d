"""Ways to be paid: accounts with who takes money, and paying an order through them."""
