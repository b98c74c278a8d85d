"""The event log and what follows it: projections, reactions, jobs, and the small things every app stands on."""
