import os
from pathlib import Path

import pytest
from hypothesis import settings

# Two processes test at a time; threads of both would wait for each other, spinning.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HSISR_GEO_CONFIG"] = ""  # no test depends on the configuration of whoever runs it
os.environ["HSISR_GEO_CACHE"] = ""  # nor on what earlier runs took
settings.register_profile("default", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile("default")


def pytest_report_header() -> str:
    from scenes import real_data

    root = real_data()
    if root is None:
        return "scenes: generated twins (set HSISR_GEO_TEST_DATA to the folder of the real ones)"
    return f"scenes: real, in {root}"


@pytest.fixture(scope="session")
def counting() -> None:
    """A torch that counts what it computes in inference mode (`flop_counting.needs_counting`)."""
    from flop_counting import counts_in_inference_mode

    if not counts_in_inference_mode():
        pytest.skip("this torch counts nothing in inference mode")


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory):
    """The test scenes: real where they are, else twins of the same layout."""
    from scenes import Scenes, make_twins, real_data

    root = real_data()
    return Scenes(root, real=True) if root else make_twins(tmp_path_factory.mktemp("scenes"))


@pytest.fixture(params=["mosaic", "tile", "hyspex", "emit", "aviris", "san_diego"])
def scene(request: pytest.FixtureRequest, scenes) -> Path:
    """Each of the test scenes in turn."""
    return scenes.products[request.param]
