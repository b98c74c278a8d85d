"""The pages of sign-in, one's own account, staff, roles and the audit log."""
