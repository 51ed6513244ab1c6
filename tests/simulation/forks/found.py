"""Schedules that broke a rule once, by the fault that was mended."""

FOUND = {
    "a copy sold what its original had sold, and knew nothing of it": [14, 0, 33, 25, 16, 35, 18],
    "a lost run's buy and sale were booked as two late fills": [
        *(0, 29, 33, 0, 0, 37, 16, 33, 0, 0, 7, 23, 12),
    ],
    "an adopted epoch's order of another position was canceled": [0, 0, 16, 8, 0, 0, 23, 33, 37],
    "both stops fired at once, and one knew of the other by then": [
        *(0, 0, 36, 0, 0, 0, 16, 18, 10, 29, 0),
    ],
    "a twin's fill was left out of the comparison while orders were looked up": [
        *(0, 0, 33, 0, 2, 0, 16, 7, 20, 9, 0, 22, 35, 0, 18),
    ],
    "after the adoption of a later copy a sold position was not looked back at": [
        *(0, 0, 33, 0, 0, 16, 10, 18, 14),
    ],
    "a contested exit sold coins that a lost run's stop had locked": [
        *(2, 0, 34, 0, 0, 16, 23, 32, 35, 5, 0, 12, 33, 0, 0, 23),
    ],
    "a contested exit sold what the other one had bought since": [
        *(0, 0, 33, 0, 0, 16, 0, 0, 20, 0, 0, 0, 18, 14, 22, 10, 0, 0, 37, 7),
    ],
}
