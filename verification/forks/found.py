"""Schedules that broke a rule once, by the fault that was mended.

Each number is the choice itself, not one beyond the number of acts: so a further act at the end of
their list does not change the scene.
"""

FOUND = {
    "a copy sold what its original had sold, and knew nothing of it": [4, 0, 8, 1, 16, 10, 18],
    "a lost run's buy and sale were booked as two late fills": [
        *(0, 1, 8, 0, 0, 12, 16, 8, 0, 0, 7, 23, 12),
    ],
    "an adopted epoch's order of another position was canceled": [0, 0, 16, 8, 0, 0, 23, 8, 12],
    "both stops fired at once, and one knew of the other by then": [
        *(0, 0, 11, 0, 0, 0, 16, 18, 10, 4, 0),
    ],
    "a twin's fill was left out of the comparison while orders were looked up": [
        *(0, 0, 8, 0, 2, 0, 16, 7, 20, 9, 0, 22, 10, 0, 18),
    ],
    "after the adoption of a later copy a sold position was not looked back at": [
        *(0, 0, 8, 0, 0, 16, 10, 18, 14),
    ],
    "a contested exit sold coins that a lost run's stop had locked": [
        *(2, 0, 9, 0, 0, 16, 23, 7, 10, 1, 0, 12, 8, 0, 0, 23),
    ],
    "a contested exit sold what the other one had bought since": [4, 0, 16, 8, 0, 18, 16, 23, 12],
    "a contested exit sold what a process bought that sold the position before": [
        *(4, 0, 8, 0, 16, 20, 18, 10, 13, 10, 0, 0, 9, 21, 10, 18, 14),
    ],
    "a restart took fills that the router had forgotten for another process's": [
        *(0, 0, 8, 0, 0, 14, 25, 0, 0, 25, 20, 22, 12),
    ],
    "an adopted sale was older than the look back that was under way": [
        *(0, 0, 10, 0, 0, 16, 23, 14, 25, 0, 0, 20, 18, 8, 24, 9, 20),
    ],
    "an adopted sale came after more lost exits than a look back looks for": [
        *(0, 0, 12, 8, 0, 0, 0, 0, 12, 8, 0, 0, 16, 4, 8, 0, 0, 0, 0, 0, 2, 0, 10, 2, 0, 2, 0, 0),
        *(23,),
    ],
    "a message under way at a start had a position sell before it looked back": [
        *(4, 0, 10, 0, 20, 22, 10, 16, 10, 0, 23),
    ],
    "a look back that found one more waited for ids that it knew": [
        *(0, 0, 9, 0, 2, 16, 12, 18, 8, 0, 0, 0, 0, 0, 20, 20, 10),
    ],
    "a look of a contested exit was answered after it was contested no more": [
        *(0, 0, 9, 0, 0, 20, 19, 0, 0, 0, 0, 0, 0, 0, 0, 12, 8, 0, 0, 7, 14),
    ],
    "of what a lost run had locked a rule wanted a sale, after both copies had sold": [
        *(0, 1, 12, 8, 0, 0, 0, 0, 12, 16, 25, 0, 0, 20, 18, 18, 4),
    ],
    "an order under way at a start was sent by the process before, more than a minute earlier": [
        *(4, 0, 8, 0, 12, 5, 8, 0, 4, 0, 0, 7, 0, 0, 0, 0, 0, 16, 10, 0, 0, 10, 0, 0, 23),
    ],
    "a contested position canceled the protection that its twin had just placed": [
        *(0, 0, 0, 0, 0, 19, 8, 0, 0, 20, 24, 25, 12, 8, 1, 19, 16, 23, 12),
    ],
    "what a twin placed under an id that was looked for was taken for back from the dead": [
        *(0, 0, 8, 0, 0, 20, 19, 0, 0, 0, 3, 12, 8, 0, 16, 18, 24, 23),
    ],
    "a look back waited for an order of its own that rested": [0, 0, 8, 0, 0, 16, 12, 8, 0, 0, 23],
    "what a twin had sold under an id that was looked for was missed at the adoption": [
        *(0, 0, 12, 25, 0, 0, 0, 0, 6, 12, 8, 0, 0, 16, 5, 18, 10, 0, 2, 0, 0, 20),
    ],
    "a list showed a sale of a later epoch while an earlier one was looked back at": [
        *(0, 0, 9, 0, 0, 20, 0, 22, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 4, 0, 0, 0, 0, 0, 0, 0),
        *(2, 0, 10, 2, 0, 2, 0, 0, 25, 18),
    ],
    "an adopted sale was looked up as one of the journal's own": [
        *(0, 0, 8, 0, 0, 16, 20, 18, 25, 4, 9, 0, 0, 23, 10, 24, 10, 20),
    ],
    "a contested position sold what another process's order for it had locked": [
        *(0, 0, 8, 0, 0, 16, 12, 8, 0, 0, 23, 14, 9, 22, 24, 10, 0, 0, 10, 0, 7),
    ],
    "a copy that started again did not hear of a sale under the prefix that it shared": [
        *(0, 0, 25, 0, 0, 16, 18, 10, 25, 9, 21, 4, 10, 0, 0, 20),
    ],
    "an exit stayed bounded by a look after the doubt was over": [
        *(2, 0, 8, 0, 0, 20, 19, 8, 24, 8, 20, 19, 22, 10, 17, 23, 20, 23, 12, 11, 0, 2, 20, 4),
        *(10,),
    ],
    "a start sold before the lists showed that its copy had sold": [
        *(4, 0, 10, 0, 10, 16, 23, 16, 10, 0, 23, 20, 26),
    ],
    "a copy's sale just after the last record was taken for one that was forgotten": [
        *(4, 0, 8, 0, 16, 18, 7, 21, 8, 0, 25, 26),
    ],
    "a start went on before it had looked up what the lists had just shown": [
        *(0, 0, 8, 0, 0, 16, 18, 10, 21, 14, 10, 0, 0, 26, 14),
    ],
}
