"""The kinds of steps. A new one is a class here; builder, checks, simulator and calls know it then."""

from .base import Outlet as Outlet
from .base import Step as Step
from .deciding import Branch, Hours, Rule, Set, Split, Web
from .hearing import Collect, Menu, Play
from .hearing import secrets_of as secrets_of
from .leaving import Back, Callback, HangUp, OtherFlow, Repeat, Studio, ToQueue, Transfer, Voicemail

KINDS: dict[str, type[Step]] = {
    step.kind: step
    for step in (
        Play,
        Menu,
        Collect,
        Set,
        Branch,
        Rule,
        Hours,
        Split,
        Web,
        ToQueue,
        Transfer,
        Voicemail,
        Studio,
        Callback,
        OtherFlow,
        Back,
        Repeat,
        HangUp,
    )
}
