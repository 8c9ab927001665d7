#!/usr/bin/env python3
"""Writes dist/plugins.xml beside the zip: a plugin repository for QGIS and for qgis-plugin-manager.

    python3 tools/plugin_repository.py https://example.org/qgis/

Put both files at that address; it is what people add in Plugins › Settings › Plugin Repositories.
"""

import argparse
import configparser
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import build_plugin  # noqa: E402

# element of plugins.xml -> key of metadata.txt
ELEMENTS = {
    "description": "description",
    "about": "about",
    "version": "version",
    "qgis_minimum_version": "qgisMinimumVersion",
    "qgis_maximum_version": "qgisMaximumVersion",
    "homepage": "homepage",
    "tracker": "tracker",
    "repository": "repository",
    "author_name": "author",
    "author_email": "email",
    "experimental": "experimental",
    "deprecated": "deprecated",
    "tags": "tags",
    "icon": "icon",
    "server": "server",
}


def repository(archive: Path, address: str, root: Path = ROOT) -> str:
    """Return plugins.xml for one zip that lies at an address."""
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(root / "metadata.txt", encoding="utf-8")
    general = parser["general"]
    plugins = ElementTree.Element("plugins")
    attributes = {"name": general["name"], "version": general["version"]}
    plugin = ElementTree.SubElement(plugins, "pyqgis_plugin", attributes)
    for element, key in ELEMENTS.items():
        ElementTree.SubElement(plugin, element).text = general.get(key, "")
    ElementTree.SubElement(plugin, "file_name").text = archive.name
    ElementTree.SubElement(plugin, "download_url").text = f"{address.rstrip('/')}/{archive.name}"
    ElementTree.indent(plugins)
    return ElementTree.tostring(plugins, encoding="unicode", xml_declaration=True) + "\n"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Make a plugin repository of the zip.")
    parser.add_argument("address", help="where both files will lie, https://…/")
    archive = build_plugin.build(ROOT / "dist")
    made = archive.with_name("plugins.xml")
    made.write_text(repository(archive, parser.parse_args().address), encoding="utf-8")
    print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
