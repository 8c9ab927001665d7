"""What the desktop shows besides the toolbox: menu, dialogs, options, a scene to try."""
