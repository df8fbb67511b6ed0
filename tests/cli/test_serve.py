# SPDX-License-Identifier: Apache-2.0
"""`recalld serve`: starting, what forbids it, signals, TLS."""
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import urllib.parse

from harness.server import binary

from case import KEY, SECONDS, Case


STOPS = 25


def port_of(url):
    return urllib.parse.urlsplit(url).port


def come_and_go(address, over):
    """Connects, asks, and leaves, again and again, until `over` or until nobody listens."""
    while not over.is_set():
        try:
            with socket.create_connection(address, SECONDS) as client:
                client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                client.recv(100)
        except ConnectionRefusedError:
            return
        except OSError:
            pass


class Start(Case):
    def test_the_first_start_makes_a_directory_and_a_key_for_nobody_else(self):
        server = self.serve()
        key = server.wait_for_line(KEY.pattern)
        self.assertEqual(server.status(key), 200)
        self.assertEqual(server.status("rk_wrong"), 401)
        self.assertEqual(self.mode(self.data), "0o700")
        for one in self.data.iterdir():
            self.assertEqual(self.mode(one), "0o600", one)
        self.assertEqual(server.stop(), 0)
        self.assertNotIn(key, server.log())

    def test_later_starts_say_how_to_make_another_key(self):
        self.serve().stop()
        server = self.serve()
        line = server.wait_for_line("keys create")
        self.assertIn(f"keys create --data {self.data} --project default", line)
        self.assertEqual([one for one in server.lines if one and KEY.search(one)], [])

    def test_no_key_is_made_where_there_is_a_project(self):
        self.command("projects", "create", "mine")
        server = self.serve()
        server.wait_for_line("keys create")
        self.assertEqual([one for one in server.lines if one and KEY.search(one)], [])

    def test_api_key_is_a_key_of_the_default_project(self):
        server = self.serve(env={"RECALLD_API_KEY": "my-own-key"})
        server.wait_for_line("keys create")
        self.assertEqual(server.status("my-own-key"), 200)
        self.assertEqual([one for one in server.lines if one and KEY.search(one)], [])
        self.assertIn("default", self.command("projects", "list"))
        mine = server.request("GET", "/api/v2/projects/info", key="my-own-key").json
        other = server.request("GET", "/api/v2/projects/info", key=self.create_key("default")).json
        self.assertEqual(mine, other)
        self.assertEqual(server.stop(), 0)
        later = self.serve()
        self.assertEqual(later.status("my-own-key"), 401)

    def test_it_is_up_at_once(self):
        self.serve().stop()
        begin = time.monotonic()
        self.serve()
        self.assertLess(time.monotonic() - begin, 10 if "build/recalld" not in os.environ.get("RECALLD_BIN", "build/recalld")
                        else 1)

    def test_an_empty_directory_that_is_there_is_closed_to_others(self):
        self.data.mkdir(mode=0o755)
        os.chmod(self.data, 0o755)
        self.serve()
        self.assertEqual(self.mode(self.data), "0o700")

    def test_a_directory_with_other_things_is_left_as_it_is(self):
        self.data.mkdir()
        os.chmod(self.data, 0o755)
        (self.data / "other").write_text("")
        server = self.serve()
        self.assertEqual(self.mode(self.data), "0o755")
        self.assertIn("others may look into the data directory", server.log())

    def test_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("this machine has no ::1")
        server = self.serve("--listen", "[::1]:0")
        self.assertRegex(server.url, r"^http://\[::1\]:\d+$")
        self.assertEqual(server.request("GET", "/healthz").status, 200)

    def test_metrics_have_an_address_of_their_own(self):
        server = self.serve("--metrics-listen", "127.0.0.1:0", env={"RECALLD_API_KEY": "k"})
        own = re.search(r"http://\S+", server.wait_for_line("^metrics on")).group()
        public, server.url = server.url, own
        self.assertEqual([server.request("GET", path).status for path in ("/metrics", "/healthz", "/readyz")], [200] * 3)
        self.assertEqual(server.request("GET", "/api/v2/projects/info", key="k").status, 404)
        server.url = public
        self.assertEqual(server.request("GET", "/metrics", key="k").status, 404)
        self.assertEqual(server.stop(), 0)

    def test_the_log_is_json_off_a_terminal_and_text_when_asked(self):
        server = self.serve()
        server.stop()
        self.assertRegex(server.log(), r'\A\{"time":')
        server = self.serve("--log-format", "text")
        server.stop()
        self.assertNotIn("{", server.log())
        server = self.serve("--log-level", "warn")
        server.request("GET", "/healthz")
        server.stop()
        self.assertEqual(server.log(), "")


