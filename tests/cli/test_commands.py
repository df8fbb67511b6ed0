# SPDX-License-Identifier: Apache-2.0
"""keys, projects, backup and check, beside a running server and without one."""
import re
import shutil
import sqlite3

from case import KEY, Case

SOON = 1.0  # within this a server takes note
SLACK = 0.5


class Keys(Case):
    def ids(self, *words):
        lines = self.command("keys", "list", *words).splitlines()
        self.assertRegex(lines[0], r"^ID +CREATED +PROJECT$")
        return [line.split()[0] for line in lines[1:]]

    def test_create_makes_directory_project_and_key(self):
        key = self.create_key("mine")
        self.assertEqual(self.mode(self.data), "0o700")
        self.assertEqual(self.mode(self.data / "recalld.db"), "0o600")
        self.assertIn("  mine\n", self.command("projects", "list"))
        self.assertEqual(self.serve().status(key), 200)

    def test_keys_are_never_shown_again_nor_kept(self):
        key = self.create_key("mine")
        self.assertNotRegex(self.command("keys", "list"), KEY)
        for one in self.data.iterdir():
            self.assertNotIn(key.encode(), one.read_bytes())

    def test_list_by_project(self):
        self.create_key("mine")
        self.create_key("mine")
        self.create_key("yours")
        self.assertEqual(len(self.ids()), 3)
        self.assertEqual(len(self.ids("--project", "mine")), 2)
        self.assertEqual(len(self.ids("--project", "yours")), 1)
        self.refused("keys", "list", "--data", self.data, "--project", "nobody's", code=1)

    def test_the_default_project_is_default(self):
        self.command("keys", "create")
        self.assertEqual(len(self.ids("--project", "default")), 1)

    def test_a_running_server_knows_a_new_key_at_once(self):
        server = self.serve()
        for project in ("default", "new", "new"):
            self.assertEqual(server.status(self.create_key(project)), 200)

    def test_revoked_keys_are_refused_within_a_second(self):
        server = self.serve()
        for by_id in (True, False):
            first, second = self.create_key("mine"), self.create_key("mine")
            self.assertEqual([server.status(first), server.status(second)], [200, 200])
            name = self.ids("--project", "mine")[-1] if by_id else second
            self.command("keys", "revoke", "--project", "mine", name)
            self.within(SOON + SLACK, lambda: server.status(second) == 401)
            self.assertEqual(server.status(first), 200)

    def test_revoking_what_is_not_there(self):
        key = self.create_key("mine")
        self.create_key("yours")
        for words in (["--project", "mine", "rk_none"], ["--project", "yours", key], ["--project", "nobody's", key], [key]):
            self.refused("keys", "revoke", "--data", self.data, *words, code=1)
        self.assertEqual(len(self.ids()), 2)

    def test_names_in_any_script(self):
        for name in ("a b", "проект", "日本 😀", "a/b", "--", "'"):
            key = self.create_key(name)
            self.assertIn(f"  {name}\n", self.command("projects", "list"))
            self.command("keys", "revoke", f"--project={name}", key)


class Projects(Case):
    def names(self):
        lines = self.command("projects", "list").splitlines()
        self.assertRegex(lines[0], r"^ID +CREATED +KEYS +NAME$")
        return {re.split(r" {2,}", line)[3]: int(re.split(r" {2,}", line)[2]) for line in lines[1:]}

    def test_create_and_list(self):
        self.command("projects", "create", "mine")
        self.assertEqual(self.mode(self.data), "0o700")
        self.create_key("mine")
        self.command("projects", "create", "yours")
        self.assertEqual(self.names(), {"mine": 1, "yours": 0})

    def test_a_name_that_is_taken(self):
        self.command("projects", "create", "mine")
        self.assertIn("already", self.refused("projects", "create", "mine", "--data", self.data, code=1))
        self.assertEqual(self.names(), {"mine": 0})

    def test_deleting_takes_keys_and_what_was_said(self):
        server = self.serve()
        key, other = self.create_key("mine"), self.create_key("yours")
        for one in (key, other):
            self.assertEqual(server.request("POST", "/api/v2/users", {"user_id": "ana-mark"}, key=one).status, 201)
        self.command("projects", "delete", "mine")
        self.assertEqual(self.names().get("mine"), None)
        self.within(SOON + SLACK, lambda: server.status(key) == 401)
        self.assertEqual(server.request("GET", "/api/v2/users/ana-mark", key=other).status, 200)
        self.within(10, lambda: self.marks() == 1, "the server did not erase the project's user")
        again = self.create_key("mine")
        self.assertEqual(server.request("GET", "/api/v2/users/ana-mark", key=again).status, 404)

    def marks(self):
        store = sqlite3.connect(f"file:{self.data / 'recalld.db'}?mode=ro", uri=True)
        try:
            return store.execute("SELECT count(*) FROM users WHERE user_id = 'ana-mark'").fetchone()[0]
        finally:
            store.close()

    def test_deleting_without_a_server_is_done_at_its_next_start(self):
        server = self.serve()
        key = self.create_key("mine")
        self.assertEqual(server.request("POST", "/api/v2/users", {"user_id": "ana-mark"}, key=key).status, 201)
        server.stop()
        self.command("projects", "delete", "mine")
        self.assertEqual(self.marks(), 1)
        self.serve()
        self.within(10, lambda: self.marks() == 0)

    def test_deleting_what_is_not_there(self):
        self.command("projects", "create", "mine")
        self.assertIn("no project", self.refused("projects", "delete", "nobody's", "--data", self.data, code=1))


