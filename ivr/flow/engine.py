"""The CEL engine alone. Its package loads a terminal program along with it, 26 MB and a quarter of a second that every node would
pay at its start for something that no call uses."""

from __future__ import annotations

from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any


def load() -> Any:
    """The extension module with `compile`.

    :raises ImportError: the package common-expression-language is not installed.
    """
    package = find_spec("cel")
    extension = PathFinder.find_spec("cel", package.submodule_search_locations) if package else None
    if extension is None or extension.loader is None:
        raise ImportError("The package common-expression-language is missing; install requirements.txt.")
    module = module_from_spec(extension)
    extension.loader.exec_module(module)
    return module
