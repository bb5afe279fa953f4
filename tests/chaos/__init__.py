"""A real bot killed at random moments while everything around it misbehaves: what was lost, doubled or bought twice."""
