"""The child process in which the local model runs: llama.cpp's own HTTP server on a free loopback port.

Started as `python -m core.llm.local_server`. The first line of standard input is its order (JSON:
model, key, window, threads); its first line of output is the address, or what went wrong. It ends
when standard input ends, which is what happens when the app ends, however that ends.
"""

import json
import os
import sys
from typing import Any


def main() -> None:
    """Serve until standard input is closed."""
    order = json.loads(sys.stdin.readline())
    # The library prints to descriptor 1; the one line that is ours goes to a copy of it.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        server = _serve(order)
    except (RuntimeError, ValueError, OSError) as error:
        print(json.dumps({"failed": str(error)}), file=answer, flush=True)
        os._exit(1)
    print(json.dumps({"address": server.listening_address}), file=answer, flush=True)
    sys.stdin.read()
    # The server's threads know no end of their own, and what they hold the system takes back.
    os._exit(0)


def _serve(order: dict[str, Any]) -> Any:
    from xllamacpp import CommonParams, Server

    params = CommonParams()
    params.model.path = order["model"]
    params.n_ctx = order["window"]
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.n_batch = 128  # how often it tells how far it has read
    params.cpuparams.n_threads = order["threads"]
    params.cpuparams_batch.n_threads = order["threads"]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [order["key"]]
    params.model_alias = {order["name"]}  # else it calls itself by the path of its file
    return Server(params)


if __name__ == "__main__":
    main()
