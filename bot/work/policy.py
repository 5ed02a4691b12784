"""The figures that the work goes by; they come from the configuration."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long things may take, and how often they are tried.

    `poll_interval` is the floor and the first pause, `poll_interval_longest` the pause that polls grow to. After
    `deadline` a task is polled every `slow_poll_interval` and its requester told; after `give_up_after` it becomes
    expired.
    A request that could not be handed over within `submit_within` of its acceptance has failed.
    A task is believed lost after `unknown_task_polls` answers that it is unknown, the last one `lost_after` the first.
    `grace` is how long an unconfirmed generation keeps its hold. `edit_timeout` and `word_timeout` are how long a poll
    waits for Discord, to edit the card and to post a word on the way; the former also while somebody may decide.
    `disk_patience` is how long a video waits for room on our own disk before it is told as a link.
    `write_pause`: between two tries to write what the provider answered. `inline_inputs`: inputs go out as data URLs.
    """

    poll_interval: timedelta = timedelta(seconds=5)
    poll_interval_longest: timedelta = timedelta(seconds=30)
    slow_poll_interval: timedelta = timedelta(minutes=2)
    deadline: timedelta = timedelta(minutes=30)
    give_up_after: timedelta = timedelta(hours=50)
    grace: timedelta = timedelta(days=3)
    submit_within: timedelta = timedelta(hours=24)
    submit_attempts: int = 4
    submit_pause: timedelta = timedelta(seconds=10)
    submit_pause_longest: timedelta = timedelta(minutes=5)
    unknown_task_polls: int = 3
    lost_after: timedelta = timedelta(minutes=15)
    result_attempts: int = 6
    telling_pause: timedelta = timedelta(seconds=5)
    telling_pause_longest: timedelta = timedelta(minutes=10)
    disk_patience: timedelta = timedelta(hours=1)
    card_grace: timedelta = timedelta(seconds=4)
    lease: timedelta = timedelta(minutes=2)
    call_timeout: timedelta = timedelta(seconds=60)
    edit_timeout: timedelta = timedelta(seconds=2)
    word_timeout: timedelta = timedelta(seconds=10)
    write_pause: timedelta = timedelta(seconds=1)
    inline_inputs: bool = False
