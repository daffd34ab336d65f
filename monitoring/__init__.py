"""Scrape configuration, rules and dashboards; what is generated is committed beside what generates it."""
