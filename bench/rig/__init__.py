# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: made text, servers to measure, wrk to load them, and tables of what came out.

machine.py   what a process takes of the machine, and which machine it is
corpus.py    sentences with the statistics of language
servers.py   recalld and nginx as child processes on the loopback interface
load.py      requests in a file, wrk to send them; one connection that is watched request by request
seed.py      filling a store quickly
pgbench.py   PostgreSQL alone, with the same statements
report.py    Markdown
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "bench"

sys.path.insert(0, str(ROOT / "tests"))
