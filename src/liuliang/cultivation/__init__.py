"""Members worth cultivating: found from what they did, invited, and followed in what they lead to."""
