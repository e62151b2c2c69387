"""How a route gets at the workbench, and at whoever asks."""

from typing import Annotated

from fastapi import Depends, Request

from core.bootstrap import Workbench
from core.caller import LOCAL_USER, caller
from core.errors import NotYours


def _bench(request: Request) -> Workbench:
    """The workbench of this process; asked at each request, so that importing builds nothing."""
    bench: Workbench = request.app.state.workbench()
    bench.first_look()
    return bench


def _user(request: Request) -> str:
    """The id of the user who asks, as the doors have found out."""
    return caller(request.scope).user


def _owner(request: Request) -> str:
    """The same, for what is the owner's alone. Raises NotYours."""
    user = _user(request)
    if user != LOCAL_USER:
        raise NotYours("this is for the owner of the app")
    return user


Bench = Annotated[Workbench, Depends(_bench)]
User = Annotated[str, Depends(_user)]
Owner = Annotated[str, Depends(_owner)]
