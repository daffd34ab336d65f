"""The older system, written anew from its description, to measure against: a gateway before a KServe model."""
