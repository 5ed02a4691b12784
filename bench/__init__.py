"""Measurements, each against a floor taken in the same run; what counts are the ratios."""
