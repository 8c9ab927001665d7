"""A model fine-tuned on the user's scene, or refused."""
