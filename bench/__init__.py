"""How fast the product is beside yardsticks run in the same minutes, with the truth checked inside."""
