"""Commands that look at what is there: scenes, their blur, the installation."""
