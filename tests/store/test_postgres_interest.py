"""What is told of single jobs: what somebody waits for, before it happens or just after, and hardly anything else."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as some

from jobhive.store.postgres import interest
from jobhive.store.postgres.interest import Interest
from jobhive.store.signals import EVERYTHING, SCHEDULE, job_topic, queue_topic, stream_topic

JOB, STREAM, OTHER = job_topic("a-job"), stream_topic("a-job"), job_topic("another")


class Clock:
    """Seconds, as told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_not_about_one_job_is_told_unasked() -> None:
    about_all = {queue_topic("default"), SCHEDULE}
    assert set(Interest().sift(about_all | {JOB, STREAM})) == about_all


def test_a_job_is_told_from_the_moment_that_somebody_waits_for_it() -> None:
    others = Interest()
    assert not others.sift({JOB, OTHER})
    others.heed([JOB])
    assert set(others.sift({JOB, STREAM, OTHER})) == {JOB}


def test_who_comes_a_moment_late_is_told_what_he_missed() -> None:
    others = Interest()
    others.sift({JOB, OTHER})
    others.sift({STREAM})
    assert list(others.heed([STREAM, JOB, job_topic("none")])) == [STREAM, JOB]


def test_who_comes_long_after_is_told_nothing() -> None:
    clock = Clock()
    others = Interest(clock)
    others.sift({JOB})
    clock.now += interest._REMEMBERED_SECONDS + 0.1
    assert not others.heed([JOB])
    assert not others.heed([EVERYTHING])


def test_who_says_it_no_more_waits_no_more() -> None:
    clock = Clock()
    others = Interest(clock)
    others.heed([JOB, STREAM])
    for _ in range(5):
        clock.now += interest.SAID_AGAIN_SECONDS
        others.heed([JOB])
        assert set(others.sift({JOB})) == {JOB}
    assert set(others.sift({JOB, STREAM})) == {JOB}


def test_who_waits_for_everything_is_told_everything() -> None:
    others = Interest()
    assert not others.sift({JOB})
    assert list(others.heed([EVERYTHING])) == [EVERYTHING]
    assert set(others.sift({JOB, STREAM, OTHER})) == {JOB, STREAM, OTHER}


def test_what_is_remembered_has_a_limit() -> None:
    others = Interest()
    for number in range(60):
        others.sift({job_topic(f"{number:04}{each:04}") for each in range(1_000)})
    assert others._untold_count <= interest._MOST_REMEMBERED + 1_000
    assert not others.heed([job_topic("00000000")])
    assert others.heed([job_topic("00590000")])


_topics = some.sampled_from([job_topic(str(number)) for number in range(4)] + [stream_topic("0"), EVERYTHING])
_steps = some.lists(some.tuples(some.sampled_from(["happens", "sought"]), _topics, some.floats(0, 3)), max_size=40)


@given(_steps)
def test_whoever_waits_is_told_of_what_happens_then_or_happened_just_before(
    steps: list[tuple[str, str, float]],
) -> None:
    clock = Clock()
    others = Interest(clock)
    happened: list[tuple[str, float]] = []
    sought: dict[str, float] = {}
    for what, topic, seconds in steps:
        clock.now += seconds
        if what == "sought":
            _is_told(
                others.heed([topic]), {each for each, at in happened if _is_meant(each, topic) and _is_fresh(at, clock)}
            )
            sought[topic] = clock.now
            happened = [(each, at) for each, at in happened if not _is_meant(each, topic)]
        elif topic != EVERYTHING:
            waits = any(_is_meant(topic, each) and clock.now - at < 15 for each, at in sought.items())
            _is_told(others.sift({topic}), {topic} if waits else set[str]())
            happened += [] if waits else [(topic, clock.now)]


def _is_meant(topic: str, sought: str) -> bool:
    return sought in {topic, EVERYTHING}


def _is_fresh(at: float, clock: Clock) -> bool:
    return clock.now - at < interest._REMEMBERED_SECONDS


def _is_told(told: Collection[str], expected: set[str]) -> None:
    assert EVERYTHING in told or expected <= set(told)
