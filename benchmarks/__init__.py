"""Measurements: speed side by side with the older system, overhead, start, and endurance."""
