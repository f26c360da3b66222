"""Property tests draw the same examples in every run, and no clock decides whether they pass."""

from hypothesis import settings

from tests.needs import browser

settings.register_profile("steady", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("steady")

__all__ = ["browser"]  # a fixture for every test
