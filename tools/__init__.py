"""Small programs of the repository; the Makefile runs them."""
