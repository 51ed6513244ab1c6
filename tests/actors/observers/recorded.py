"""A position on its stage, each of its steps as the record that the journal would have of it."""

from actors.journal.port import Record
from actors.observers.report import Report
from actors.position.inputs import PositionMessage
from messages.addresses import ORDER_ROUTER, position_address
from messages.base import Currency
from messages.envelope import Step
from messages.money import ZERO
from messages.plan import Plan
from tests.actors.position.stage import P1, PLAN, Stage

USDT = Currency("USDT")


class RecordedStage(Stage):
    """Keeps a record of each step."""

    def __init__(self, plan: Plan = PLAN) -> None:
        self.records: list[Record] = []
        super().__init__(plan)

    def hear(self, message: PositionMessage) -> Step:
        step = super().hear(message)
        sequence = len(self.records) + 1
        record = Record(
            sequence=sequence,
            actor=position_address(P1),
            now=self.now,
            id=(sequence, 0),
            cause=(sequence - 1, 7),
            sender=ORDER_ROUTER,
            message=message,
            changes=step.changes,
            outbox=step.outbox,
        )
        self.records.append(record)
        return step


def report_of(stage: RecordedStage) -> Report:
    report = Report({USDT: ZERO})
    for record in stage.records:
        report.on_record(record)
    return report
