"""E-mail to staff: a letter is written in the transaction of what it tells of, and sent at most once."""
