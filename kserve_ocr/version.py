"""The version of the distribution, said once."""

from typing import Final

VERSION: Final = "0.1.0"
