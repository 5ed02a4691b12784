"""The pictures in the documents are made by a command, from a made-up month."""

from pathlib import Path

from bench import report_pictures

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
LARGEST = 150_000  # bytes


async def test_the_command_makes_the_very_pictures_of_the_documents(tmp_path: Path) -> None:
    made = await report_pictures.draw_all(tmp_path)
    assert {path.name for path in made} == {path.name for path in PICTURES.iterdir()}


def test_the_pictures_of_the_documents_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    assert sizes
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}
