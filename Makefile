# Every target is a line or two that a person could type.

PYTHON ?= python3
QGIS_PYTHON ?= /usr/bin/python3
BIN := .venv/bin
QGIS_BIN := .venv-qgis/bin
SOURCES := hsisr_geo cli qgis_plugin tools tests benchmarks

# Where Python may not keep bytecode, each of the programs that tests start compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install lint others test test-core test-newest test-oldest test-qgis demo plugin release clean

help:
	@echo "make install  .venv with the package, the test tools and the demo's needs"
	@echo "make lint     ruff, mypy and bandit"
	@echo "make test     lint, the plugin in a real QGIS, and the core's tests"
	@echo "make test-core  the core's tests; PACKAGE=raster for those of one package"
	@echo "make test-newest  readers and formats by the newest libraries, on Python 3.13"
	@echo "make test-oldest  the core's tests by the oldest versions that pyproject.toml allows"
	@echo "make demo     super-resolve a real scene; SCENE=path for your own raster"
	@echo "make plugin   dist/hsisr_geo_qgis-VERSION.zip, without the engine's wheel"
	@echo "make release  dist/release: that zip with the wheel in it, wheel, sdist, checksums, notes"
	@echo "make clean    remove what the other targets made"

# Most of what the libraries bring, and nothing that we run imports: Python compiles it where that is wrong.
UNUSED := /(tests?|sympy|networkx|jedi|debugpy|fontTools|mypy|mypyc|pip|torch/(testing|_inductor|_dynamo|onnx|ao))/

install: .venv/installed
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt --upgrade pip || true  # Python's own does it, too, but is slow to choose versions
	$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt -e '.[test,demo,train]'
	$(BIN)/python -m compileall -qq -j 0 -x '$(UNUSED)' .venv/lib || true  # by all processors, where pip takes one
	@touch $@

lint: install
	$(BIN)/ruff check $(wildcard $(SOURCES))
	$(BIN)/ruff format --check $(wildcard $(SOURCES))
	$(BIN)/mypy
	$(BIN)/bandit -q -c pyproject.toml -r hsisr_geo cli qgis_plugin

# What tests need beside .venv; a failure is told by the target that cannot go on without it.
others:
	@tools/install_qgis || true
	@tools/install_gdal || true

# The core's tests come last, so that the last line is pytest's count of them.
test:
	@$(MAKE) --no-print-directory -j 2 install others  # one takes a processor, one mostly waits
	@$(MAKE) --no-print-directory -j 2 -O lint test-qgis  # the same, and each prints when it is done
	@$(MAKE) --no-print-directory test-core

# PACKAGE=raster: the tests of that package alone, in seconds.
test-core: install
	@test -n "$(PACKAGE)" || tools/install_gdal || echo "NOT TESTED: steps of GDAL's pipelines (tests/cli/test_gdal_pipeline.py)" >&2
	$(BIN)/python -m pytest -q -n 2 --dist loadfile tests$(addprefix /,$(PACKAGE))

# By the newest libraries, without torch and its tests: what readers and formats make of them.
# The first that runs: a name on the path may be pyenv's, which has others only.
NEWEST_PYTHON ?= $(shell for python in python3.13 "$$HOME"/.pyenv/versions/3.13.*/bin/python3; do \
	"$$python" -V > /dev/null 2>&1 && { echo "$$python"; break; }; done)
NEWEST := rasterio numpy h5py h5netcdf xarray zarr rioxarray dask distributed click psutil platformdirs \
	safetensors scipy spectral pystac[validation] pytest pytest-xdist hypothesis rio-cogeo pyproj jinja2 \
	matplotlib packaging threadpoolctl affine xarray-hyperspectral
test-newest:
	test -d .venv-newest || $(NEWEST_PYTHON) -m venv .venv-newest
	.venv-newest/bin/python -m pip install --quiet --upgrade $(NEWEST)
	.venv-newest/bin/python -m pip install --quiet --no-deps -e .
	.venv-newest/bin/python -m pytest -q -n 2 --dist loadfile tests/raster tests/bands tests/cube tests/xarray/test_storable.py \
		tests/output/test_formats.py tests/output/test_output.py tests/output/test_unsuitable_and_unheld.py \
		-k "not bands_in_another_order"  # that one takes a network

# By the oldest versions that pyproject.toml allows; what these say of each other is left out, and so are the
# pages, which show what today's libraries print. On Python 3.11, the oldest that has a zarr that writes.
OLDEST_PYTHON ?= python3.11
test-oldest:
	test -d .venv-oldest || $(OLDEST_PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python tools/oldest_versions.py > .venv-oldest/oldest.txt
	.venv-oldest/bin/python -m pip install --quiet -c .venv-oldest/oldest.txt -e '.[test,demo,train]'
	.venv-oldest/bin/python -m pytest -q -n 2 --dist loadfile -W ignore::DeprecationWarning \
		-W ignore::PendingDeprecationWarning -W ignore::FutureWarning --ignore tests/test_page_examples.py \
		tests$(addprefix /,$(PACKAGE))

# Two interpreters: QGIS imports its own Python, which has neither torch nor rasterio; the worker runs in .venv.
test-qgis: install .venv-qgis/installed
	@if test -f .venv-qgis/installed && tools/install_qgis; then \
		$(QGIS_BIN)/python -m pytest -q -n 2 --dist loadfile -c tests/qgis/pytest.ini tests/qgis; \
	elif [ "$${CI:-}" = true ]; then \
		echo "QGIS could not be installed, and CI tests with it" >&2; exit 1; \
	else \
		echo "NOT TESTED: the plugin in QGIS (tests/qgis); see docs/qgis.md" >&2; \
	fi

# Not made where there is no QGIS, which is no error here: test-qgis says so.
.venv-qgis/installed: constraints.txt
	@if tools/install_qgis; then \
		$(QGIS_PYTHON) -m venv --system-site-packages .venv-qgis && \
		$(QGIS_BIN)/python -m pip install --quiet -c constraints.txt pytest pytest-xdist && touch $@; \
	fi

demo: install
	$(BIN)/python tools/demo.py $(SCENE)

plugin:
	$(PYTHON) tools/build_plugin.py

release: install
	$(BIN)/python tools/release.py

clean:
	rm -rf .venv .venv-newest .venv-oldest .venv-qgis .venv-gdal build dist demo *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
