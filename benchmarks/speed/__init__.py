"""``make bench``: the older system, the command line, warm engines and this service in one run, side by side."""
