"""The figures that the process counts, by the names that dashboards rely on (design section 4)."""

from prometheus_client import Counter, Gauge, Histogram

GENERATIONS = Counter(
    "showreel_generations_total", "Generations that ended", labelnames=("operation", "model", "outcome")
)
IN_FLIGHT = Gauge("showreel_generations_in_flight", "Generations accepted and not yet ended")
POLLS = Counter("showreel_polls_total", "Polls of provider tasks", labelnames=("outcome",))
POLL_LAG = Histogram(
    "showreel_poll_lag_seconds",
    "How late a poll was against its chosen time",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
)
DELIVERY = Histogram(
    "showreel_delivery_seconds",
    "From the end of a generation to the message that tells of it",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)
LEDGER_MICROS = Counter("showreel_ledger_micros_total", "Micro-dollars written to the ledger", labelnames=("kind",))
