import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["fault", "families"])
def test_what_the_command_line_needs_does_not_import_networkx(module: str) -> None:
    code = f"import sys, splitbrain.nemesis.{module}; print('networkx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
