"""What digits are written on, and what cameras make of it."""
