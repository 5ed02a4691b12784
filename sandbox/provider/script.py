"""What shall happen to a submission: outcomes, and the script that picks one for each submission."""

import re
from collections import Counter, deque
from enum import Enum, StrEnum, auto


class Moment(Enum):
    """When an outcome shows."""

    REFUSAL = auto()
    """In the answer to the submission, and no task is made."""

    ACCEPTANCE = auto()
    """In the answer to the submission, though a task is made and runs."""

    TASK = auto()
    """In the life of the task: its polls, its end or its files."""


class Outcome(StrEnum):
    """Everything that can happen to a submission; the value is the word that asks for it, as in `[busy]`."""

    OK = "ok"
    BUSY = "busy"
    BUSY_DATE = "busy_date"
    REFUSED = "refused"
    POLICY = "policy"
    FAIL = "fail"
    SLOW = "slow"
    STUCK = "stuck"
    CUT = "cut"
    CUT_BEFORE = "cut_before"
    TIMEOUT = "timeout"
    GARBAGE = "garbage"
    GATEWAY = "gateway"
    UNAVAILABLE = "unavailable"
    SERVER_ERROR = "server_error"
    LOST = "lost"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    NO_OUTPUT = "no_output"
    NO_ID = "no_id"
    POLL_URL_ONLY = "poll_url_only"
    FOREIGN_POLL_URL = "foreign_poll_url"
    BROKE = "broke"
    FORBIDDEN_MODEL = "forbidden_model"
    NOT_VIDEO = "not_video"
    HUGE = "huge"
    POLL_FLAKY = "poll_flaky"
    ERROR_OBJECT = "error_object"

    @property
    def moment(self) -> Moment:
        """When it shows."""
        return _FACTS[self][0]

    @property
    def sentence(self) -> str:
        """What happens, in one sentence."""
        return _FACTS[self][1]

    @property
    def accepts(self) -> bool:
        """Whether a task is made."""
        return self.moment is not Moment.REFUSAL


class Script:
    """Picks the outcome of each submission: what was planned first, then the word in the prompt, then OK."""

    def __init__(self) -> None:
        self._planned: deque[Outcome] = deque()
        self._busy: Counter[str] = Counter()

    def plan(self, outcome: Outcome, times: int) -> None:
        """Give the next `times` submissions this outcome; plans queue up in the order of the calls."""
        self._planned.extend([outcome] * times)

    def next_outcome(self, prompt: str) -> Outcome:
        """Use up one planned outcome, or read the prompt."""
        if self._planned:
            return self._planned.popleft()
        outcome = _outcome_in(prompt)
        if outcome not in {Outcome.BUSY, Outcome.BUSY_DATE}:
            return outcome
        self._busy[prompt] += 1
        return outcome if self._busy[prompt] == 1 else Outcome.OK


_FACTS: dict[Outcome, tuple[Moment, str]] = {
    Outcome.OK: (Moment.TASK, "Accepted; the video is made."),
    Outcome.BUSY: (
        Moment.REFUSAL,
        "429 with Retry-After: 1; asked for by a prompt, only the first time for that prompt.",
    ),
    Outcome.BUSY_DATE: (Moment.REFUSAL, "As busy, with Retry-After as an HTTP date."),
    Outcome.REFUSED: (Moment.REFUSAL, "400 with validation_errors."),
    Outcome.POLICY: (Moment.TASK, "Accepted; the task fails with a content policy text."),
    Outcome.FAIL: (Moment.TASK, "Accepted; the task fails with an error object."),
    Outcome.SLOW: (Moment.TASK, "Accepted; takes twenty times as long."),
    Outcome.STUCK: (Moment.TASK, "Accepted; stays in processing for ever."),
    Outcome.CUT: (Moment.ACCEPTANCE, "Accepted and made, but the connection is closed before any answer."),
    Outcome.CUT_BEFORE: (Moment.REFUSAL, "The connection is closed and nothing was accepted."),
    Outcome.TIMEOUT: (
        Moment.REFUSAL,
        "No answer until the client leaves or a minute has passed; nothing was accepted.",
    ),
    Outcome.GARBAGE: (Moment.REFUSAL, "200 with an HTML page; nothing was accepted."),
    Outcome.GATEWAY: (Moment.REFUSAL, "502 with an HTML page; nothing was accepted."),
    Outcome.UNAVAILABLE: (Moment.REFUSAL, "503 all_channels_failed with the API's own envelope."),
    Outcome.SERVER_ERROR: (Moment.REFUSAL, "500 with a JSON envelope; nothing was accepted."),
    Outcome.LOST: (Moment.TASK, "Accepted; every poll answers 404 async_task_not_found."),
    Outcome.EXPIRED: (Moment.TASK, "Accepted; the task ends with the status expired."),
    Outcome.CANCELLED: (Moment.TASK, "Accepted; the task ends failed with cancelled: true."),
    Outcome.NO_OUTPUT: (Moment.TASK, "Accepted; the task completes without any URL."),
    Outcome.NO_ID: (Moment.ACCEPTANCE, "Accepted and made; the answer has neither an id nor a poll_url."),
    Outcome.POLL_URL_ONLY: (Moment.ACCEPTANCE, "Accepted; the answer has a poll_url but no id."),
    Outcome.FOREIGN_POLL_URL: (Moment.ACCEPTANCE, "Accepted; the poll_url points at another origin."),
    Outcome.BROKE: (Moment.REFUSAL, "402 insufficient_balance, with the balance in the message."),
    Outcome.FORBIDDEN_MODEL: (Moment.REFUSAL, "403 model_not_allowed."),
    Outcome.NOT_VIDEO: (Moment.TASK, "Completes; the result URL serves an HTML page."),
    Outcome.HUGE: (Moment.TASK, "Completes; the result URL sends far more bytes than a video has."),
    Outcome.POLL_FLAKY: (Moment.TASK, "The first polls answer 500, HTML, 429 and a cut connection; then all is well."),
    Outcome.ERROR_OBJECT: (Moment.REFUSAL, "200 with an error object and no status; nothing was accepted."),
}


def _outcome_in(prompt: str) -> Outcome:
    words = {outcome.value: outcome for outcome in Outcome}
    for found in re.findall(r"\[([a-z_ -]+)\]", prompt.lower()):
        word = re.sub(r"[ -]+", "_", found.strip())
        if word in words:
            return words[word]
    return Outcome.OK
