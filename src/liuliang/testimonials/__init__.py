"""Testimonials and shared orders: what customers say, with their consent, looked at before it is shown."""