class Forbidden(Case):
    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for words in (["--listen", address], ["--listen", "127.0.0.1:0", "--metrics-listen", address]):
                self.assertIn(f"cannot listen on {address}", self.refused("serve", "--data", self.data, *words))
        self.assertFalse(self.data.exists())

    def test_a_directory_in_use(self):
        server = self.serve(env={"RECALLD_API_KEY": "k"})
        line = self.refused("serve", "--listen", "127.0.0.1:0", "--data", self.data)
        self.assertIn("in use", line)
        self.assertEqual(server.status("k"), 200)
        self.assertEqual(server.stop(), 0)

    def test_a_store_of_a_newer_version(self):
        self.command("projects", "create", "mine")
        with sqlite3.connect(self.data / "recalld.db") as store:
            store.execute("UPDATE schema_version SET version = 9999")
        store.close()
        before = self.state(self.data)
        for words in (["serve", "--listen", "127.0.0.1:0"], ["keys", "list"], ["keys", "create"], ["check"],
                      ["projects", "delete", "mine"], ["backup", self.home / "copy"]):
            self.assertIn("newer", self.refused(*words, "--data", self.data))
            self.assertEqual(self.state(self.data), before, words)
        self.assertFalse((self.home / "copy").exists())

    def test_certificates_that_do_not_fit(self):
        (self.home / "nonsense.pem").write_text("nonsense")
        for cert, key in (("none.pem", "none.pem"), ("nonsense.pem", "nonsense.pem")):
            self.refused("serve", "--listen", "127.0.0.1:0", "--data", self.data, "--tls-cert-file", self.home / cert,
                         "--tls-key-file", self.home / key)
        self.assertFalse(self.data.exists())


