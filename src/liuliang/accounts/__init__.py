"""The people who run the communities: staff, roles, sign-in, and the record of what they changed."""
