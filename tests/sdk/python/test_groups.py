# SPDX-License-Identifier: Apache-2.0
"""group.*: graphs that stand alone."""
import pytest
from zep_cloud import FactRatingInstruction
from zep_cloud.errors import BadRequestError, NotFoundError

import expect
from harness import unique


def test_add_returns_all_that_was_given(zep):
    group_id = unique("group")
    group = zep.group.add(group_id=group_id, name="Chess club", description="Meets on Tuesdays. ♟",
                          fact_rating_instruction=FactRatingInstruction(instruction="Rate openings."))
    expect.group(group, group_id, name="Chess club", description="Meets on Tuesdays. ♟")
    assert group.fact_rating_instruction.instruction == "Rate openings."
    assert zep.group.get_group(group_id).dict() == group.dict()


def test_add_with_an_id_alone(zep):
    group_id = unique("group")
    group = zep.group.add(group_id=group_id)
    expect.group(group, group_id)
    assert not group.description


def test_add_errors(zep, group_id):
    with expect.error(400, "already exists", BadRequestError):
        zep.group.add(group_id=group_id)
    with expect.error(400, "group_id", BadRequestError):
        zep.group.add(group_id="")
    with expect.error(400, "name", BadRequestError):
        zep.group.add(group_id=unique("group"), name="n" * 256)
    with expect.error(400, "description", BadRequestError):
        zep.group.add(group_id=unique("group"), description="d" * 2001)


def test_limits_count_characters(zep):
    group = zep.group.add(group_id=unique("group"), name="é" * 255, description="😀" * 2000)
    assert (group.name, group.description) == ("é" * 255, "😀" * 2000)


def test_get_unknown(zep):
    with expect.error(404, typed=NotFoundError):
        zep.group.get_group(unique("nowhere"))


def test_update_keeps_what_is_absent_or_empty(zep, group_id):
    group = zep.group.update(group_id, description="Of the old town")
    expect.group(group, group_id, name="Club", description="Of the old town")
    group = zep.group.update(group_id, name="", description="Of the new town")
    expect.group(group, group_id, name="Club", description="Of the new town")
    assert zep.group.get_group(group_id).dict() == group.dict()


def test_update_errors(zep, group_id):
    with expect.error(404, typed=NotFoundError):
        zep.group.update(unique("nowhere"), name="x")
    with expect.error(400, "name", BadRequestError):
        zep.group.update(group_id, name="n" * 256)


def test_delete(zep, group_id):
    episode = zep.graph.add(group_id=group_id, type="text", data="The clubhouse has a green door.")
    expect.ok(zep.group.delete(group_id))
    for gone in (zep.group.get_group, zep.group.delete):
        with expect.error(404, typed=NotFoundError):
            gone(group_id)
    with expect.error(404):
        zep.graph.episode.get(episode.uuid_)
    with expect.error(404):
        zep.graph.search(group_id=group_id, query="green door", scope="episodes")
    with expect.error(400, typed=BadRequestError):
        zep.group.delete(expect.BROKEN_ID)


def test_a_deleted_id_is_free_and_empty_again(zep, group_id):
    zep.graph.add(group_id=group_id, type="text", data="The clubhouse has a green door.")
    zep.group.delete(group_id)
    zep.group.add(group_id=group_id)
    assert zep.graph.episode.get_by_group_id(group_id).episodes == []


def test_get_all_groups_pages_newest_first_without_graphs_of_users(project):
    project.user.add(user_id="someone")
    for number in range(5):
        project.group.add(group_id=f"group-{number}")
    page = project.group.get_all_groups(page_number=2, page_size=2)
    assert [group.group_id for group in page.groups] == ["group-2", "group-1"]
    assert (page.row_count, page.total_count) == (2, 5)
    expect.group(page.groups[0], "group-2")
    page = project.group.get_all_groups(page_number=4, page_size=2)
    assert (page.groups, page.row_count, page.total_count) == ([], 0, 5)
    page = project.group.get_all_groups()
    assert [group.group_id for group in page.groups] == [f"group-{number}" for number in (4, 3, 2, 1, 0)]


def test_get_all_groups_of_an_empty_project(project):
    page = project.group.get_all_groups(page_number=1, page_size=10)
    assert (page.groups, page.row_count, page.total_count) == ([], 0, 0)


@pytest.mark.parametrize("page", [{"page_number": 0, "page_size": 5}, {"page_number": 1, "page_size": 0}])
def test_get_all_groups_refuses_pages_below_1(zep, page):
    with expect.error(400, typed=BadRequestError):
        zep.group.get_all_groups(**page)
