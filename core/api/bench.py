"""How a route gets at the workbench."""

from typing import Annotated

from fastapi import Depends, Request

from core.bootstrap import Workbench


def _bench(request: Request) -> Workbench:
    """The workbench of this process; asked at each request, so that importing builds nothing."""
    bench: Workbench = request.app.state.workbench()
    bench.first_look()
    return bench


Bench = Annotated[Workbench, Depends(_bench)]
