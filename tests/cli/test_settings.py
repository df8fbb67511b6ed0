# SPDX-License-Identifier: Apache-2.0
"""Settings: flag, variable, config file and default, and what is printed and written of them."""
import re
import subprocess

from case import ROOT, Case


class Settings(Case):
    def config(self, text):
        path = self.home / "recalld.conf"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def in_force(self, *words, env=None):
        """{name: (value, source)} as --print-config says."""
        done = self.run_it("serve", "--print-config", *words, env=env)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = {}
        for line in done.stdout.splitlines():
            name, value, source = re.fullmatch(r"(\S+) = (.*)  # (.*)", line).groups()
            found[name] = (value, source)
        return found

    def names(self):
        return list(self.in_force())


class Sources(Settings):
    def test_defaults(self):
        found = self.in_force()
        for name, value in {"listen": "127.0.0.1:8000", "data": "./data", "database": "sqlite:./data/recalld.db",
                            "max-connections": "10000", "max-connections-per-address": "0", "max-body-bytes": "5 MiB",
                            "max-header-bytes": "16 KiB", "header-timeout-ms": "5000", "request-timeout-ms": "30000",
                            "idle-timeout-ms": "75000", "request-memory-bytes": "64 MiB",
                            "reply-memory-bytes": "256 MiB",
                            "memory-bytes": "1 GiB", "log-level": "info",
                            "log-format": "auto", "api-key": "", "message-characters": "4096", "messages": "30",
                            "context-tokens": "1400", "stop-timeout-ms": "30000", "tls-cert-file": ""}.items():
            self.assertEqual(found[name], (value, "default"), name)
        self.assertIn(int(found["loops"][0]), range(1, 5))
        self.assertGreaterEqual(int(found["workers"][0]), 2)

    def test_print_config_touches_nothing(self):
        self.in_force("--data", self.data)
        self.assertFalse(self.data.exists())

    def test_each_source_and_its_rank(self):
        path = self.config("loops = 2\nworkers = 3\nmessages = 4\nmax-queue = 5\n")
        found = self.in_force("--config", path, "--loops", "6", "--workers=7",
                              env={"RECALLD_LOOPS": "8", "RECALLD_MESSAGES": "9"})
        self.assertEqual(found["loops"], ("6", "flag --loops"))
        self.assertEqual(found["workers"], ("7", "flag --workers"))
        self.assertEqual(found["messages"], ("9", "variable RECALLD_MESSAGES"))
        self.assertEqual(found["max-queue"], ("5", f"file {path}:4"))
        self.assertEqual(found["log-level"], ("info", "default"))

    def test_every_setting_has_a_flag_and_a_variable_and_a_line(self):
        for name, (value, _) in self.in_force().items():
            if name in ("api-key", "tls-cert-file", "tls-key-file", "metrics-listen"):
                continue
            variable = "RECALLD_" + name.upper().replace("-", "_")
            self.assertEqual(self.in_force(f"--{name}", value)[name], (value, f"flag --{name}"))
            self.assertEqual(self.in_force(env={variable: value})[name], (value, f"variable {variable}"))
            path = self.config(f"{name} = {value}\n")
            self.assertEqual(self.in_force("--config", path)[name], (value, f"file {path}:1"))

    def test_a_variable_names_the_config_file_and_a_flag_another(self):
        path = self.config("loops = 2\n")
        self.assertEqual(self.in_force(env={"RECALLD_CONFIG": str(path)})["loops"], ("2", f"file {path}:1"))
        other = self.home / "other.conf"
        other.write_text("loops = 3\n")
        self.assertEqual(self.in_force("--config", other, env={"RECALLD_CONFIG": str(path)})["loops"][0], "3")

    def test_empty_variables_count_as_not_set(self):
        self.assertEqual(self.in_force(env={"RECALLD_LOOPS": "", "RECALLD_CONFIG": ""})["loops"][1], "default")

    def test_bad_variables_are_named(self):
        line = self.refused("serve", "--print-config", env={"RECALLD_LOOPS": "many"})
        self.assertIn("RECALLD_LOOPS: bad value 'many' for loops", line)

    def test_sizes(self):
        for text, shown in (("5242880", "5 MiB"), ("5MiB", "5 MiB"), ("5 MiB", "5 MiB"), ("1 GiB", "1 GiB"),
                            ("1025", "1025"), ("1536 KiB", "1536 KiB")):
            self.assertEqual(self.in_force("--max-body-bytes", text, "--request-memory-bytes", "1 GiB")["max-body-bytes"][0], shown)

    def test_the_last_of_two_flags_counts(self):
        self.assertEqual(self.in_force("--loops", "2", "--loops=3")["loops"][0], "3")

    def test_secrets_are_not_shown(self):
        path = self.config("api-key = hushhush\n")
        for words, env in ((["--api-key", "hushhush"], {}), ([], {"RECALLD_API_KEY": "hushhush"}), (["--config", path], {})):
            done = self.run_it("serve", "--print-config", *words, env=env)
            self.assertNotIn("hushhush", done.stdout + done.stderr)
            self.assertIn("api-key = (set)", done.stdout)

    def test_passwords_of_a_database_are_not_shown(self):
        for url, shown in (("postgres://me:pa:ss@x@h:5432/db?sslmode=require", "postgres://me:(set)@h:5432/db?sslmode=require"),
                           ("postgres://h/db?password=hush&user=me", "postgres://h/db?password=(set)&user=me"),
                           ("postgres://me@h:5432/db", "postgres://me@h:5432/db"),
                           ("postgresql://h1:1,h2:2/db", "postgresql://h1:1,h2:2/db"),
                           ("postgres://me:@h/db", "postgres://me:@h/db"), ("sqlite:/a:b@c/d", "sqlite:/a:b@c/d")):
            self.assertEqual(self.in_force("--database", url)["database"][0], shown)
            self.assertEqual(self.in_force("--database", url)["workers"][0] == "16", url.startswith("postgres"))

    def test_the_database_lies_in_the_data_directory(self):
        self.assertEqual(self.in_force("--data", "/x/y")["database"], ("sqlite:/x/y/recalld.db", "default"))
        self.assertEqual(self.in_force("--database", "sqlite:z.db")["database"], ("sqlite:z.db", "flag --database"))


