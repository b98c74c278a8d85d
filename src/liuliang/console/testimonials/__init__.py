"""Testimonials: collected, consented to, looked at, and shown."""
