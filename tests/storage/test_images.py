"""Picture rows: added once, found by what they came from, and never swept while someone needs their bytes."""

from __future__ import annotations

import pytest

from storage.database import Database
from storage.images import ImageRepository
from storage.requests import RequestRepository
from storage.rows import Rendered
from tests.storage.builders import NOON, an_image, new_request


@pytest.fixture
def images(database: Database) -> ImageRepository:
    return ImageRepository(database)


async def test_adding_the_same_picture_again_changes_nothing(
    requests: RequestRepository, images: ImageRepository
) -> None:
    row = new_request()
    await requests.accept(row)
    first, second = an_image(row, 1, seed=2**40), an_image(row, 2, revised_prompt="a red fox")
    await images.add([first])
    await images.add([an_image(row, 1, key="f" * 64), second])
    await images.add([])
    assert await images.of_request(row.id) == [first, second]
    assert await images.get(first.id) == first
    assert await images.get("img_nobodys_1") is None


async def test_a_vendors_call_leaves_its_pictures_its_id_and_its_times_at_once(
    requests: RequestRepository, images: ImageRepository
) -> None:
    row = new_request()
    await requests.accept(row)
    made = [an_image(row, 1), an_image(row, 2)]
    stages = {"render_1": (NOON, 2.0), 'it\'s a "store"': (NOON + 2, 0.25)}
    first = Rendered(images=made, stages=stages, vendor_id=None)
    second = Rendered(images=[an_image(row, 3)], stages={"render_3": (NOON, 1.0)}, vendor_id='req_"7"')
    third = Rendered(images=[an_image(row, 4)], stages={}, vendor_id="req_8")
    for call in (first, first, second, third):
        await images.add_rendered(row.id, call)

    found = await requests.with_images(row.id)
    assert found is not None
    stored, pictures = found
    assert pictures == [*made, an_image(row, 3), an_image(row, 4)]
    assert stored.stages == {
        "render_1": [NOON, 2.0],
        'it\'s a "store"': [NOON + 2, 0.25],
        "render_3": [NOON, 1.0],
    }
    assert stored.provider_request_ids == ['req_"7"', "req_8"]
    assert await requests.with_images("img_nobodys") is None


async def test_pictures_of_one_idea_form_a_tree(requests: RequestRepository, images: ImageRepository) -> None:
    rows = [new_request(number) for number in range(4)]
    for row in rows:
        await requests.accept(row)
    root = an_image(rows[0])
    child = an_image(rows[1], parent_image_id=root.id)
    grandchild = an_image(rows[2], parent_image_id=child.id)
    sibling = an_image(rows[3], 2, parent_image_id=root.id)
    await images.add([root, child, grandchild, sibling])
    assert await images.ancestors(grandchild.id) == [child, root]
    assert await images.ancestors(root.id) == []
    assert await images.children(root.id) == [child, sibling]
    assert await images.descendants(root.id) == [child, sibling, grandchild]
    assert await images.descendants(grandchild.id) == []
    assert await images.ancestors("img_nobodys_1") == []


async def test_a_lineage_that_bites_its_tail_ends(
    requests: RequestRepository, images: ImageRepository
) -> None:
    row = new_request()
    await requests.accept(row)
    await images.add(
        [an_image(row, 1, parent_image_id=f"{row.id}_2"), an_image(row, 2, parent_image_id=f"{row.id}_1")]
    )
    assert len(await images.ancestors(f"{row.id}_1")) > 1
    assert len(await images.descendants(f"{row.id}_1")) > 1


async def test_a_deleted_picture_keeps_its_row(requests: RequestRepository, images: ImageRepository) -> None:
    row = new_request()
    await requests.accept(row)
    await images.add([an_image(row, 1), an_image(row, 2)])
    assert await images.mark_deleted([f"{row.id}_1"], NOON) == [f"{row.id}_1"]
    assert await images.mark_deleted([f"{row.id}_1"], NOON + 9) == []
    deleted = await images.get(f"{row.id}_1")
    assert deleted is not None
    assert deleted.deleted_at == NOON
    assert await images.mark_lost([an_image(row, 2).key], NOON) == [f"{row.id}_2"]


async def test_bytes_are_in_use_while_a_picture_shows_them_or_a_job_awaits_them(
    requests: RequestRepository, images: ImageRepository
) -> None:
    row = new_request(1)
    await requests.accept(row)
    shown, twin, deleted, awaited, mask, unknown = (letter * 64 for letter in "abcdef")
    await images.add([an_image(row, 1, key=shown), an_image(row, 2, key=deleted), an_image(row, 3, key=twin)])
    await images.mark_deleted([f"{row.id}_2"], NOON)
    edit = {"kind": "edit", "inputs": [{"key": awaited}], "mask": {"key": mask}}
    await requests.accept(new_request(2, request=edit))
    everything = {shown, twin, deleted, awaited, mask, unknown}
    assert await images.keys_in_use(everything) == {shown, twin, awaited, mask}
    await requests.set_state(new_request(2).id, "delivered")
    assert await images.keys_in_use(everything) == {shown, twin}
    assert await images.keys_in_use([]) == set()


async def test_old_pictures_are_found_for_retention(
    requests: RequestRepository, images: ImageRepository
) -> None:
    row = new_request()
    await requests.accept(row)
    old, older, young = (an_image(row, number, created_at=NOON - number * 100) for number in (1, 2, 0))
    await images.add([old, older, young])
    assert await images.older_than(NOON - 50) == [older, old]
    assert await images.older_than(NOON - 50, limit=1) == [older]
    await images.mark_deleted([older.id], NOON)
    assert await images.older_than(NOON - 50) == [old]
