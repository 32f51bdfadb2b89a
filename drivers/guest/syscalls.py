"""System call numbers and the filters over them, as data.

Names follow the kernel. A number is `(x86_64, aarch64)`; `ABSENT` where a machine lacks the call.
The filters are lists of rules, tried from the top; what no rule names ends the process.
"""

import errno

ABSENT = -1

MACHINES = ("x86_64", "aarch64")
AUDIT_ARCHITECTURES = (0xC000003E, 0xC00000B7)

NUMBERS: dict[str, tuple[int, int]] = {
    "read": (0, 63),
    "write": (1, 64),
    "open": (2, ABSENT),
    "close": (3, 57),
    "stat": (4, ABSENT),
    "fstat": (5, 80),
    "lstat": (6, ABSENT),
    "poll": (7, ABSENT),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "ioctl": (16, 29),
    "access": (21, ABSENT),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "dup2": (33, ABSENT),
    "nanosleep": (35, 101),
    "setitimer": (38, 103),
    "getpid": (39, 172),
    "recvfrom": (45, 207),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "clone": (56, 220),
    "fork": (57, ABSENT),
    "exit": (60, 93),
    "wait4": (61, 260),
    "kill": (62, 129),
    "uname": (63, 160),
    "fcntl": (72, 25),
    "getcwd": (79, 17),
    "readlink": (89, ABSENT),
    "gettimeofday": (96, 169),
    "getrlimit": (97, 163),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "ptrace": (101, 117),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "getppid": (110, 173),
    "capget": (125, 90),
    "capset": (126, 91),
    "sigaltstack": (131, 132),
    "pivot_root": (155, 41),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "tgkill": (234, 131),
    "openat": (257, 56),
    "newfstatat": (262, 79),
    "readlinkat": (267, 78),
    "faccessat": (269, 48),
    "ppoll": (271, 73),
    "unshare": (272, 97),
    "set_robust_list": (273, 99),
    "dup3": (292, 24),
    "prlimit64": (302, 261),
    "seccomp": (317, 277),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "statx": (332, 291),
    "rseq": (334, 293),
    "io_uring_setup": (425, 425),
    "pidfd_open": (434, 434),
    "clone3": (435, 435),
    "close_range": (436, 436),
    "faccessat2": (439, 439),
    "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446),
}

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
_ERRNO = 0x00050000


def fail_with(code: int) -> int:
    """Return the verdict that makes a call fail with this errno instead of running."""
    return _ERRNO | code


EQUALS = "equals"
CLEAR = "clear"

Test = tuple[int, str, int]
"""(argument, EQUALS, value) over 64 bits, or (argument, CLEAR, mask) over the low 32."""


class Rule:
    """What happens to one system call.

    Without alternatives the verdict holds always; with them, when every test of one alternative
    holds, and `otherwise` holds when none does.
    """

    __slots__ = ("alternatives", "name", "otherwise", "verdict")

    def __init__(
        self,
        name: str,
        verdict: int = ALLOW,
        *,
        alternatives: tuple[tuple[Test, ...], ...] = (),
        otherwise: int = KILL_PROCESS,
    ) -> None:
        """Keep the rule."""
        self.name = name
        self.verdict = verdict
        self.alternatives = alternatives
        self.otherwise = otherwise


CHANNEL_FD = 3
"""The one descriptor of a worker: its socket to the host."""

_PROT_EXEC = 4
_MSG_DONTWAIT = 0x40
_RLIMIT_CPU = 0
_RLIMIT_AS = 9
_SIGKILL = 9
# FUTEX_WAIT, FUTEX_WAKE, their bitset forms, each shared, private, and against the wall clock.
# The priority and requeue forms are left out: nothing here needs them and they broke kernels.
_FUTEX_OPERATIONS = (0, 1, 9, 10, 128, 129, 137, 138, 265, 393)
# MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE: what allocators ask for.
_ADVICE = (4, 8, 14, 15)
# glibc's fork (CHILD_SETTID, CHILD_CLEARTID, SIGCHLD) and musl's (SIGCHLD alone).
_FORK_FLAGS = (0x01200011, 17)


def _one_of(argument: int, values: tuple[int, ...]) -> tuple[tuple[Test, ...], ...]:
    return tuple(((argument, EQUALS, value),) for value in values)


_NEVER_EXECUTABLE = (((2, CLEAR, _PROT_EXEC),),)

