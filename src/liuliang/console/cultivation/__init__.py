"""Pages about members worth cultivating."""
