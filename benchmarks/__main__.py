"""`make bench`: every benchmark in turn, or the ones named on the command line."""

import sys

from benchmarks import (
    calls,
    costs,
    index,
    ingest,
    keystrokes,
    kills,
    open_streams,
    peers,
    previews,
    reservations,
    startup,
    streams,
    trace_page,
    traces,
    visitors,
    window,
    words,
)

ALL = {
    "calls": calls.main,
    "costs": costs.main,
    "open_streams": open_streams.main,
    "startup": startup.main,
    "ingest": ingest.main,
    "peers": peers.main,
    "index": index.main,
    "words": words.main,
    "kills": kills.main,
    "previews": previews.main,
    "keystrokes": keystrokes.main,
    "reservations": reservations.main,
    "streams": streams.main,
    "traces": traces.main,
    "trace_page": trace_page.main,
    "visitors": visitors.main,
    "window": window.main,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        print(f"\n== {name}")
        ALL[name]()
