# SPDX-License-Identifier: Apache-2.0
"""The cases in cases/: those that ask for no flags share a server."""
import pathlib
import unittest

from case_file import Case, Run
from harness import Server

FOLDER = pathlib.Path(__file__).resolve().parent / "cases"


class Cases(unittest.TestCase):
    longMessage = False

    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()


def walk(path):
    def test(self):
        case = Case(path)
        if case.flags:
            with Server(args=case.flags) as server:
                Run(case, server).walk()
        else:
            Run(case, self.server).walk()
    return test


for _path in sorted(FOLDER.glob("*.case")):
    setattr(Cases, f"test_{_path.stem}", walk(_path))
