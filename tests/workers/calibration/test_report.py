from workfleet.routing.calibration import ENOUGH, Calibration, Errors, Kind
from workfleet.workers.calibration.books import Accuracy
from workfleet.workers.calibration.report import Shape, TargetLine, report

SMALL = Accuracy(Errors({-20: 4}), Errors({0: 4}))
LARGE = Accuracy(Errors({0: 2}), Errors({1: 2}))


def test_a_target_is_told_over_all_shapes_of_its_prompts_and_for_each() -> None:
    small, large, other = Kind("one/m", "small"), Kind("one/m", "large"), Kind("two/m", "small")
    known = {small: Calibration((1480,) * ENOUGH)}
    assert report({other: LARGE, small: SMALL, large: LARGE}, known) == [
        TargetLine(
            "one/m",
            Accuracy(Errors({-20: 4, 0: 2}), Errors({0: 4, 1: 2})),
            (Shape("large", 1.0, LARGE), Shape("small", 1.48, SMALL)),
        ),
        TargetLine("two/m", LARGE, (Shape("small", 1.0, LARGE),)),
    ]
