"""Read chat histories, members and orders from files, whatever tool wrote them."""
