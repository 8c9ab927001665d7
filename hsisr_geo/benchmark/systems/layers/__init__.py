"""Parts that published systems are made of."""
