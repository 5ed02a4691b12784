"""What all tests share: the stage, and Hypothesis without a deadline, since a busy machine is no defect."""

from hypothesis import settings

from tests.stage import stage

__all__ = ["stage"]

settings.register_profile("showreel", deadline=None)
settings.load_profile("showreel")
