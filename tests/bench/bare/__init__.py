"""What the product is compared with: the least that does the same, in Django and in SQL alone."""
