"""The older system, rewritten from its description, to measure against: a gateway before a KServe model."""
