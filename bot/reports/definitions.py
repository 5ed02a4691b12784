"""The reports that there are: how each is grouped, and what its rows are called.

To add one, add an entry here and its query in `bot.store.reports` (see docs/howto/add-a-report.md).
"""

from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.figures import Group
from bot.i18n import N_
from bot.reports import labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One report.

    `name`: what people type; `choice` (what is offered to choose), `title` and `row` (what a row is about): texts for
    the catalogs; `query`: its query in the store. `label` is how a row is called. `is_by_day`: its rows are the days of
    the period, which stay in their order.
    """

    name: str
    choice: str
    title: str
    row: str
    query: str
    label: Callable[[Group], str] = labels.key
    is_by_day: bool = False


DEFINITIONS: dict[str, Definition] = {
    definition.name: definition
    for definition in (
        Definition(
            name="member",
            choice=N_("member"),
            title=N_("Videos by member"),
            row=N_("Member"),
            query="by_member",
            label=labels.member,
        ),
        Definition(name="model", choice=N_("model"), title=N_("Videos by model"), row=N_("Model"), query="by_model"),
        Definition(
            name="operation",
            choice=N_("operation"),
            title=N_("Videos by operation"),
            row=N_("Operation"),
            query="by_operation",
            label=labels.operation,
        ),
        Definition(
            name="channel",
            choice=N_("channel"),
            title=N_("Videos by channel"),
            row=N_("Channel"),
            query="by_channel",
            label=labels.channel,
        ),
        Definition(
            name="day", choice=N_("day"), title=N_("Videos by day"), row=N_("Day"), query="by_day", is_by_day=True
        ),
    )
}
"""Every report by its name."""
