"""Rasters written completely or not at all."""

from hsisr_geo.output.drafts import Draft
from hsisr_geo.output.formats.choice import WriteOptions
from hsisr_geo.output.formats.format import Format
from hsisr_geo.output.targets import Target

__all__ = ["Draft", "Format", "Target", "WriteOptions"]
