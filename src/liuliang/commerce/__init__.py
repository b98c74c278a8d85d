"""What is sold: orders, and who bought."""