class Signals(Case):
    def test_sigterm_and_sigint_end_it_with_0_and_leave_one_file(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.serve(env={"RECALLD_API_KEY": "k"})
            self.assertEqual(server.status("k"), 200)
            server.signal(number)
            self.assertEqual(server.wait(), 0)
            self.assertEqual(sorted(one.name for one in self.data.iterdir()), ["recalld.db", "recalld.db.lock"])

    def test_a_request_in_flight_is_finished(self):
        server = self.serve(env={"RECALLD_API_KEY": "k"})
        with self.half_a_request(server) as client:
            server.signal(signal.SIGTERM)
            time.sleep(0.3)
            self.assertIsNone(server.process.poll())
            with self.assertRaises(OSError):
                socket.create_connection(("127.0.0.1", port_of(server.url)), 5).close()
            client.sendall(b'": "late"}')
            self.assertRegex(client.recv(100), rb"^HTTP/1.1 20[01] ")
        self.assertEqual(server.wait(), 0)
        later = self.serve(env={"RECALLD_API_KEY": "k"})
        self.assertEqual(later.request("GET", "/api/v2/users/late", key="k").status, 200)

    def test_stops_among_clients_that_come_and_go(self):
        """The listening socket leaves the loops' sets in the middle of their work."""
        for _ in range(STOPS):
            server = self.serve()
            address, over = ("127.0.0.1", port_of(server.url)), threading.Event()
            clients = [threading.Thread(target=come_and_go, args=(address, over)) for _ in range(4)]
            for client in clients:
                client.start()
            time.sleep(0.02)
            try:
                self.assertEqual(server.stop(), 0, server.log())
            finally:
                over.set()
                for client in clients:
                    client.join()

    def test_patience_has_an_end(self):
        server = self.serve("--stop-timeout-ms", "200")
        with self.half_a_request(server):
            begin = time.monotonic()
            server.signal(signal.SIGTERM)
            self.assertEqual(server.wait(), 0)
            self.assertGreater(time.monotonic() - begin, 0.15)

    def test_a_second_signal_ends_it_at_once(self):
        for second in (signal.SIGTERM, signal.SIGINT):
            server = self.serve()
            with self.half_a_request(server):
                server.signal(signal.SIGTERM)
                self.within(5, lambda: "stopping" in server.log())
                time.sleep(0.1)
                begin = time.monotonic()
                server.signal(second)
                self.assertEqual(server.wait(), 1)
                self.assertLess(time.monotonic() - begin, 2)

    def half_a_request(self, server):
        client = socket.create_connection(("127.0.0.1", port_of(server.url)), SECONDS)
        client.sendall(b"POST /api/v2/users HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key k\r\n"
                       b"Content-Length: 19\r\n\r\n{\"user_id")
        time.sleep(0.3)
        return client

    def test_sighup_changes_the_log_level_by_the_config_file(self):
        path = self.home / "recalld.conf"
        path.write_text("log-level = warn\n")
        server = self.serve("--config", str(path))
        server.request("GET", "/healthz")
        time.sleep(0.3)
        self.assertEqual(server.log(), "")
        path.write_text("log-level = info\n")
        server.signal(signal.SIGHUP)
        self.within(5, lambda: "reloaded" in server.log())
        server.request("GET", "/healthz")
        self.within(5, lambda: "/healthz" in server.log())
        path.write_text("log-level = loud\n")
        server.signal(signal.SIGHUP)
        self.within(5, lambda: f"{path}:1: bad value 'loud'" in server.log())
        self.assertEqual(server.request("GET", "/healthz").status, 200)
        self.assertEqual(server.stop(), 0)

    def test_a_standard_output_that_is_full_does_not_stop_it(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        with open("/dev/full", "w") as full, open(self.home / "log", "w") as log:
            child = subprocess.Popen([binary(), "serve", "--listen", address, "--data", self.data], stdout=full, stderr=log,
                                     stdin=subprocess.DEVNULL, env=self.environment())
        self.addCleanup(child.kill)
        self.within(10, lambda: "standard output cannot be written" in (self.home / "log").read_text())
        child.terminate()
        self.assertEqual(child.wait(SECONDS), 0)

    def test_other_signals_do_no_harm(self):
        server = self.serve(env={"RECALLD_API_KEY": "k"})
        server.signal(signal.SIGPIPE)
        server.signal(signal.SIGXFSZ)
        self.assertEqual(server.status("k"), 200)
        self.assertEqual(server.stop(), 0)


class Tls(Case):
    def certificate(self, name, key="server.key"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", f"/CN={name}", "-keyout", self.home / key, "-out", self.home / "server.pem"],
                       check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def name_shown(self, server):
        """The certificate's name as a client sees it, after a request."""
        trusting = ssl.create_default_context()
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", port_of(server.url)), SECONDS) as plain:
            with trusting.wrap_socket(plain) as client:
                client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200"))
                der = client.getpeercert(binary_form=True)
        shown = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-subject"], input=der, check=True,
                               capture_output=True).stdout.decode()
        return shown.split("=")[-1].strip()

    def test_https_and_a_certificate_renewed_by_sighup(self):
        self.certificate("first")
        server = self.serve("--tls-cert-file", str(self.home / "server.pem"), "--tls-key-file", str(self.home / "server.key"))
        self.assertTrue(server.url.startswith("https://"))
        self.assertEqual(self.name_shown(server), "first")
        self.certificate("second")
        server.signal(signal.SIGHUP)
        self.within(5, lambda: self.name_shown(server) == "second")
        (self.home / "server.pem").write_text("nonsense")
        server.signal(signal.SIGHUP)
        self.within(5, lambda: "the old one stays" in server.log())
        self.assertEqual(self.name_shown(server), "second")
        self.assertEqual(server.stop(), 0)

    def test_a_key_of_another_certificate(self):
        self.certificate("first", key="first.key")
        self.certificate("second", key="second.key")
        self.refused("serve", "--listen", "127.0.0.1:0", "--data", self.data, "--tls-cert-file", self.home / "server.pem",
                     "--tls-key-file", self.home / "first.key")
        self.assertFalse(self.data.exists())
