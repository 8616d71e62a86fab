"""Runs a program that thinks ptrace cannot read extended processor state: `python3 without_xstate.py PROGRAM…`.

user-mode-linux 6.1 keeps that state in a buffer of a fixed size. On a processor with AMX the state is larger, the
kernel refuses to write a part of it (`xstateregs_set` in Linux' arch/x86/kernel/fpu/regset.c), and user-mode-linux dies
with its first process. Where ptrace has no such state at all, it falls back to what every x86-64 has. That is what this
filter (seccomp(2)) makes it believe; its processes should then leave AVX alone, whose registers nobody saves.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

_PTRACE = 101  # x86-64
_PTRACE_GETREGSET = 0x4204
_NT_X86_XSTATE = 0x202
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 22, 38, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _REQUEST, _KIND = 0, 16, 32  # offsets in struct seccomp_data: nr, args[0], args[2]


def _program() -> bytes:
    """The filter: all three must match for the error; each jump's numbers are how many to skip where equal or not."""
    steps = (
        (_LOAD, 0, 0, _NUMBER),
        (_EQUAL, 0, 5, _PTRACE),
        (_LOAD, 0, 0, _REQUEST),
        (_EQUAL, 0, 3, _PTRACE_GETREGSET),
        (_LOAD, 0, 0, _KIND),
        (_EQUAL, 0, 1, _NT_X86_XSTATE),
        (_RETURN, 0, 0, _ERRNO | errno.EIO),
        (_RETURN, 0, 0, _ALLOW),
    )
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


class _Filter(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def main(argv: list[str]) -> None:
    """Never returns: becomes the program, with the filter."""
    steps = _program()
    wanted = _Filter(len(steps) // 8, steps)
    libc = ctypes.CDLL(None, use_errno=True)
    one, none = ctypes.c_ulong(1), ctypes.c_ulong(0)
    failed = libc.prctl(_PR_SET_NO_NEW_PRIVS, one, none, none, none) or libc.prctl(
        _PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(wanted), none, none
    )
    if failed:
        sys.exit(f"the kernel refuses a filter: {os.strerror(ctypes.get_errno())}")
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    main(sys.argv[1:])
