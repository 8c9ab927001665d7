"""What a command says and hears: progress, text, pipes and signals."""
