"""Duplicates: which records look like one that somebody enters, which pairs of a noun look alike, and what was decided."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, NotFound, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import dup_near, records
from crmtui.services.context import Context, Tx
from crmtui.services.dup_keys import Facts, facts_of
from crmtui.services.dup_pairs import find
from crmtui.services.dup_score import REASONS, SAME, Score
from crmtui.store import bulk, refs
from crmtui.store.record import label_column, table
from crmtui.store.session import check_right

NOUNS = ("account", "contact", "lead")
"""What is looked through for duplicates."""
DECIDED = ("different", "merged", "decided")


@dataclass(frozen=True)
class Match:
    """A record that looks like the one asked about; `name` and `owner` are None where the actor may not see it."""

    noun: str
    id: int
    score: Score
    name: str | None
    owner_id: int | None

    @property
    def ref(self) -> str:
        """Its ref."""
        return refs.ref_of(self.noun, self.id)

    def as_row(self) -> dict[str, Any]:
        """The same for people and programs."""
        score = {"score": self.score.value, "reasons": told(self.score.reasons)}
        return {"ref": self.ref if self.name is not None else None, "name": self.name, **score}


def told(reasons: Iterable[str]) -> str:
    """What speaks for it, in words, in the language in use; what differs would tell of the other record."""
    return ", ".join(gettext(REASONS[reason]) for reason in reasons if not reason.endswith("_other"))


def check_noun(noun: str) -> str:
    """`noun`, if it is looked through for duplicates. Raises Invalid."""
    if noun not in NOUNS:
        raise Invalid(
            "dup.noun",
            N_("Duplicates are looked for among these: {nouns}; not {noun}."),
            field="noun",
            noun=noun,
            nouns=", ".join(NOUNS),
        )
    return noun


# One record against all


def matches(
    ctx: Context, tx: Tx, noun: str, row: Mapping[str, Any], *, least: int = SAME, but: int = 0
) -> list[Match]:
    """The records of `noun`, past the actor's sight, that look like `row` (columns) or share a key with it; best first.

    Of those out of sight only the reasons are told. `but` is the record itself where it is stored; pairs that somebody
    called different are left out.
    """
    facts = facts_of(noun, row)
    with tx.without_predicate("duplicate"):
        found = dup_near.near(tx, noun, facts, but, least)
        parted = _parted(tx, noun, but) if but else set()
    found = [(record, score) for record, score in found if record not in parted]
    model = table(noun)
    columns = model.id, getattr(model, model.LABEL), model.owner_id
    query = select(*columns).where(bulk.member(tx, model.id, [record for record, _ in found]))
    seen = {record: (name, owner) for record, name, owner in tx.session.execute(query)} if found else {}
    return [Match(noun, record, score, *seen.get(record, (None, None))) for record, score in found]


def same(ctx: Context, tx: Tx, noun: str, row: Mapping[str, Any]) -> int | None:
    """The one record in sight that is called like `row`, however either is spelt, or has its tax number; None for none.

    None too where several are: somebody has to say which.
    """
    fresh = {**row, **dup_near.keys_of(noun, row, tx.region)}
    found = [each for each in matches(ctx, tx, noun, fresh) if each.name is not None and _called(each.score)]
    return found[0].id if len(found) == 1 else None


def _called(score: Score) -> bool:
    shared = set(score.reasons)
    return dup_near.collides(score) and not shared.isdisjoint(("tax", "name", "name_sound"))


def _parted(tx: Tx, noun: str, record: int) -> set[int]:
    pair = table("dup")
    query = select(pair.one_id, pair.other_id).where(
        pair.noun == noun, pair.state == "different", (pair.one_id == record) | (pair.other_id == record)
    )
    return {number for row in tx.session.execute(query) for number in row} - {record}


def check(ctx: Context, noun: str, given: Mapping[str, object]) -> list[Match]:
    """What already looks like a record with these values, which is not entered. Raises Invalid."""
    with ctx.reading() as tx:
        row = records.read_values(ctx, tx, check_noun(noun), given)
        if not row:
            raise Invalid(
                "dup.nothing", N_("There is nothing to look for."), hint=N_("Give at least a name.")
            )
        row.update(dup_near.keys_of(noun, row, ctx.company.phone_region))
        return matches(ctx, tx, noun, row)


# All against all


@dataclass(frozen=True)
class Scan:
    """What a look through a noun came to: records read, pairs found, new among them, and open ones that are no more."""

    noun: str
    read: int
    pairs: int
    new: int
    gone: int


def scan(ctx: Context, noun: str, *, least: int = SAME) -> Scan:
    """Look through all records of `noun` and keep the pairs that score at least `least`. Raises Invalid, Forbidden.

    Pairs that somebody decided stay decided; open ones that look alike no more are marked as gone.
    """
    check_noun(noun)
    with ctx.transaction("dup.scan") as tx:
        check_right(tx, "dup", "scan")
        with tx.without_predicate("duplicate"):
            facts, names = _everything(tx, noun)
            known = _known(tx, noun)
        found = find(facts, least)
        fresh = [pair for pair in found if pair[:2] not in known]
        _keep(tx, noun, fresh, names)
        wanted = {(one, other): score for one, other, score in found}
        gone = _refresh(tx, known, wanted)
        tx.session.flush()
        return Scan(noun, len(facts), len(found), len(fresh), gone)


def _everything(tx: Tx, noun: str) -> tuple[dict[int, Facts], dict[int, str]]:
    model = table(noun)
    query = select(*dup_near.columns(noun)).where(model.archived_at.is_(None)).order_by(model.id)
    facts: dict[int, Facts] = {}
    names: dict[int, str] = {}
    for row in tx.session.execute(query.execution_options(yield_per=2000)).mappings():
        facts[row["id"]] = facts_of(noun, dict(row))
        names[row["id"]] = row[model.LABEL]
    return facts, names


def _known(tx: Tx, noun: str) -> dict[tuple[int, int], Any]:
    pair = table("dup")
    return {
        (row.one_id, row.other_id): row for row in tx.session.scalars(select(pair).where(pair.noun == noun))
    }


def _keep(tx: Tx, noun: str, found: list[tuple[int, int, Score]], names: Mapping[int, str]) -> None:
    if not found:
        return
    columns: dict[str, list[Any]] = {
        "name": [pair_name(names[one], names[other]) for one, other, _ in found],
        "one": [refs.ref_of(noun, one) for one, _, _ in found],
        "other": [refs.ref_of(noun, other) for _, other, _ in found],
        "one_id": [one for one, _, _ in found],
        "other_id": [other for _, other, _ in found],
        "score": [score.value for _, _, score in found],
        "reasons": [", ".join(score.reasons) for _, _, score in found],
    }
    constants = {
        "noun": noun,
        "state": "open",
        "version": 1,
        "created_at": tx.now,
        "updated_at": tx.now,
        "created_by_id": tx.actor.id,
    }
    failed: list[Exception] = []
    bulk.insert(tx, "dup", columns, constants, lambda _, error: failed.append(error))
    if failed:
        raise failed[0]


def pair_name(one: str | None, other: str | None) -> str:
    """What a pair is called."""
    return f"{one or ''} ≈ {other or ''}"


def _refresh(tx: Tx, known: Mapping[tuple[int, int], Any], wanted: Mapping[tuple[int, int], Score]) -> int:
    """Bring what is undecided up to date; how many pairs are no more."""
    gone = 0
    for key, row in known.items():
        if row.state in DECIDED:
            continue
        score = wanted.get(key)
        state = "open" if score else "gone"
        gone += state != row.state and not score
        now = (score.value, ", ".join(score.reasons)) if score else (row.score, row.reasons)
        if (row.state, row.score, row.reasons) != (state, *now):
            row.state, (row.score, row.reasons) = state, now
    return gone


# Decisions


def pair_of(ctx: Context, tx: Tx, text: str, other: str = "", noun: str = "") -> Any:
    """The pair that DU-3, or two refs of one noun, name; one that no scan found is entered, open.

    Raises NotFound, Invalid for records of two nouns or the same record twice.
    """
    if not other:
        return refs.get(tx, "dup", text)
    found = []
    for each in (text, other):
        named = refs.noun_of(each)
        kind = named[0] if named else noun
        if not kind:
            raise NotFound("dup.which", N_("{text} is no ref, such as A-7."), text=each)
        found.append((kind, refs.resolve(tx, kind, each)))
    (kind, one), (second, two) = sorted(found)
    if kind != second or one == two:
        raise Invalid("dup.no_pair", N_("Two different records of one kind make a pair, not {one} and {other}."),
                      one=text, other=other)  # fmt: skip
    return ensure(tx, kind, one, two)


def ensure(tx: Tx, noun: str, one: int, two: int, score: Score | None = None) -> Any:
    """The pair of two records of `noun` (lower id first), entered if there is none yet."""
    pair = table("dup")
    query = select(pair).where(pair.noun == noun, pair.one_id == one, pair.other_id == two)
    row = tx.session.scalars(query).first()
    if row is not None:
        return row
    model = table(noun)
    label = getattr(model, label_column(noun))
    query = select(model.id, label).where(model.id.in_((one, two)))
    names: dict[int, str] = {row[0]: row[1] for row in tx.session.execute(query)}
    held = {"score": score.value, "reasons": ", ".join(score.reasons)} if score else {}
    return tx.add(
        pair(
            name=pair_name(names.get(one), names.get(two)),
            noun=noun,
            one=refs.ref_of(noun, one),
            other=refs.ref_of(noun, two),
            one_id=one,
            other_id=two,
            **held,
        )
    )


def different(ctx: Context, text: str, other: str = "", note: str = "", *, noun: str = "") -> Any:
    """Remember that two records are not the same; return the pair. Raises NotFound, Refused (merged), Forbidden."""
    with ctx.transaction("dup.different", note) as tx:
        row = pair_of(ctx, tx, text, other, noun)
        check_right(tx, "dup", "different")
        ctx.check_version(tx, row, {"state": "different"})
        if row.state in ("merged", "decided"):
            raise Refused(
                "dup.decided",
                N_("{ref} is {state}."),
                field="state",
                hint=N_("Take that back first: crm dup unmerge {ref}") if row.state == "merged" else "",
                ref=refs.ref_of("dup", row.id),
                state=gettext(row.state),
            )
        row.state, row.note = "different", note or row.note
        tx.session.flush()
        return row
