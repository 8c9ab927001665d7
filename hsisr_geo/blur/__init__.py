"""What blurred a scene: said by its file, known of its sensor, or estimated from its pixels."""

from hsisr_geo.blur.find import Blur, find_blur

__all__ = ["Blur", "find_blur"]
