# SPDX-License-Identifier: Apache-2.0
"""HTTP as it is written: any method, path, header and body, and the answer with its JSON."""
import http.client
import json
import typing
import urllib.parse


class Reply(typing.NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        """The parsed body; ValueError when it is none."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """What an error reply says."""
        return self.json["message"]


class Connection:
    """One keep-alive connection; a dead one raises OSError or http.client.HTTPException."""

    def __init__(self, url: str, key: typing.Optional[str] = None, timeout: float = 60):
        parts = urllib.parse.urlsplit(url)
        self.key = key
        self.wire = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def request(self, method: str, path: str, body=None, headers: typing.Optional[dict] = None) -> Reply:
        """body: bytes or str as they are, anything else as JSON, None for none. The given headers win over the
        connection's own; a header given as None is left out."""
        data = _encode(body)
        self.wire.putrequest(method, path, skip_accept_encoding=True)
        for name, value in self._headers(data, headers or {}).items():
            self.wire.putheader(name, value)
        self.wire.endheaders(data)
        answer = self.wire.getresponse()
        return Reply(answer.status, answer.headers, answer.read())

    def close(self) -> None:
        self.wire.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _headers(self, data, given: dict) -> dict:
        own = {}
        if self.key is not None:
            own["Authorization"] = f"Api-Key {self.key}"
        if data is not None:
            own["Content-Type"] = "application/json"
            own["Content-Length"] = str(len(data))
        lowered = {name.lower() for name in given}
        kept = {name: value for name, value in own.items() if name.lower() not in lowered}
        return {name: value for name, value in {**kept, **given}.items() if value is not None}


def request(url: str, method: str, path: str, body=None, headers: typing.Optional[dict] = None,
            key: typing.Optional[str] = None, timeout: float = 60) -> Reply:
    """One request on a connection of its own."""
    with Connection(url, key, timeout) as connection:
        return connection.request(method, path, body, headers)


def _encode(body) -> typing.Optional[bytes]:
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body).encode()
