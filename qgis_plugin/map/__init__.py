"""What the plugin puts on the map: colours, pairs of before and after, differences."""
