# SPDX-License-Identifier: Apache-2.0
"""Arguments: help, version, and everything that is refused with one line and exit code 2."""
from case import Case

COMMANDS = ["serve", "keys create", "keys list", "keys revoke", "projects create", "projects list", "projects delete",
            "backup", "check", "version", "help"]


class Help(Case):
    def test_version_is_one_line(self):
        for word in ("version", "--version"):
            done = self.run_it(word)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"\Arecalld \d+\.\d+\.\d+\n\Z")

    def test_help_names_every_command(self):
        for words in (["help"], ["--help"], ["-h"]):
            done = self.run_it(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for name in COMMANDS:
                self.assertIn(f"recalld {name} ", done.stdout)

    def test_each_command_has_help(self):
        for name in COMMANDS[:-1]:
            for words in ([*name.split(), "--help"], ["help", *name.split()]):
                done = self.run_it(*words)
                self.assertEqual((done.returncode, done.stderr), (0, ""), words)
                self.assertTrue(done.stdout.startswith(f"recalld {name}"), done.stdout)

    def test_help_of_a_group(self):
        for words in (["keys", "--help"], ["help", "keys"]):
            done = self.run_it(*words)
            self.assertEqual(done.returncode, 0)
            self.assertIn("recalld keys revoke", done.stdout)
            self.assertNotIn("recalld serve", done.stdout)

    def test_help_touches_nothing(self):
        self.run_it("serve", "--help", "--data", self.data)
        self.assertFalse(self.data.exists())


class Refused(Case):
    def test_no_command(self):
        self.assertIn("command", self.refused())

    def test_unknown_commands(self):
        for words in (["frobnicate"], ["keys"], ["keys", "frobnicate"], ["help", "frobnicate"], ["projects", "--data", "x"]):
            self.assertIn("unknown command", self.refused(*words))

    def test_unknown_flags(self):
        for words in (["--frobnicate"], ["serve", "--frobnicate"], ["serve", "--frobnicate=1"], ["serve", "-x"],
                      ["keys", "list", "--listen", "127.0.0.1:0"], ["serve", "--project", "x"], ["version", "--data", "x"],
                      ["backup", "x", "--api-key", "k"], ["serve", "--Loops", "2"], ["serve", "--loop", "2"]):
            self.assertIn("unknown flag", self.refused(*words))
        self.assertFalse(self.data.exists())

    def test_flags_without_their_value(self):
        for words in (["serve", "--loops"], ["keys", "create", "--project"], ["serve", "--config"]):
            self.assertIn("needs a value", self.refused(*words))

    def test_switches_take_no_value(self):
        self.assertIn("takes no value", self.refused("serve", "--print-config=yes"))

    def test_missing_and_unexpected_arguments(self):
        for words in (["backup"], ["projects", "create"], ["projects", "delete"], ["keys", "revoke"]):
            self.assertIn("needs", self.refused(*words))
        for words in (["serve", "x"], ["keys", "list", "x"], ["backup", "a", "b"], ["version", "x"], ["check", "x"]):
            self.assertIn("unexpected argument", self.refused(*words))

    def test_bad_values_name_the_setting_and_its_bounds(self):
        for name, value, bounds in (("loops", "0", "1 to 64"), ("loops", "65", "1 to 64"), ("loops", "two", "1 to 64"),
                                    ("loops", "", "1 to 64"), ("loops", "-1", "1 to 64"), ("loops", "2.0", "1 to 64"),
                                    ("max-body-bytes", "5 MB", "1 KiB to 1 GiB"), ("max-body-bytes", "1", "1 KiB"),
                                    ("max-body-bytes", "99999999999999999999", "1 GiB"),
                                    ("max-body-bytes", "9999999999999 GiB", "1 GiB"), ("log-level", "loud", "error"),
                                    ("log-format", "xml", "auto"), ("data", "", "1 to"), ("listen", "a\nb", "printable"),
                                    ("stop-timeout-ms", "30s", "0 to 3600000")):
            line = self.refused("serve", "--data", self.data, f"--{name}", value)
            self.assertIn(f"for {name}", line)
            self.assertIn(bounds, line)
        self.assertFalse(self.data.exists())

    def test_bad_secrets_are_not_repeated(self):
        self.assertNotIn("hush hush", self.refused("serve", "--api-key", "hush hush"))

    def test_settings_that_must_fit_each_other(self):
        self.assertIn("together", self.refused("serve", "--data", self.data, "--tls-cert-file", "x"))
        self.assertIn("request-memory-bytes", self.refused("serve", "--data", self.data, "--max-body-bytes", "100 MiB"))
        self.assertFalse(self.data.exists())

    def test_addresses_that_cannot_be_bound(self):
        for address in ("nonsense", "127.0.0.1", "127.0.0.1:", ":80000", "127.0.0.1:99999", "127.0.0.1:http", "[::1:80",
                        "192.0.2.1:80"):
            for flag in ("--listen", "--metrics-listen"):
                words = ["--listen", "127.0.0.1:0"] if flag != "--listen" else []
                self.refused("serve", "--data", self.data, *words, flag, address)
        self.assertFalse(self.data.exists())

    def test_a_database_of_no_known_kind(self):
        self.assertIn("sqlite:PATH", self.refused("serve", "--listen", "127.0.0.1:0", "--database", "oracle:x"))

    def test_commands_that_only_look_make_nothing(self):
        for words in (["keys", "list"], ["projects", "list"], ["check"], ["backup", "copy"], ["keys", "revoke", "x"],
                      ["projects", "delete", "x"]):
            self.assertIn("no store", self.refused(*words, "--data", self.data))
        self.assertEqual(list(self.home.iterdir()), [])

    def test_a_data_directory_that_cannot_be(self):
        self.data.write_text("a file")
        line = self.refused("serve", "--listen", "127.0.0.1:0", "--data", self.data)
        self.assertIn("something else of that name", line)
        self.assertEqual(self.data.read_text(), "a file")
        self.assertIn("No such file", self.refused("serve", "--listen", "127.0.0.1:0", "--data", self.home / "a" / "b"))
        self.assertIn("something else", self.refused("keys", "create", "--data", self.data))

    def test_names_that_no_project_may_have(self):
        for name in ("", "a\nb", "x" * 101, "\x7f"):
            self.refused("keys", "create", "--data", self.data, "--project", name)
            self.refused("projects", "create", "--data", self.data, name)
        self.assertFalse(self.data.exists())