_RUNTIME = (
    Rule("mmap", alternatives=_NEVER_EXECUTABLE),
    Rule("munmap"),
    Rule("madvise", alternatives=_one_of(2, _ADVICE), otherwise=fail_with(errno.EINVAL)),
    Rule("brk"),
    Rule("mremap"),
    Rule("mprotect", alternatives=_NEVER_EXECUTABLE),
    Rule("futex", alternatives=_one_of(1, _FUTEX_OPERATIONS), otherwise=fail_with(errno.ENOSYS)),
    Rule("clock_gettime"),
    Rule("gettimeofday"),
    Rule("clock_getres"),
    Rule("clock_nanosleep"),
    Rule("nanosleep"),
    Rule("getrandom"),
    Rule("sched_yield"),
    Rule("rt_sigreturn"),
    Rule("restart_syscall"),
    Rule("getpid"),
    Rule("gettid"),
    Rule("exit"),
    Rule("exit_group"),
)

# Harmless questions that libraries ask: they get a Python error instead of ending the process, so
# that a late import reads as an ImportError. `tgkill` is here because abort() sends itself a
# signal that way; refused, it falls back to an illegal instruction and is told apart from attacks.
_ASKED_IN_GOOD_FAITH = tuple(
    Rule(name, fail_with(errno.EPERM))
    for name in (
        "openat",
        "open",
        "stat",
        "lstat",
        "fstat",
        "newfstatat",
        "statx",
        "access",
        "faccessat",
        "faccessat2",
        "readlink",
        "readlinkat",
        "getcwd",
        "lseek",
        "ioctl",
        "fcntl",
        "uname",
        "sysinfo",
        "getuid",
        "geteuid",
        "getgid",
        "getegid",
        "getppid",
        "getrlimit",
        "getrusage",
        "sched_getaffinity",
        "sigaltstack",
        "rt_sigaction",
        "rt_sigprocmask",
        "membarrier",
        "tgkill",
        "close",
    )
)

WORKER_RULES = (
    Rule(
        "read",
        alternatives=(((0, EQUALS, CHANNEL_FD),),),
        otherwise=fail_with(errno.EBADF),
    ),
    Rule(
        "write",
        alternatives=(((0, EQUALS, CHANNEL_FD),),),
        otherwise=fail_with(errno.EBADF),
    ),
    # The same reading, for a worker that looks whether there is something to read yet.
    Rule(
        "recvfrom",
        alternatives=(((0, EQUALS, CHANNEL_FD), (3, EQUALS, _MSG_DONTWAIT)),),
        otherwise=fail_with(errno.EBADF),
    ),
    *_RUNTIME,
    # A worker learns its call's limits after it is locked, so it may still set these two for
    # itself. Without CAP_SYS_RESOURCE the kernel lets a process only lower a hard limit, and both
    # are set hard before user code runs; a canary proves that raising them fails.
    Rule(
        "prlimit64",
        alternatives=(
            ((0, EQUALS, 0), (1, EQUALS, _RLIMIT_AS)),
            ((0, EQUALS, 0), (1, EQUALS, _RLIMIT_CPU)),
        ),
        otherwise=fail_with(errno.EPERM),
    ),
    *_ASKED_IN_GOOD_FAITH,
)
"""What a worker may ask of the kernel while user code runs in it."""

_FORKING = tuple(
    Rule(name)
    for name in (
        "read",
        "write",
        "close",
        "close_range",
        "dup2",
        "dup3",
        "fork",
        "pidfd_open",
        "recvfrom",
        "prlimit64",
        "recvmsg",
        "rseq",
        "rt_sigaction",
        "rt_sigprocmask",
        "seccomp",
        "sendmsg",
        "set_robust_list",
        "setitimer",
        "wait4",
    )
)

ZYGOTE_RULES = (
    *_FORKING,
    Rule("clone", alternatives=_one_of(0, _FORK_FLAGS)),
    # ENOSYS makes the C library fall back to clone, whose flags a filter can read.
    Rule("clone3", fail_with(errno.ENOSYS)),
    Rule("kill", alternatives=_one_of(1, (_SIGKILL,))),
    *_RUNTIME,
    *_ASKED_IN_GOOD_FAITH,
)
"""What the zygote may ask: fork, hand over descriptors, reap, end its children, load filters."""
