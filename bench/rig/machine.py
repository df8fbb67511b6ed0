# SPDX-License-Identifier: Apache-2.0
"""What a process takes of the machine, and which machine it is."""
import contextlib
import os
import pathlib
import platform
import re
import time


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of another process, those that ended included; to the nanosecond, where
    /proc/PID/stat counts in ticks. This is the clock that clock_getcpuclockid(3) names."""
    return time.clock_gettime((~pid << 3) | 2)


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """A line of /proc/PID/status in MiB; VmHWM is the highest VmRSS so far."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE).group(1)) / 1024


def disk_bytes(directory) -> int:
    return sum(path.stat().st_size for path in pathlib.Path(directory).rglob("*") if path.is_file())


def filesystem(directory) -> str:
    """The type of what holds the directory: the longest mount point that is a prefix of its path."""
    path = str(pathlib.Path(directory).resolve())
    best = ("", "unknown")
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, point, kind = line.split()[:3]
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


@contextlib.contextmanager
def apart(pid: int):
    """Meanwhile all threads of that process run on the first core, and what this one starts on the last."""
    all_cores = os.sched_getaffinity(0)
    threads = [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    for thread in threads:
        os.sched_setaffinity(thread, {min(all_cores)})
    os.sched_setaffinity(0, {max(all_cores)})
    try:
        yield
    finally:
        for thread in (0, *threads):
            os.sched_setaffinity(thread, all_cores)


def describe(directory) -> str:
    """One line: processor, cores, memory, kernel, file system, load."""
    model = re.search(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(), re.MULTILINE)
    return (f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, "
            f"{int(memory.group(1)) / 2**20:.0f} GiB of memory, Linux {platform.release()}, "
            f"data on {filesystem(directory)}, load average {os.getloadavg()[0]:.2f} at the start")
