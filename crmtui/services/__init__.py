"""Rules and use cases; nothing here prints, prompts or exits."""
