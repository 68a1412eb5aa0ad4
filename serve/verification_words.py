"""What a verification found, in words that page and terminal share."""

from typing import Final

from serve.console import interval
from serve.words import count
from surrogate.frozen.forecasts import FrozenConditions
from train.fates import Share, share_of
from train.verification import Verification, VerifiedConditions

NAMES: Final = {"top": "best of the search", "random": "drawn at random"}


def named(found: VerifiedConditions | FrozenConditions, number: int) -> str:
    """What to call a set of conditions, the `number` of its group."""
    return f"rank {found.rank}" if found.rank is not None else f"random {number}"


def sided(share: Share) -> str:
    """A difference with its sign and interval."""
    value, low, high = (round(each, 2) + 0.0 for each in (share.value, *share.interval))
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f})"


def told(share: Share | None) -> str:
    """A share and its interval."""
    return "-" if share is None else f"{share.value:.2f} ({interval(share.interval)[1:-1]})"


def answer(found: Verification) -> list[str]:
    """The verdict, a sentence each."""
    sentences = []
    for group in found.groups:
        if group.simulated is None or group.excess is None:
            sentences.append(f"{NAMES[group.group].capitalize()}: not all are simulated yet.")
            continue
        low, high = group.excess.interval
        verdict = (
            "too high" if low > 0.0 else "too low" if high < 0.0 else "borne out within chance"
        )
        sentences.append(
            f"{NAMES[group.group].capitalize()} ({count(group.n_conditions, 'condition')}): "
            f"forecast {told(group.forecast)}, simulated {told(group.simulated)}, forecast less "
            f"simulated {sided(group.excess)}: {verdict}."
        )
    if found.optimism is not None:
        low, high = found.optimism.interval
        verdict = (
            "choosing the best by the model flatters them"
            if low > 0.0
            else "the best are underrated beside the others"
            if high < 0.0
            else "no more overrated than conditions at random, as far as this can tell"
        )
        sentences.append(
            f"Optimism of the best over the random ones: {sided(found.optimism)}: {verdict}."
        )
    return sentences


def remarks(found: Verification) -> list[str]:
    """What a reader must know beside the numbers."""
    said = [
        f"Glassy: not ordered {found.judged_ps:g} ps into the hold"
        + (
            f", the last time that a hold of this protocol can show (the search asked for "
            f"{found.horizon_ps:g} ps)."
            if found.judged_ps < found.horizon_ps
            else "."
        )
    ]
    n_top = sum(each.group == "top" for each in found.conditions)
    said += [*filter(None, [cut_short(found.n_top_asked, n_top)]), roads(found)]
    if found.is_of_minutes:
        said.append(
            "The search's own shares are of minutes, which no simulation reaches; what is verified "
            f"is the share at the horizon on which they rest. {found.horizon_statement}"
        )
    if found.n_failed:
        unseen = sum(each.simulated.n_unseen for each in found.conditions)
        said.append(
            f"{count(found.n_failed, 'run')} failed and are kept as records; {unseen} embryos were "
            "seen neither ordered nor disordered at that time, and intervals hold either fate of "
            "them."
        )
    undecidable = sum(each.n_undecidable for each in found.conditions)
    if undecidable:
        said.append(
            f"{undecidable} embryos are too small for order to be told surely: they count as "
            "disordered, in the forecast too, and prove little."
        )
    if not found.is_whole:
        said.append(
            f"{found.n_done} of {found.n_trajectories} trajectories are there: the same command "
            "goes on."
        )
    if found.n_begun_before:
        said.append(
            f"{count(found.n_begun_before, 'trajectory')} began before the forecasts were frozen, "
            "by the clocks of their machines: they are no fresh test."
        )
    shared = sum(each.simulated.n_done for each in found.conditions) - found.n_done
    if shared:
        said.append(f"{shared} embryos are shared by several conditions and were simulated once.")
    return [*said, found.statement, found.assumption]


def cut_short(n_asked: int, n_ranked: int) -> str | None:
    """That fewer of the best are verified than were asked for; None where all are."""
    if n_asked <= n_ranked:
        return None
    return (
        f"The best {n_asked} were asked for, but the search ranked {n_ranked}: those are verified, "
        "and as many at random. To verify more, raise n_ranked and search again."
    )


def roads(found: Verification) -> str:
    """How far the forecasts that a search goes by are from those that are judged."""
    apart = [each.fast_share - each.forecast.value for each in found.conditions]
    widest = max(apart, key=abs)
    return (
        "A search asks the fast road, forecasts here are by the full one: for the same embryos the "
        f"fast road says {sum(apart) / len(apart):+.2f} on average, {widest:+.2f} where they are "
        "furthest apart."
    )


def precision(n_embryos: int) -> str:
    """What a number of embryos can tell of a share."""
    half = n_embryos // 2
    found = share_of(half, n_embryos - half, 0)
    width = 0.0 if found is None else 0.5 * (found.interval[1] - found.interval[0])
    return (
        f"{count(n_embryos, 'embryo')} a condition tell a share near 0.5 to +- {width:.2f} (90 %)"
    )
