"""The trail holds only as it was written: no row can be changed, removed, inserted or moved unseen."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.core.audit import GENESIS, Entry, Link, Phase, broken_at, chain

WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
ENTRIES = st.builds(
    Entry,
    at=st.datetimes().map(lambda moment: moment.isoformat()),
    request=WORDS,
    phase=st.sampled_from(Phase),
    actor=WORDS,
    room=WORDS,
    command=WORDS,
    risk=st.integers(0, 3),
    result=WORDS,
)


def trail(entries: list[Entry]) -> tuple[Link, ...]:
    links: list[Link] = []
    previous = GENESIS
    for seq, entry in enumerate(entries, start=1):
        links.append(Link(seq, entry, previous, chain(previous, seq, entry)))
        previous = links[-1].hash
    return tuple(links)


TRAILS = st.lists(ENTRIES, min_size=2, max_size=6).map(trail)


@given(TRAILS)
def test_a_trail_as_written_holds(links: tuple[Link, ...]) -> None:
    assert broken_at(links) is None


def test_an_empty_trail_holds() -> None:
    assert broken_at(()) is None


@given(TRAILS, ENTRIES, st.data())
def test_a_changed_row_is_found(links: tuple[Link, ...], other: Entry, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(links) - 1))
    field = data.draw(st.sampled_from(list(Entry.__dataclass_fields__)))
    changed = replace(links[at].entry, **{field: getattr(other, field)})
    if changed == links[at].entry:
        return

    forged = (*links[:at], replace(links[at], entry=changed), *links[at + 1 :])

    assert broken_at(forged) == links[at].seq


@given(TRAILS, ENTRIES, st.data())
def test_a_row_changed_together_with_its_hash_is_found_at_the_next(
    links: tuple[Link, ...], other: Entry, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(links) - 2))
    if other == links[at].entry:
        return
    row = Link(links[at].seq, other, links[at].previous, chain(links[at].previous, links[at].seq, other))

    assert broken_at((*links[:at], row, *links[at + 1 :])) == links[at + 1].seq


@given(TRAILS, st.data())
def test_a_removed_row_is_found(links: tuple[Link, ...], data: st.DataObject) -> None:
    # Not the last: nothing follows from it, so only who kept the earlier count can tell.
    at = data.draw(st.integers(0, len(links) - 2))

    assert broken_at((*links[:at], *links[at + 1 :])) == links[at + 1].seq


@given(TRAILS, ENTRIES, st.data())
def test_an_inserted_row_is_found(links: tuple[Link, ...], entry: Entry, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(links) - 1))
    previous = links[at].previous
    forged = Link(links[at].seq, entry, previous, chain(previous, links[at].seq, entry))

    assert broken_at((*links[:at], forged, *links[at:])) is not None


@given(TRAILS, st.data())
def test_two_rows_that_changed_places_are_found(links: tuple[Link, ...], data: st.DataObject) -> None:
    one, two = sorted(data.draw(st.lists(st.integers(0, len(links) - 1), min_size=2, max_size=2, unique=True)))
    order = list(links)
    order[one], order[two] = order[two], order[one]

    assert broken_at(tuple(order)) is not None
