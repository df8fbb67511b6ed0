# SPDX-License-Identifier: Apache-2.0
"""What a result or an exception of the SDK must look like, one function for each kind."""
import contextlib
import re

import pytest
from zep_cloud.core.api_error import ApiError as GenericError

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
NO_SUCH_UUID = "00000000-0000-4000-8000-000000000000"
BROKEN_ID = "a%00b"  # an id that no path may hold: 400 wherever it stands


@contextlib.contextmanager
def error(status, text="", typed=None):
    """The block raises exactly the typed exception, or the generic one where none is declared; its message holds
    the text, and is `not found` alone for a 404."""
    with pytest.raises(typed or GenericError) as caught:
        yield caught
    assert type(caught.value) is (typed or GenericError)
    assert caught.value.status_code == status
    message = message_of(caught.value)
    assert text in message
    if status == 404:
        assert message == "not found"
    if status == 400:
        assert message.startswith("bad request: ")


def message_of(exception) -> str:
    body = exception.body
    message = body["message"] if isinstance(body, dict) else body.message
    assert isinstance(message, str)
    return message


def is_uuid(value) -> bool:
    return isinstance(value, str) and UUID.fullmatch(value) is not None


def is_time(value) -> bool:
    return isinstance(value, str) and TIME.fullmatch(value) is not None


def ok(result) -> None:
    assert result.message == "OK"


def _row(result) -> None:
    """What users, sessions and groups have in common."""
    assert is_uuid(result.uuid_)
    assert is_uuid(result.project_uuid)
    assert is_time(result.created_at)
    assert isinstance(result.id, int) and result.id > 0


def user(result, user_id, **fields) -> None:
    _row(result)
    assert result.user_id == user_id
    assert is_time(result.updated_at)
    assert result.deleted_at is None
    _fields(result, fields)


def session(result, session_id, user_id=None, **fields) -> None:
    _row(result)
    assert result.session_id == session_id
    assert result.user_id == user_id
    assert is_time(result.updated_at)
    assert result.deleted_at is None
    assert result.classifications == {}
    assert not result.facts
    assert is_time(result.ended_at) if fields.pop("ended", False) else result.ended_at is None
    _fields(result, fields)


def group(result, group_id, **fields) -> None:
    _row(result)
    assert result.group_id == group_id
    _fields(result, fields)


def message(result, content, role_type, role=None, **fields) -> None:
    assert is_uuid(result.uuid_)
    assert is_time(result.created_at)
    assert result.updated_at is None or is_time(result.updated_at)
    assert result.content == content
    assert result.role_type == role_type
    assert result.role == role
    assert result.processed is True
    _fields(result, fields)


def episode(result, content, source, **fields) -> None:
    assert is_uuid(result.uuid_)
    assert is_time(result.created_at)
    assert result.content == content
    assert result.source == source
    assert result.processed is True
    _fields(result, fields)


def _fields(result, fields) -> None:
    for name, value in fields.items():
        assert getattr(result, name) == value, name


def contents(messages) -> list:
    return [message.content for message in messages]
