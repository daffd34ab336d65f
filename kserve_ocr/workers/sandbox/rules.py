"""How each system call is answered: allowed, refused with an error, or by the end of the worker; names by spaces."""

from __future__ import annotations

from typing import Final

ALLOWED: Final = """
    read write futex mmap munmap madvise brk mprotect recvmsg sendmsg pread64 close close_range fstat newfstatat lseek
    memfd_create
    writev fcntl ftruncate clock_gettime getrusage mremap readv preadv pwrite64 stat lstat statx poll ppoll select
    pselect6 mincore msync sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max
    sched_get_priority_min getpid gettid getppid getuid geteuid getgid getegid getpgrp getpgid getrandom clock_getres
    clock_nanosleep nanosleep gettimeofday time times sysinfo uname getcpu rt_sigaction rt_sigprocmask rt_sigreturn
    rt_sigsuspend rt_sigpending sigaltstack pause restart_syscall exit exit_group set_robust_list get_robust_list rseq
    set_tid_address fallocate fadvise64 dup dup2 dup3 pipe pipe2 getcwd readlink readlinkat access faccessat faccessat2
    getdents64 membarrier arch_prctl statfs fstatfs getrlimit
"""
"""Memory, threads, time, signals among its own threads, and the files and sockets that it has."""

MISSING: Final = "clone3 openat2"
"""Answered as if the kernel did not have them: libraries then use older ones, whose arguments a filter can check."""

ATTACKS: Final = """
    ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd pidfd_open pidfd_send_signal kcmp
    perf_event_open bpf userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key
    mount umount2 pivot_root chroot setns unshare open_by_handle_at name_to_handle_at fsopen fsmount move_mount
    open_tree mount_setattr init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff iopl
    ioperm quotactl acct settimeofday clock_settime adjtimex sethostname setdomainname personality
    setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset
    socket socketpair connect bind listen accept accept4 execveat
"""
"""No library needs these in a worker: whatever calls one of them is not ours, and ends at once."""

PROGRAMS: Final = """
    execve fork vfork wait4 waitid prlimit64 mkdir mkdirat unlink unlinkat rmdir rename renameat renameat2 setitimer
    alarm
"""
"""Allowed to an engine that starts a program, which has files of its own. To any other worker, starting a program is an
attack, and the rest is refused."""

STARTS: Final = "execve fork vfork"
"""Those of :data:`PROGRAMS` that are attacks without them."""
