"""看板: dashboards that people put together, and the cards on them."""
