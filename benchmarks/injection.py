"""The injection range without a page: `python -m benchmarks.injection MODEL ARMS [SIZE] [PROMPT]`.

MODEL is `provider:id` or `quotes`, ARMS their names with commas, SIZE how many cases (all without it).
Prints the table of docs/defence.md; the run is kept in the data folder like one of the page.
"""

import sys

from core.attacks import RangeRun, tally
from core.bootstrap import LOCAL_USER, build
from core.injection.arms import ARMS
from core.injection.cases import cases
from core.settings import Settings


def main(model: str, arms: str, size: str = "", prompt: str = "answer") -> None:
    """Run, and print what it came to."""
    bench = build(Settings())
    bench.start()
    bench.first_look()
    try:
        plan = bench.bridge.run(
            bench.range.plan(
                LOCAL_USER,
                bench.prompts.resolve(prompt),
                model,
                arms.split(","),
                int(size) if size else None,
            )
        )
        print(f"{plan.estimate.calls} calls, at most ${plan.estimate.worst}", flush=True)
        bench.bridge.run(bench.range.start(LOCAL_USER, plan))
        seen = 0
        for run in bench.bridge.iterate(bench.range.follow(LOCAL_USER, prompt), 1):
            if run and len(run.shots) > seen:
                seen = len(run.shots)
                shot = run.shots[-1]
                print(f"{seen}/{run.total} {shot.case_id} {shot.arm} {shot.why}", flush=True)
                if seen % 30 == 0:
                    report(run)
        run = bench.range.last(LOCAL_USER, prompt)
        if run:
            report(run)
    finally:
        bench.close()


def report(run: RangeRun) -> None:
    """A table with a row for each set of layers."""
    attacks = frozenset(case.id for case in cases() if case.is_attack)
    print(f"\n{run.version}, {run.model}, {len(run.cases)} cases, {run.seconds:.0f} s, {run.state}")
    print("| layers | attacks that worked | answered beside an attack | answered, harmless |")
    print("|---|---|---|---|")
    for arm in run.arms:
        each = tally(arm, run.shots, attacks)
        rates = (each.succeeded, each.answered_attacked, each.answered_harmless)
        cells = [
            f"{rate.count} of {rate.of}: {rate.share:.0%} ({rate.interval[0]:.0%} to {rate.interval[1]:.0%})"
            for rate in rates
        ]
        print(f"| {ARMS[arm].label} | {' | '.join(cells)} |")
    print(flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