class ConfigFile(Settings):
    def test_comments_and_white_space(self):
        path = self.config("# recalld\n\n  loops=2   # two\r\n\tworkers\t=\t3\t# three\n#messages = 1\nmax-queue = 7")
        found = self.in_force("--config", path)
        self.assertEqual([found[name][0] for name in ("loops", "workers", "messages", "max-queue")], ["2", "3", "30", "7"])

    def test_values_keep_what_is_not_a_comment(self):
        path = self.config("data = /a b#c=d # e\n")
        self.assertEqual(self.in_force("--config", path)["data"][0], "/a b#c=d")

    def test_a_name_without_a_value_counts_as_not_set(self):
        path = self.config("loops =\ntls-cert-file = # none\n")
        self.assertEqual(self.in_force("--config", path)["loops"][1], "default")

    def test_errors_name_file_and_line(self):
        for text, line, words in (("\nlistten = x\n", 2, "no setting 'listten'"), ("loops\n", 1, "name = value"),
                                  ("loops = 0\n", 1, "bad value '0' for loops"), ("= 3\n", 1, "no setting"),
                                  ("loops = 1\n\nloops = 1\n", 3, "set twice"), ("config = x\n", 1, "no setting"),
                                  ("loops = 1 2\n", 1, "bad value"), ("data = a\0b\n", 1, "bad value for data"),
                                  (b"\xff\xfe\0x = 1\n", 1, "no setting"), ("[server]\n", 1, "name = value")):
            path = self.config(text)
            said = self.refused("serve", "--data", self.data, "--config", path)
            self.assertIn(f"{path}:{line}: ", said)
            self.assertIn(words, said)
        self.assertFalse(self.data.exists())

    def test_errors_count_for_every_command(self):
        path = self.config("nonsense\n")
        self.assertIn(":1:", self.refused("keys", "list", "--data", self.data, "--config", path))

    def test_files_that_cannot_be_read(self):
        for path in (self.home / "none.conf", self.home):
            self.assertIn("cannot read the config file", self.refused("serve", "--config", path))


class Documents(Settings):
    def flattened(self, text):
        return re.sub(r"\s+", " ", text)

    def test_the_committed_example_is_what_the_program_prints(self):
        done = self.run_it("serve", "--print-example-config")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, (ROOT / "etc" / "recalld.conf").read_text())

    def test_the_example_with_every_line_in_use_says_the_defaults(self):
        example = (ROOT / "etc" / "recalld.conf").read_text()
        path = self.config(re.sub(r"^#(?=[a-z-]+ =)", "", example, flags=re.MULTILINE))
        plain = {name: value for name, (value, _) in self.in_force().items()}
        self.assertEqual({name: value for name, (value, _) in self.in_force("--config", path).items()}, plain)

    def test_help_and_man_page_have_every_setting(self):
        help_text = self.run_it("serve", "--help").stdout
        man = (ROOT / "docs" / "recalld.1").read_text().replace("\\-", "-")
        blocks = re.findall(r"^  --(\S+) .*\n((?:      .*\n)+)", help_text, re.MULTILINE)
        self.assertEqual(sorted(name for name, _ in blocks), sorted([*self.names(), "config", "print-config",
                                                                     "print-example-config"][:len(self.names()) + 1]))
        for name, text in blocks:
            if name != "config":
                self.assertRegex(man, rf"\.B[IR] {name} ")
                self.assertIn(self.flattened(text).strip(), self.flattened(man), name)

    def test_install_puts_everything_in_its_place_and_uninstall_takes_it(self):
        stage = self.home / "stage"
        if not (ROOT / "build" / "recalld").exists():
            self.fail("build/recalld is not there")
        make = ["make", "-s", "-C", str(ROOT), f"DESTDIR={stage}", "PREFIX=/usr"]
        subprocess.run([*make, "install"], check=True, capture_output=True, stdin=subprocess.DEVNULL, env=self.environment())
        files = {str(path.relative_to(stage)) for path in stage.rglob("*") if path.is_file()}
        self.assertEqual(files, {"usr/bin/recalld", "usr/share/man/man1/recalld.1", "usr/share/doc/recalld/recalld.conf",
                                 "usr/lib/systemd/system/recalld.service"})
        unit = (stage / "usr/lib/systemd/system/recalld.service").read_text()
        self.assertIn("ExecStart=/usr/bin/recalld serve", unit)
        self.assertNotIn("@PREFIX@", unit)
        self.assertNotIn("@SYSCONF@", unit)
        version = subprocess.run([stage / "usr/bin/recalld", "version"], capture_output=True, text=True, check=True)
        self.assertTrue(version.stdout.startswith("recalld "))
        subprocess.run([*make, "uninstall"], check=True, capture_output=True, stdin=subprocess.DEVNULL, env=self.environment())
        self.assertEqual([path for path in stage.rglob("*") if path.is_file()], [])