class Upkeep(Case):
    def fill(self, server, key, name="ana"):
        self.assertEqual(server.request("POST", "/api/v2/users", {"user_id": name}, key=key).status, 201)
        self.assertEqual(server.request("POST", "/api/v2/sessions", {"session_id": f"s-{name}", "user_id": name}, key=key).status, 201)
        added = server.request("POST", f"/api/v2/sessions/s-{name}/memory",
                               {"messages": [{"role_type": "user", "content": f"the harbour of {name}"}] * 5}, key=key)
        self.assertEqual(added.status, 200, added.body)

    def test_a_backup_of_a_running_store_restores(self):
        server = self.serve()
        key = self.create_key("mine")
        self.fill(server, key)
        copy = self.home / "copy.db"
        said = self.command("backup", copy)
        self.assertIn(f"{copy}, {copy.stat().st_size} bytes", said)
        self.assertEqual(self.mode(copy), "0o600")
        self.assertEqual(sorted(one.name for one in self.home.iterdir()), ["copy.db", "data"])
        self.fill(server, key, "later")
        self.assertEqual(server.stop(), 0)
        restored = self.home / "restored"
        restored.mkdir(mode=0o700)
        shutil.copy(copy, restored / "recalld.db")
        again = self.serve(data=restored)
        self.assertEqual(again.request("GET", "/api/v2/users/ana", key=key).status, 200)
        self.assertEqual(again.request("GET", "/api/v2/users/later", key=key).status, 404)
        said = again.request("GET", "/api/v2/sessions/s-ana/messages", key=key).json["messages"]
        self.assertEqual([one["content"] for one in said], ["the harbour of ana"] * 5)
        self.assertEqual(again.stop(), 0)
        done = self.run_it("check", "--data", restored)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_a_backup_never_overwrites(self):
        self.command("projects", "create", "mine")
        copy = self.home / "copy.db"
        copy.write_text("mine")
        self.assertIn("there already", self.refused("backup", copy, "--data", self.data))
        self.assertEqual(copy.read_text(), "mine")

    def test_a_backup_that_cannot_be_written(self):
        self.command("projects", "create", "mine")
        self.refused("backup", self.home / "none" / "copy.db", "--data", self.data, code=1)

    def test_check_finds_a_sound_store_sound(self):
        server = self.serve()
        key = self.create_key("mine")
        self.fill(server, key)
        self.assertRegex(self.command("check"), r"(?m)^checked: .*sound$")
        server.stop()
        self.assertRegex(self.command("check"), r"(?m)^checked: .*sound$")

    def test_check_says_what_is_wrong(self):
        server = self.serve()
        self.fill(server, self.create_key("mine"))
        server.stop()
        store = sqlite3.connect(self.data / "recalld.db")
        store.execute("UPDATE counts SET total = total + 1")
        store.commit()
        store.close()
        done = self.run_it("check", "--data", self.data)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^checked: \d+ complaints?$")
        self.assertGreater(len(done.stdout.splitlines()), 1)

    def test_check_of_a_broken_file(self):
        self.command("projects", "create", "mine")
        path = self.data / "recalld.db"
        whole = bytearray(path.read_bytes())
        whole[8192:12288] = b"\xff" * 4096
        path.write_bytes(whole)
        done = self.run_it("check", "--data", self.data)
        self.assertIn(done.returncode, (1, 2), done.stdout + done.stderr)
        path.write_bytes(b"nonsense" * 1000)
        done = self.run_it("check", "--data", self.data)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)

    def test_reindex_is_done_by_the_server(self):
        server = self.serve()
        key = self.create_key("mine")
        self.fill(server, key)
        self.assertIn("anew", self.command("check", "--reindex"))
        self.within(10, lambda: self.run_it("check", "--data", self.data).returncode == 0)
        found = server.request("POST", "/api/v2/sessions/search?limit=5", {"text": "harbour", "user_id": "ana"}, key=key)
        self.assertEqual(found.status, 200, found.body)
        self.assertEqual(len(found.json["results"]), 5)
