# SPDX-License-Identifier: Apache-2.0
"""What PostgreSQL itself does with the statements of POST memory: pgbench on the tables of a store that recalld has made,
two messages a transaction, as many connections as recalld has."""
import pathlib
import re
import subprocess

from harness.postgres import programs

from . import load

SECONDS = 4

SCRIPT = r"""
\set g random({first}, {last})
BEGIN;
UPDATE graphs SET next_episode = next_episode + 2 WHERE graph = :g RETURNING next_episode - 2 AS n \gset
UPDATE strands SET messages = messages + 2, next_place = next_place + 2, updated_at = {now} WHERE graph = :g AND session = 1 RETURNING next_place - 2 AS p \gset
INSERT INTO episodes (graph, number, session, place, uuid, source, role_type, role, content, metadata, source_description, created_at, added_at, terms) VALUES (:g, :n, 1, :p, NULL, 1, 3, 'Ada', '{content}', NULL, NULL, {now}, {now}, '\x{terms}');
INSERT INTO episodes (graph, number, session, place, uuid, source, role_type, role, content, metadata, source_description, created_at, added_at, terms) VALUES (:g, :n + 1, 1, :p + 1, NULL, 1, 2, 'Helper', '{content}', NULL, NULL, {now}, {now}, '\x{terms}');
COMMIT;
"""


def rate(database: str, work: pathlib.Path, content: str, graphs, connections: int) -> float:
    """Transactions a second; `graphs` are the first and the last number to write to, a row of terms is as long as one
    of the store's."""
    terms = query(database, "SELECT avg(length(terms))::int FROM episodes")
    now = query(database, "SELECT max(added_at) FROM episodes")
    file = work / "memory.pgbench"
    file.write_text(SCRIPT.format(first=graphs[0], last=graphs[1], now=now, content=content.replace("'", "''"),
                                  terms="5a" * int(terms)))
    done = subprocess.run([programs() / "pgbench", "-n", "-M", "prepared", "-c", str(connections), "-j", "1", "-T", str(SECONDS),
                           "-f", file, database], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS + 60)
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode != 0 or not found:
        raise load.LoadError(f"pgbench: exit code {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return float(found.group(1))


def query(database: str, sql: str) -> str:
    return subprocess.run([programs() / "psql", "-qAtXc", sql, database], stdin=subprocess.DEVNULL, check=True,
                          capture_output=True, text=True).stdout.strip()
