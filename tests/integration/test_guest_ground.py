"""What a zygote allocates once the gaps are filled lies together."""

import subprocess
import sys
from pathlib import Path

import pytest

from drivers.local.zygote import FLAGS

ROOT = Path(__file__).parents[2]
NEIGHBOURS = """
import sys
sys.path.append(sys.argv[1])
from drivers.guest.ground import prepare
if sys.argv[2] == "filled":
    prepare()
apart = 0
for size in range(64, 513, 16):
    one, other = bytes(size - 33), bytes(size - 33)
    apart += id(other) - id(one) != size
print(apart)
"""


def sizes_apart(mode: str) -> int:
    """Return for how many sizes two objects in a row do not lie side by side."""
    asked = [sys.executable, *FLAGS, "-c", NEIGHBOURS, str(ROOT), mode]
    told = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=60)
    return int(told.stdout)


@pytest.mark.skipif(
    sys.implementation.name != "cpython", reason="other interpreters keep objects otherwise"
)
def test_objects_lie_side_by_side_once_the_gaps_are_filled() -> None:
    """Without it about half of the sizes go into gaps that lie anywhere.

    A size may be at the end of its pool, whatever is done.
    """
    assert sizes_apart("filled") * 3 < sizes_apart("as it starts")
