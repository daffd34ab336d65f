"""Scrape configuration, rules and dashboards; what is generated is committed next to what generates it."""
