"""The program that the host starts: find our own code, and nothing else, then be a zygote."""

import sys

# The interpreter was started without any of its usual places to import from but its own library.
sys.path.append(__file__.rpartition("/drivers/guest/")[0])

from drivers.guest.ground import prepare

if __name__ == "__main__":
    prepare()
    from drivers.guest.zygote import live

    live()
