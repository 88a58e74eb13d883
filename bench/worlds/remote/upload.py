"""What a host needs to run servers, as an archive: this package, and the system's own where it is another."""

import importlib
import io
import zipfile
from pathlib import Path
from typing import Final

from ....systems.system import System

PACKAGE: Final = __package__.partition(".")[0]
PARTS: Final = ("histories", "checkers", "systems", "nemesis", "bench", "reports")


def archive(tested: System) -> bytes:
    """A ZIP file of all modules that a server of the system is made of."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        _add(made, PACKAGE, links=False)
        for part in PARTS:
            _add(made, f"{PACKAGE}.{part}")
        module = tested.deploy.__module__.partition(".")[0]
        if module != PACKAGE:
            _add(made, module)
    return buffer.getvalue()


def _add(made: zipfile.ZipFile, name: str, *, links: bool = True) -> None:
    """Add a package with all that is in it, or a module; without `links` nothing below other folders."""
    module = importlib.import_module(name)
    place = name.replace(".", "/")
    if not hasattr(module, "__path__"):
        made.write(str(module.__file__), f"{place}.py")
        return
    for folder in module.__path__:
        for path in sorted(Path(folder).glob("**/*.py" if links else "*.py")):
            made.write(path, f"{place}/{path.relative_to(folder)}")
